/*
 * drop.c - what init gives up while the workload prepares itself.
 *
 * Before: the workload is forked; init still has every capability of the user namespace.
 * After:  another id than the workload's, not dumpable; of all capabilities CAP_KILL alone (to end processes
 *         of other ids) and, until the listener is here, CAP_SYS_PTRACE; a filter of its own.
 *
 * capabilities(7), prctl(2), pidfd_getfd(2).
 */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/allow_list.h"
#include "base/capability_sets.h"
#include "steps.h"

int drop_init_privileges(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	const uint64_t kept = 1ull << CAP_KILL | 1ull << CAP_SYS_PTRACE;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1 || drop_bounding_set(0) == -1)
		return -1;
	if (setresgid(plan->init_gid, plan->init_gid, plan->init_gid) == -1)
		return -1;
	if (setresuid(plan->init_uid, plan->init_uid, plan->init_uid) == -1)
		return -1;
	if (set_capabilities(kept, kept, 0) == -1)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	/* Caught, not deadly: everything else must have ended before this process lets go of the listener. */
	if (ask_death_signal(SUPERVISOR_DIED) == -1)
		return -1;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int confine_init(struct launch *launch)
{
	(void)launch;
	static const int calls[] = { SYS_ppoll,		  SYS_poll,   SYS_read,
				     SYS_wait4,		  SYS_kill,   SYS_exit_group,
				     SYS_restart_syscall, SYS_sendmsg };
	const uint64_t kept = 1ull << CAP_KILL;
	if (set_capabilities(kept, kept, 0) == -1)
		return -1;
	return install_allow_list(calls, sizeof calls / sizeof *calls);
}
