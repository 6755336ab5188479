/*
 * confine.c - the supervisor gives up everything that it does not need to supervise.
 *
 * Before: all that will be needed is open; nothing of the workload's own has run yet.
 * After:  no call that opens, connects, executes or maps anything is possible in this process.
 *
 * Not with Landlock: any Landlock domain takes process_vm_readv(2) and the parent-death signal away.
 * seccomp(2).
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/allow_list.h"
#include "supervisor.h"

int confine_supervisor(struct launch *launch)
{
	(void)launch;
	static const int calls[] = {
		SYS_read,
		SYS_write,
		SYS_poll,
		SYS_ioctl,
		SYS_splice,
		SYS_close,
		SYS_wait4,
		SYS_waitid,
		SYS_pidfd_send_signal,
		SYS_exit_group,
		SYS_fdatasync,
		SYS_fsync,
		SYS_pread64,
		SYS_lseek,
		SYS_ftruncate,
		SYS_flock,
		SYS_readlinkat,
		SYS_process_vm_readv,
		SYS_tgkill,
		SYS_kill,
		SYS_clock_gettime,
		SYS_unlinkat,
		SYS_clock_nanosleep,
		SYS_restart_syscall,
		SYS_munmap,
	};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return install_allow_list(calls, sizeof calls / sizeof *calls);
}
