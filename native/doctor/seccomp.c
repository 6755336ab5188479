/*
 * seccomp.c - a call of one process is answered by another.
 *
 * Before: no listener is installed for this process; a second one is EBUSY.
 * After:  the filtered child has ended.
 * See seccomp(2), seccomp_unotify(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "doctor.h"

/* Newer than the headers of Debian 12 (Linux 6.6). */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#endif

enum { CANARY_CALL = 4095, CANARY_ANSWER = ENOTUNIQ, LARGEST_MESSAGE = 1024 };

static int install_filter(unsigned int flags, struct finding *finding)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CANARY_CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

	if (tried(finding, "no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) < 0)
		return -1;
	return (int)tried(finding, "install a filter with a listener",
			  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

/* Shares its descriptors with the parent, which finds the listener by the number it is sent. */
static _Noreturn void make_call(unsigned int flags, int numbers, struct finding *finding)
{
	int listener = install_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, finding);
	if (write(numbers, &listener, sizeof listener) != (ssize_t)sizeof listener || listener < 0)
		_exit(1);
	long answer = syscall(CANARY_CALL);
	_exit(answer == -1 && errno == CANARY_ANSWER ? 0 : 1);
}

static int answer_call(int listener, struct finding *finding)
{
	union {
		struct seccomp_notif notification;
		char space[LARGEST_MESSAGE]; /* the kernel's may be longer than our header's */
	} call;
	union {
		struct seccomp_notif_resp response;
		char space[LARGEST_MESSAGE];
	} answer;
	memset(&call, 0, sizeof call);
	memset(&answer, 0, sizeof answer);

	if (tried(finding, "receive a notification",
		  ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call.notification)) < 0)
		return -1;
	if (call.notification.data.nr != CANARY_CALL)
		return failed(finding, "receive the right call", 0);
	answer.response.id = call.notification.id;
	answer.response.error = -CANARY_ANSWER;
	return tried(finding, "answer", ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer.response)) < 0 ? -1
													 : 0;
}

static int exchange(unsigned int flags, __u64 listener_flags, struct finding *finding)
{
	int numbers[2], listener;
	if (tried(finding, "pipe", pipe2(numbers, O_CLOEXEC)) < 0)
		return -1;
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (tried(finding, "clone with shared descriptors", child) < 0)
		return -1;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		make_call(flags, numbers[1], finding);
	}
	if (read(numbers[0], &listener, sizeof listener) != (ssize_t)sizeof listener || listener < 0)
		return failed(finding, "get the listener", 0);
	if (listener_flags != 0 && tried(finding, "set the listener's flags",
					 ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, listener_flags)) < 0)
		return -1;
	if (answer_call(listener, finding) < 0)
		return -1;
	return await_success(child, "the answer that arrived", finding);
}

int try_notification(const struct request *request, struct finding *finding)
{
	(void)request;
	return exchange(0, 0, finding);
}

int try_sync_wake_up(const struct request *request, struct finding *finding)
{
	(void)request;
	return exchange(0, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, finding);
}

int try_wait_killable(const struct request *request, struct finding *finding)
{
	(void)request;
	return exchange(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 0, finding);
}
