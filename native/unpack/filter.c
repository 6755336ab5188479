/*
 * filter.c - the system calls that the unpacker may make.
 *
 * Before: no_new_privs is set; whatever opens files of the host or maps code is done.
 * After:  any call that is not in the list, of any ABI but x86-64, or that maps
 *         memory as executable, kills the process.
 *
 * Hand-written, because sixty instructions can be read. See seccomp(2).
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

static const uint32_t allowed[] = {
	/* the blob, the contents, the report */
	SYS_read,
	SYS_write,
	SYS_pwrite64,
	SYS_lseek,
	SYS_close,
	SYS_fcntl,
	/* the tree; plain openat is not among them */
	SYS_openat2,
	SYS_newfstatat,
	SYS_fstat,
	SYS_getdents64,
	SYS_readlinkat,
	SYS_mkdirat,
	SYS_mknodat,
	SYS_symlinkat,
	SYS_linkat,
	SYS_unlinkat,
	SYS_ftruncate,
	SYS_fchmod,
	SYS_fchown,
	SYS_fchownat,
	SYS_utimensat,
	SYS_fsetxattr,
	SYS_fgetxattr,
	SYS_syncfs,
	/* the C library */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_futex,
	SYS_getrandom,
	SYS_rt_sigreturn,
	SYS_restart_syscall,
	SYS_exit,
	SYS_exit_group,
	SYS_clock_gettime,
};
enum { ALLOWED = sizeof allowed / sizeof *allowed, HEAD = 4, MAPS = 6, LENGTH = HEAD + MAPS + ALLOWED + 2 };

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, member))
#define JUMP(condition, value, yes, no)                                                                      \
	BPF_JUMP(BPF_JMP | BPF_K | (condition), (uint32_t)(value), (uint8_t)(yes), (uint8_t)(no))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (uint32_t)(value))

int install_filter(void)
{
	struct sock_filter program[LENGTH] = {
		LOAD(arch),
		JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		/* mmap and mprotect: only without PROT_EXEC; the third argument of both. x32 numbers match
		   nothing. */
		JUMP(BPF_JEQ, SYS_mmap, 1, 0),
		JUMP(BPF_JEQ, SYS_mprotect, 0, 4),
		LOAD(args[2]),
		JUMP(BPF_JSET, PROT_EXEC, 1, 0),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};
	for (size_t i = 0; i < ALLOWED; i++)
		program[HEAD + MAPS + i] = (struct sock_filter)JUMP(BPF_JEQ, allowed[i], ALLOWED - i, 0);
	program[LENGTH - 2] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	program[LENGTH - 1] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	struct sock_fprog filter = { .len = LENGTH, .filter = program };
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}
