/*
 * kernel_memory.c - reaching into other processes, and moving memory about.
 *
 * Addresses, descriptors and advice are invalid: nothing is read or moved.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probe.h"

enum { NOT_OPEN = 9999, UNKNOWN = 99, PROCESS_MRELEASE = 448, SET_MEMPOLICY_HOME_NODE = 450 };

static long process_of(const struct probe *probe)
{
	return probe->arguments[0] == 0 ? getpid() : probe->arguments[0];
}

static void reach_into(const struct probe *probe, struct outcome *outcome)
{
	char byte = 0;
	struct iovec local = { &byte, 1 }, remote = { (void *)1, 1 };
	judge(outcome, probe, syscall(probe->number, process_of(probe), &local, 1, &remote, 1, 0));
}

/* Without a pidfd the call itself still meets a filter; an EBADF then says nothing about pid 1. */
static void take_descriptor(const struct probe *probe, struct outcome *outcome)
{
	long process = syscall(SYS_pidfd_open, process_of(probe), 0);
	int why = errno;
	judge(outcome, probe, syscall(SYS_pidfd_getfd, process, NOT_OPEN, 0));
	if (process == -1 && outcome->verdict == ALLOWED && probe->arguments[0] != 0)
		conclude(outcome, means_denied(why) ? DENIED : ERROR, why, "pidfd_open");
}

static void compare(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe, syscall(SYS_kcmp, getpid(), process_of(probe), probe->arguments[1], 0, 0));
}

static void advise(const struct probe *probe, struct outcome *outcome)
{
	struct iovec nothing = { NULL, 0 };
	judge(outcome, probe, syscall(SYS_process_madvise, -1, &nothing, 1, MADV_COLD, 0));
}

static void splice_memory(const struct probe *probe, struct outcome *outcome)
{
	struct iovec nothing = { NULL, 0 };
	judge(outcome, probe, syscall(SYS_vmsplice, -1, &nothing, 1, 0));
}

#define REACH(name, call, nr, pid, said)                                                                     \
	PROBE("kernel." name, call, said, reach_into, .number = nr, ARGS(pid), THROUGH(EFAULT))

static const struct probe probes[] = {
	REACH("process_vm_readv.self", "process_vm_readv", SYS_process_vm_readv, 0,
	      "its own address 1 (a filter's to stop)"),
	REACH("process_vm_readv.init", "process_vm_readv", SYS_process_vm_readv, 1, "pid 1's address 1"),
	REACH("process_vm_writev.self", "process_vm_writev", SYS_process_vm_writev, 0,
	      "its own address 1 (a filter's to stop)"),
	REACH("process_vm_writev.init", "process_vm_writev", SYS_process_vm_writev, 1, "pid 1's address 1"),
	PROBE("kernel.pidfd_getfd.self", "pidfd_getfd",
	      "its own descriptor that is not open (a filter's to stop)", take_descriptor, ARGS(0),
	      THROUGH(EBADF)),
	PROBE("kernel.pidfd_getfd.init", "pidfd_getfd", "a descriptor that pid 1 does not have",
	      take_descriptor, ARGS(1), THROUGH(EBADF)),
	PROBE("kernel.kcmp.self", "kcmp", "its own memory with itself (a filter's to stop)", compare,
	      ARGS(0, KCMP_VM)),
	PROBE("kernel.kcmp.init", "kcmp", "an unknown comparison with pid 1", compare, ARGS(1, UNKNOWN),
	      THROUGH(EINVAL)),
	PROBE("kernel.process_madvise", "process_madvise", "advice to no process (a filter's to stop)",
	      advise, THROUGH(EBADF, EINVAL)),
	CALL("kernel.process_mrelease", "process_mrelease", "memory of no process (a filter's to stop)",
	     PROCESS_MRELEASE, ARGS(-1, 0), THROUGH(EBADF)),
	CALL("kernel.mbind", "mbind", "move all pages at an unaligned address", SYS_mbind,
	     ARGS(1, 4096, MPOL_DEFAULT, 0, 0, MPOL_MF_MOVE_ALL), THROUGH(EINVAL)),
	CALL("kernel.move_pages", "move_pages", "move all of no pages", SYS_move_pages,
	     ARGS(0, 0, 0, 0, 0, MPOL_MF_MOVE_ALL)),
	CALL("kernel.move_pages.own", "move_pages", "move its own of no pages (a filter's to stop)",
	     SYS_move_pages, ARGS(0, 0, 0, 0, 0, MPOL_MF_MOVE)),
	CALL("kernel.migrate_pages.init", "migrate_pages", "pid 1's pages from no node to no node",
	     SYS_migrate_pages, ARGS(1, 0, 0, 0), THROUGH(EINVAL)),
	CALL("kernel.set_mempolicy", "set_mempolicy", "a policy that does not exist (a filter's to stop)",
	     SYS_set_mempolicy, ARGS(UNKNOWN, 0, 0), THROUGH(EINVAL)),
	CALL("kernel.set_mempolicy_home_node", "set_mempolicy_home_node",
	     "a home node for an unaligned address (a filter's to stop)", SET_MEMPOLICY_HOME_NODE,
	     ARGS(1, 0, 0, 0), THROUGH(EINVAL)),
	CALL("kernel.memfd_secret", "memfd_secret", "invalid flags (a filter's to stop)", SYS_memfd_secret,
	     ARGS(-1), THROUGH(EINVAL)),
	CALL("kernel.remap_file_pages", "remap_file_pages", "pages of no mapping (a filter's to stop)",
	     SYS_remap_file_pages, ARGS(0, 0, 0, 0, 0), THROUGH(EINVAL)),
	PROBE("kernel.vmsplice", "vmsplice", "memory into no pipe (a filter's to stop)", splice_memory,
	      THROUGH(EBADF)),
	CALL("kernel.pkey_alloc", "pkey_alloc", "a protection key with invalid rights (a filter's to stop)",
	     SYS_pkey_alloc, ARGS(0, -1), THROUGH(EINVAL, ENOSPC)),
	CALL("kernel.mlockall", "mlockall", "lock with invalid flags (a filter's to stop)", SYS_mlockall,
	     ARGS(0), THROUGH(EINVAL)),
};

const struct category kernel_memory_probes = CATEGORY("kernel", probes);
