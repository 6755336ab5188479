/*
 * watch.c - forks the workload, fetches its listener, and ends everything when one of two has ended.
 *
 * Before: the sandbox is built; the streams are open.
 * After:  never returns: the workload has ended, or the supervisor has; every other process in the pid
 *         namespace was killed and reaped before this one, which holds the listener too, exits. So no call
 *         of a killed sandbox is answered by the kernel for want of a listener.
 *
 * pidfd_getfd(2), seccomp_unotify(2), pid_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "launcher/message.h"
#include "steps.h"

/* What older headers than the kernel lack. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

enum { QUICK_TRIES = 2000, PAUSE_NS = 50000 };

static pid_t workload;
static int own_signals;

/* Standard streams belong to the workload alone: its end must be seen by whoever reads them. */
static int leave_streams(struct launch *launch)
{
	int nothing = open_nothing(launch);
	if (nothing == -1)
		return -1;
	for (int number = 0; number <= 2; number++)
		if (replace_descriptor(nothing, number) == -1)
			return -1;
	for (int i = 0; i < 3; i++)
		if ((i == 0 || launch->streams[i] != launch->streams[i - 1]) &&
		    close(launch->streams[i]) == -1)
			return -1;
	if (close(launch->exec_write) == -1)
		return -1;
	return close(nothing);
}

static int listen_for_signals(void)
{
	sigset_t heard;
	sigemptyset(&heard);
	sigaddset(&heard, SIGCHLD);
	sigaddset(&heard, SUPERVISOR_DIED);
	own_signals = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
	return own_signals == -1 ? -1 : 0;
}

int fork_workload(struct launch *launch)
{
	if (listen_for_signals() == -1)
		return -1;
	struct clone_args arguments = { .flags = CLONE_PIDFD,
					.exit_signal = SIGCHLD,
					.pidfd = (uint64_t)(uintptr_t)&launch->workload_pidfd };
	long child = syscall(SYS_clone3, &arguments, sizeof arguments);
	if (child == -1)
		return -1;
	if (child == 0)
		run_workload(launch);
	workload = (pid_t)child;
	return leave_streams(launch);
}

/* The workload can make no call to tell us: it stores the number in shared memory and stops at the canary. */
static int await_listener_number(struct launch *launch)
{
	for (int tries = 0;; tries++) {
		int number = atomic_load(&launch->shared->listener);
		if (number >= 0)
			return number;
		struct pollfd waits[] = { { .fd = launch->workload_pidfd, .events = POLLIN },
					  { .fd = launch->control_init, .events = 0 } };
		if (tries % 64 == 0) {
			int ready = poll(waits, 2, 0);
			if (ready == -1)
				return -1;
			if (ready > 0) {
				errno = ECHILD;
				return -1;
			}
		}
		if (tries < QUICK_TRIES) {
			sched_yield();
		} else {
			const struct timespec pause = { 0, PAUSE_NS };
			nanosleep(&pause, NULL);
		}
	}
}

int fetch_listener(struct launch *launch)
{
	int number = await_listener_number(launch);
	if (number == -1)
		return -1;
	int listener = (int)syscall(SYS_pidfd_getfd, launch->workload_pidfd, number, 0u);
	if (listener == -1)
		return -1;
	/* Faster where the kernel knows it (6.6); nothing depends on it. */
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	launch->listener = listener;
	/* Layers, sources and the old root are of no more use; held open, they would keep the host's mounts
	 * busy. */
	int kept[] = { launch->control_init, launch->keeper_write, launch->listener, launch->workload_pidfd,
		       own_signals };
	return close_all_but(kept, sizeof kept / sizeof *kept);
}

/* What the supervisor gets now it may answer: from here on nothing of init's own may be left to do. */
int pass_listener(struct launch *launch)
{
	const int sent[2] = { launch->listener, launch->workload_pidfd };
	return send_message(launch->control_init, MESSAGE_LISTENER, sent, 2);
}

/* Everything in this pid namespace but ourselves. */
static _Noreturn void end_all(int status)
{
	for (;;) {
		(void)kill(-1, SIGKILL);
		pid_t reaped = wait4(-1, NULL, 0, NULL);
		if (reaped == -1 && errno == ECHILD)
			_exit(status);
	}
}

/* Reaps who has ended; true once the workload has. */
static bool reap(struct launch *launch)
{
	int status;
	pid_t reaped;
	bool ended = false;
	while ((reaped = wait4(-1, &status, WNOHANG, NULL)) > 0) {
		if (reaped != workload)
			continue;
		launch->shared->workload_status = status;
		atomic_store(&launch->shared->ended, 1);
		ended = true;
	}
	return ended || (reaped == -1 && errno == ECHILD);
}

_Noreturn void watch_workload_end(struct launch *launch)
{
	struct signalfd_siginfo signal;
	struct pollfd waits[] = { { .fd = own_signals, .events = POLLIN },
				  { .fd = launch->control_init, .events = 0 } };
	for (;;) {
		if (reap(launch))
			end_all(0);
		if (poll(waits, 2, -1) == -1 && errno != EINTR)
			end_all(EXIT_SANDBOX_FAILED);
		if (waits[1].revents != 0)
			end_all(EXIT_SANDBOX_FAILED);
		/*
		 * From outside the namespace (no pid here). Other signals are the supervisor's to take: it
		 * asks the workload to end, and gives it time.
		 */
		while (read(own_signals, &signal, sizeof signal) == sizeof signal)
			if (signal.ssi_signo == SUPERVISOR_DIED && signal.ssi_pid == 0)
				end_all(EXIT_SANDBOX_FAILED);
	}
}
