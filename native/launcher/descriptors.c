/*
 * descriptors.c - what the launcher holds before it makes any process.
 *
 * Before: descriptors of whoever called us may be open or missing.
 * After:  0, 1 and 2 are open, of the others only the plan; every signal that can be waits in a signalfd;
 *         supervisor and init have a socket, the exec pipe and the shared pages.
 *
 * close_range(2), signalfd(2), socketpair(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "host.h"

static int open_standard(int number)
{
	if (fcntl(number, F_GETFD) >= 0)
		return 0;
	if (errno != EBADF)
		return -1;
	int opened = open("/dev/null", O_RDWR);
	if (opened == -1)
		return -1;
	if (opened != number) {
		errno = EBADF;
		return -1;
	}
	return 0;
}

int prepare_descriptors(struct launch *launch)
{
	for (int number = 0; number <= 2; number++)
		if (open_standard(number) == -1)
			return -1;
	if (launch->plan_descriptor < 3) {
		errno = EBADF;
		return -1;
	}
	if (close_all_but(&launch->plan_descriptor, 1) == -1)
		return -1;
	return fcntl(launch->plan_descriptor, F_SETFD, FD_CLOEXEC);
}

int take_signals(struct launch *launch)
{
	sigset_t taken, blocked;
	sigemptyset(&blocked);
	sigfillset(&taken);
	const int synchronous[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };
	for (size_t i = 0; i < sizeof synchronous / sizeof *synchronous; i++)
		sigdelset(&taken, synchronous[i]);
	if (sigprocmask(SIG_SETMASK, &taken, NULL) == -1 || sigprocmask(SIG_SETMASK, NULL, &blocked) == -1)
		return -1;
	if (sigismember(&blocked, SIGINT) != 1 || sigismember(&blocked, SIGTERM) != 1) {
		errno = EPERM;
		return -1;
	}
	launch->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	return launch->signals == -1 ? -1 : 0;
}

/* For those who clean up after a supervisor that was killed. */
static int open_keeper_pipe(struct launch *launch)
{
	int ends[2];
	if (launch->plan->cgroup_count == 0 && launch->plan->apparmor_namespace[0] == '\0')
		return 0;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	launch->keeper_read = ends[0];
	launch->keeper_write = ends[1];
	return 0;
}

int open_channels(struct launch *launch)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	launch->control_supervisor = ends[0];
	launch->control_init = ends[1];
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	launch->exec_read = ends[0];
	launch->exec_write = ends[1];
	return open_keeper_pipe(launch);
}

int close_keeper_end(struct launch *launch)
{
	int end = launch->keeper_read;
	launch->keeper_read = -1;
	return end == -1 ? 0 : close(end);
}
