/*
 * filter.c - the last thing before exec: the seccomp filter, and the canary that proves it.
 *
 * Before: everything else is done and was looked at; no_new_privs is set.
 * After:  every call is judged by the plan's filter, also ours: only the canary call and execve follow.
 *         The listener's number is in shared memory for init to fetch, for which this process is dumpable
 *         until its exec.
 *
 * seccomp(2), seccomp_unotify(2).
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "steps.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

int install_filter(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1)
		return -1;
	/* struct sock_fprog wants a pointer without const; the kernel only reads it. */
	union {
		const unsigned char *bytes;
		struct sock_filter *instructions;
	} code = { .bytes = plan->filter };
	const struct sock_fprog program = { (unsigned short)(plan->filter_size / sizeof(struct sock_filter)),
					    code.instructions };
	unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	/* Kernels before 5.19 do not know the second flag: there a signal may interrupt a call that waits. */
	if (listener == -1 && errno == EINVAL)
		listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
				   &program);
	if (listener == -1)
		return -1;
	atomic_store(&launch->shared->listener, (int)listener);
	return 0;
}

int ask_canary(struct launch *launch)
{
	long answer = syscall((long)launch->plan->canary_call);
	if (answer == (long)launch->plan->canary_answer)
		return 0;
	set_detail(launch, "the filter did not hand the canary call to the supervisor");
	errno = EPERM;
	return -1;
}
