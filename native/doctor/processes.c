/*
 * processes.c - what the supervisor does with the processes that it watches.
 *
 * See pidfd_open(2), pidfd_getfd(2), process_vm_readv(2), getrlimit(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"

const char reading_target[] = "be-read";

static pid_t fork_waiting(struct finding *finding)
{
	pid_t child = fork_bound();
	tried(finding, "fork", child);
	if (child == 0)
		for (;;)
			pause();
	return child;
}

int try_pidfd(const struct request *request, struct finding *finding)
{
	(void)request;
	int status;
	pid_t child = fork_waiting(finding);
	if (child < 0)
		return -1;
	int descriptor = (int)syscall(SYS_pidfd_open, child, 0);
	if (tried(finding, "pidfd_open", descriptor) < 0)
		return -1;
	if (tried(finding, "pidfd_send_signal",
		  syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, NULL, 0)) < 0)
		return -1;
	if (tried(finding, "waitpid", waitpid(child, &status, 0)) < 0)
		return -1;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
		       ? 0
		       : failed(finding, "the signal's arrival", 0);
}

int try_descriptor_transfer(const struct request *request, struct finding *finding)
{
	(void)request;
	pid_t child = fork_waiting(finding);
	if (child < 0)
		return -1;
	int descriptor = (int)syscall(SYS_pidfd_open, child, 0);
	if (tried(finding, "pidfd_open", descriptor) < 0)
		return -1;
	return tried(finding, "pidfd_getfd", syscall(SYS_pidfd_getfd, descriptor, STDOUT_FILENO, 0)) < 0 ? -1
													 : 0;
}

/* The kernel asks about the namespace in which the program was started: it has to be started inside. */
static _Noreturn void start_reading_target(const struct request *request, int output, struct finding *finding)
{
	if (enter_namespaces(request, 0, finding) < 0 ||
	    tried(finding, "dup2", dup2(output, STDOUT_FILENO)) < 0)
		_exit(1);
	execl("/proc/self/exe", "doctor", reading_target, NULL);
	failed(finding, "execute a program", errno);
	_exit(1);
}

int be_read(void)
{
	static char text[] = "inside!";
	char *address = text;
	if (write(STDOUT_FILENO, &address, sizeof address) != (ssize_t)sizeof address)
		return 1;
	for (;;)
		pause();
}

int try_argument_reading(const struct request *request, struct finding *finding)
{
	char copy[sizeof "inside!"] = "";
	char *address;
	int output[2];
	if (tried(finding, "pipe", pipe2(output, O_CLOEXEC)) < 0)
		return -1;
	pid_t child = fork_bound();
	if (tried(finding, "fork", child) < 0)
		return -1;
	if (child == 0)
		start_reading_target(request, output[1], finding);
	close(output[1]);
	if (read(output[0], &address, sizeof address) != (ssize_t)sizeof address)
		return failed(finding, "a program in a user namespace", 0);
	struct iovec here = { copy, sizeof copy }, there = { address, sizeof copy };
	if (tried(finding, "process_vm_readv", process_vm_readv(child, &here, 1, &there, 1, 0)) < 0)
		return -1;
	return memcmp(copy, "inside!", sizeof copy) == 0 ? 0 : failed(finding, "the right bytes", 0);
}

/* The count must be the namespace's own: the user may have any number of processes outside. */
int try_process_limit(const struct request *request, struct finding *finding)
{
	const struct rlimit three = { 3, 3 };
	if (enter_namespaces(request, 0, finding) < 0)
		return -1;
	if (tried(finding, "setrlimit", setrlimit(RLIMIT_NPROC, &three)) < 0)
		return -1;
	if (fork_waiting(finding) < 0 || fork_waiting(finding) < 0)
		return -1;
	pid_t surplus = fork_bound();
	if (surplus == 0)
		_exit(0);
	if (surplus > 0)
		return failed(finding, "refuse the third child", 0);
	return errno == EAGAIN ? 0 : failed(finding, "refuse the third child with EAGAIN", errno);
}
