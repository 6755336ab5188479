/*
 * parent.c - starts children, answers their notifications, buries those that a filter killed.
 *
 * Before: the proof is in shared memory, every verdict is open.
 * After:  no child is left, no verdict is open.
 *
 * The kernel obeys the strictest of several filters' verdicts, in the order kill, trap, errno, notify,
 * trace, log, allow, and of equal ones that of the filter installed last: the one under proof. Only one of
 * the two can have a listener, and a notification without one ends as ENOSYS. In pass 1 the outer filter
 * notifies of all that the one under proof lets pass; the listener is the outer's where the other notifies
 * too, since an answer costs ten times what ENOSYS does, and of a list of what is allowed less passes than
 * not. Of a filter that may say ENOSYS itself, what came back as that is asked again in pass 2, where the
 * outer filter catches with another errno. Nothing here depends on a tracer: one that runs us cannot make a
 * caught call happen.
 *
 * seccomp(2), seccomp_unotify(2)
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prove/prove.h"

/* Newer than the headers of Debian 12 (Linux 6.6). */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#endif

enum { LARGEST_MESSAGE = 1024, LOOK_EVERY_NS = 50000 };

struct child {
	pid_t pid;
	int pidfd;
	int status; /* once it has ended */
};

static const char *start_child(struct proof *proof, enum catcher catcher, struct child *child)
{
	proof->listener = -1;
	/* The child shares our descriptors: its listener is ours without a call that the filter could refuse.
	 */
	child->pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child->pid == 0)
		make_calls(proof, catcher);
	if (child->pid < 0)
		return "start a child";
	child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return child->pidfd < 0 ? "open a descriptor of the child" : NULL;
}

static const char *end_child(struct proof *proof, struct child *child)
{
	if (kill(child->pid, SIGKILL) == -1 && errno != ESRCH)
		return "end the child";
	while (waitpid(child->pid, &child->status, 0) == -1)
		if (errno != EINTR)
			return "wait for the child";
	int listener = proof->listener;
	if ((child->pidfd >= 0 && close(child->pidfd) == -1) || (listener >= 0 && close(listener) == -1))
		return "close the child's descriptors";
	return NULL;
}

static int is_of_row(const struct seccomp_data *data, const struct seccomp_data *row)
{
	return data->nr == row->nr && data->arch == row->arch &&
	       memcmp(data->args, row->args, sizeof row->args) == 0;
}

/* A notification is gone when its caller was killed: ENOENT is no failure. */
static const char *answer_one(struct proof *proof)
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
	if (ioctl(proof->listener, SECCOMP_IOCTL_NOTIF_RECV, &call.notification) == -1)
		return errno == ENOENT || errno == EINTR ? NULL : "receive a notification";
	if (!is_of_row(&call.notification.data, &proof->rows[proof->current])) {
		errno = EPROTO;
		return "receive the notification of the right call";
	}
	proof->verdicts[proof->current] = proof->notified;
	memset(&answer, 0, sizeof answer);
	answer.response.id = call.notification.id;
	answer.response.error = -EPERM;
	if (ioctl(proof->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer.response) == -1 && errno != ENOENT)
		return "answer a notification";
	return NULL;
}

static const char *await_listener(struct proof *proof, const struct child *child)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_NS };
	struct pollfd end = { .fd = child->pidfd, .events = POLLIN };

	while (proof->listener < 0 && end.revents == 0)
		if (ppoll(&end, 1, &pause, NULL) == -1 && errno != EINTR)
			return "wait for the child's filters";
	if (proof->failed_step != NULL) {
		errno = proof->failed_errno;
		return proof->failed_step;
	}
	if (proof->listener >= 0) /* faster where the kernel has it (6.6), the same without */
		(void)ioctl(proof->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
			    SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return NULL;
}

/* Until the child has ended. */
static const char *serve_child(struct proof *proof, const struct child *child)
{
	const char *failed = await_listener(proof, child);

	while (failed == NULL) {
		struct pollfd waits[] = { { .fd = proof->listener, .events = POLLIN },
					  { .fd = child->pidfd, .events = POLLIN } };
		if (poll(waits, 2, -1) == -1) {
			if (errno != EINTR)
				return "wait for the child";
			continue;
		}
		if ((waits[0].revents & POLLIN) != 0)
			failed = answer_one(proof);
		else if (waits[1].revents != 0)
			return NULL;
	}
	return failed;
}

/* What the death of a child at a row says: by the filter, for want of int $0x80, or because the call ran. */
static const char *note_death(struct proof *proof, int status)
{
	volatile uint32_t *verdict = &proof->verdicts[proof->current];

	switch (WIFSIGNALED(status) ? WTERMSIG(status) : 0) {
	case SIGSYS:
		*verdict = VERDICT_KILLS;
		return NULL;
	case SIGSEGV:
		*verdict = VERDICT_ABSENT;
		return NULL;
	case SIGILL: /* how uretprobe(2) ends outside its trampoline */
		*verdict = VERDICT_UNFILTERED;
		return NULL;
	default:
		errno = ECHILD;
		return "find the child ended by its filter";
	}
}

/* One child, from the current row to the last or to the one that killed it. */
static const char *run_child(struct proof *proof, enum catcher catcher)
{
	struct child child;
	const char *failed = start_child(proof, catcher, &child);

	if (child.pid < 0)
		return failed;
	if (failed == NULL)
		failed = serve_child(proof, &child);
	int error = errno;
	const char *not_ended = end_child(proof, &child);
	if (failed != NULL) {
		errno = error;
		return failed;
	}
	if (not_ended != NULL || proof->done)
		return not_ended;
	return note_death(proof, child.status);
}

static const char *run_pass(struct proof *proof, enum catcher catcher, size_t first)
{
	proof->done = 0;
	for (proof->current = first; !proof->done; proof->current++) {
		const char *failed = run_child(proof, catcher);
		if (failed != NULL)
			return failed;
	}
	return NULL;
}

/* Whether the program may return that; what it returns from the accumulator is not known. */
static int may_return(const struct sock_fprog *program, uint32_t mask, uint32_t verdict)
{
	for (size_t i = 0; i < program->len; i++) {
		const struct sock_filter *at = &program->filter[i];
		if (BPF_CLASS(at->code) == BPF_RET &&
		    (BPF_RVAL(at->code) != BPF_K || (at->k & mask) == verdict))
			return 1;
	}
	return 0;
}

/* From the row `first` on. */
static const char *settle_ambiguous(struct proof *proof, size_t first)
{
	const uint32_t no_such_call = SECCOMP_RET_ERRNO | (uint32_t)ENOSYS;
	const int is_own = may_return(&proof->program, UINT32_MAX, no_such_call);
	size_t ambiguous = 0;

	for (size_t i = first; i < proof->row_count; i++) {
		if (proof->verdicts[i] != no_such_call)
			continue;
		proof->verdicts[i] = is_own ? VERDICT_OPEN : proof->caught;
		ambiguous += (size_t)is_own;
	}
	return ambiguous > 0 ? run_pass(proof, CATCH_BY_ERRNO, first) : NULL;
}

const char *settle_rows(struct proof *proof, size_t first)
{
	const int listens = may_return(&proof->program, SECCOMP_RET_ACTION_FULL, SECCOMP_RET_USER_NOTIF);

	proof->notified = listens ? VERDICT_PASSES : VERDICT_NOTIFIES;
	proof->caught = listens ? VERDICT_NOTIFIES : VERDICT_PASSES;
	for (size_t i = first; i < proof->row_count; i++)
		proof->verdicts[i] = VERDICT_OPEN;
	const char *failed = run_pass(proof, listens ? CATCH_BY_LISTENING : CATCH_BY_NOTIFYING, first);
	return failed == NULL ? settle_ambiguous(proof, first) : failed;
}
