/*
 * The parent: starts children, answers their notifications, buries those that a filter killed.
 *
 * Before: the probe is in shared memory, `results` says which rows are open.
 * After: no child is left; no row is open, but for those that pass 2 has to tell apart.
 */
#include "filter_probe.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 1 };

static int has_open_row(const struct probe *probe)
{
	for (size_t i = 0; i < probe->row_count; i++)
		if (probe->results[i] == RESULT_OPEN)
			return 1;
	return 0;
}

/* The child shares our descriptors, so that its listener is ours without a call that the filter could refuse.
 */
static pid_t start_child(struct probe *probe, enum catcher catcher)
{
	probe->listener = -1;
	probe->install_error = 0;
	probe->done = 0;
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child == 0)
		make_calls(probe, catcher);
	return child;
}

/* A notification is gone when its caller was killed: ENOENT is no failure. */
static int answer_one(int listener)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;

	memset(&call, 0, sizeof call);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : -1;
	memset(&answer, 0, sizeof answer);
	answer.id = call.id;
	answer.error = -ERRNO_NOTIFIED;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) < 0 && errno != ENOENT)
		return -1;
	return 0;
}

/* Until the child has made all calls (1) or is dead (0). */
static int serve_child(struct probe *probe, pid_t child, int *status)
{
	while (!probe->done) {
		struct pollfd listener = { .fd = probe->listener, .events = POLLIN };
		int ready = poll(&listener, 1, LOOK_EVERY_MS);
		if (ready < 0 && errno != EINTR)
			return -1;
		if (ready > 0 && (listener.revents & POLLIN) && answer_one(listener.fd))
			return -1;
		pid_t ended = waitpid(child, status, WNOHANG);
		if (ended != 0)
			return ended < 0 ? -1 : 0;
	}
	return 1;
}

static int stop_child(struct probe *probe, pid_t child)
{
	int status;

	if (kill(child, SIGKILL) || waitpid(child, &status, 0) < 0)
		return -1;
	return probe->listener >= 0 ? close(probe->listener) : 0;
}

/* The row at which the child died: by the filter, for want of int $0x80, or because the call ran. */
static int note_death(struct probe *probe, int status)
{
	if (probe->listener >= 0 && close(probe->listener))
		return -1;
	if (probe->install_error != 0) {
		errno = probe->install_error;
		return -1;
	}
	long *result = &probe->results[probe->current];
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		*result = RESULT_KILL;
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		*result = RESULT_ABSENT;
	else if (WIFSIGNALED(status) &&
		 WTERMSIG(status) == SIGILL) /* how uretprobe(2) ends outside its trampoline */
		*result = RESULT_UNFILTERED;
	else {
		errno = ECHILD;
		return -1;
	}
	return 0;
}

static int run_child(struct probe *probe, enum catcher catcher)
{
	int status = 0;
	pid_t child = start_child(probe, catcher);

	if (child < 0)
		return -1;
	switch (serve_child(probe, child, &status)) {
	case 0:
		return note_death(probe, status);
	case 1:
		return stop_child(probe, child);
	default:
		(void)stop_child(probe, child);
		return -1;
	}
}

static long meaning_of(long returned, enum catcher catcher)
{
	if (returned == -ERRNO_NOTIFIED)
		return RESULT_NOTIFY;
	if (returned == -ERRNO_CAUGHT)
		return RESULT_ALLOW;
	if (returned == -ENOSYS && catcher == CATCH_WITH_TRACE)
		return RESULT_OPEN; /* allowed, or refused with ENOSYS: pass 2 */
	return returned;
}

int run_pass(struct probe *probe, enum catcher catcher)
{
	if (!has_open_row(probe))
		return 0;
	probe->current = 0;
	while (!probe->done) {
		if (run_child(probe, catcher))
			return -1;
		probe->current++;
	}
	probe->done = 0;
	for (size_t i = 0; i < probe->row_count; i++)
		if (probe->results[i] < 0)
			probe->results[i] = meaning_of(probe->results[i], catcher);
	return catcher == CATCH_WITH_ERRNO && has_open_row(probe) ? (errno = EPROTO, -1) : 0;
}
