/*
 * trail_rate.c - refused calls a second through the kernel's notifications and the trail.
 *
 *   trail_rate STATE_FOLDER CALLS single|counted [sync]
 *
 * `single`: every call is a kind of its own, so that each is a record; `counted`: one kind.
 * Prints one JSON object. The floor, without a trail: `none`.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/support/small_plan.h"
#include "trail/attempt.h"
#include "trail/counts.h"
#include "trail/line.h"

static struct trail trail;
static struct plan plan;
static const char *const words[] = { "bench", NULL };

static void stop(const char *what)
{
	perror(what);
	exit(1);
}

/* Refuses mount(2) by notification; the listener's number goes to *listener. */
static void call_mount(_Atomic int *listener, long calls)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	*listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
				 &program);
	if (*listener < 0)
		stop("seccomp");
	for (long i = 0; i < calls; i++)
		if (syscall(SYS_mount, "source", "/target/folder", "type", 0, 0) != -1 || errno != EPERM)
			_exit(2);
	_exit(0);
}

static void answer(int listener, const char *mode)
{
	struct seccomp_notif notification;
	struct seccomp_notif_resp response;
	memset(&notification, 0, sizeof notification);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0)
		stop("receive");
	response = (struct seccomp_notif_resp){ .id = notification.id, .error = -EPERM };
	if (strcmp(mode, "single") == 0)
		for (int i = 0; i < COUNTS_BUCKETS * COUNTS_WAYS; i++)
			trail.counts[i].written = 1;
	if (strcmp(mode, "none") != 0 && answer_attempt(&trail, &plan, &notification, &response) != TRAIL_OK)
		stop("record");
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0)
		stop("send");
}

int main(int count, char **arguments)
{
	if (count < 4)
		return 2;
	long calls = atol(arguments[2]);
	make_small_plan(&plan, arguments[1]);
	plan.audit_quota = 0;
	plan.audit_sync = count > 4;
	_Atomic int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*shared = -1;
	pid_t child = fork();
	if (child == 0)
		call_mount(shared, calls);
	while (*shared < 0)
		usleep(100);
	int process = (int)syscall(SYS_pidfd_open, child, 0);
	int listener = (int)syscall(SYS_pidfd_getfd, process, *shared, 0);
	if (listener < 0)
		stop("listener");
	if (ioctl(listener, _IOW('!', 4, uint64_t), 1UL) != 0)
		perror("sync wake-up");
	if (open_trail(&trail, &plan) != TRAIL_OK || watch_workload(&trail, listener, child) != TRAIL_OK ||
	    record_opened(&trail, words, words + 1) != TRAIL_OK)
		stop("trail");
	uint64_t start = steady_time();
	clock_t cpu = clock();
	for (long i = 0; i < calls; i++)
		answer(listener, arguments[3]);
	uint64_t took = steady_time() - start;
	double microseconds = (double)(clock() - cpu) * 1e6 / CLOCKS_PER_SEC / (double)calls;
	int status;
	waitpid(child, &status, 0);
	uint64_t records = trail.sequence;
	if (close_trail(&trail, 0, 0) != TRAIL_OK)
		stop("close");
	printf("{\"mode\":\"%s\",\"calls\":%ld,\"records\":%llu,\"perSecond\":%llu,\"cpuMicroseconds\":%.2f,"
	       "\"status\":%d}\n",
	       arguments[3], calls, (unsigned long long)records,
	       (unsigned long long)((uint64_t)calls * 1000000000 / took), microseconds, status);
	return status == 0 ? 0 : 1;
}
