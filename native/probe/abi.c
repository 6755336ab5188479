/*
 * abi.c - the same kernel by other doors: x32, i386, and numbers with upper bits.
 *
 * A filter that only knows x86-64 numbers does not see these. Arguments are
 * nothing or wrong. Where the kernel has no i386 door, int $0x80 is a fault.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#define X32    0x40000000L
#define BIT_32 (1L << 32)

enum { X32_EXECVE = 520, X32_PTRACE = 521, X32_IOCTL = 514, X32_KEXEC_LOAD = 528, X32_VM_READV = 539 };
enum { I386_EXECVE = 11, I386_GETPID = 20, I386_MOUNT = 21, I386_SETUID = 23, I386_PTRACE = 26 };
enum {
	I386_REBOOT = 88,
	I386_SOCKETCALL = 102,
	I386_IPC = 117,
	I386_MODIFY_LDT = 123,
	I386_PERSONALITY = 136
};
enum { I386_KEYCTL = 288, I386_UNSHARE = 310, I386_SETNS = 346, I386_BPF = 357, I386_CLONE3 = 435 };
enum { SEMOP = 1, SOCKET = 1, BAD = 9999 };

static void no_such_door(int signal)
{
	(void)signal;
	_exit(1);
}

/* System call `nr` of i386: its arguments are cut to 32 bits. */
static long call_i386(long nr, long a, long b, long c, long d, long e)
{
	long result = 0;
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static void try_i386(const struct probe *probe, struct outcome *outcome)
{
	const long *a = probe->arguments;
	struct sigaction leave = { .sa_handler = no_such_door };
	(void)sigaction(SIGSEGV, &leave, NULL);
	long result = call_i386(probe->number, a[0], a[1], a[2], a[3], a[4]);
	if (result < 0) {
		errno = (int)-result;
		result = -1;
	}
	judge(outcome, probe, result);
}

#define FOREIGN(name, call, said, nr, ...) CALL("abi.x32." name, call, "x32 " said, X32 | nr, __VA_ARGS__)
#define I386(name, call, said, nr, ...)                                                                      \
	PROBE("abi.int80." name, call, "int $0x80 " said, try_i386, .number = nr, __VA_ARGS__)
#define HIGH(name, said, nr, ...)                                                                            \
	CALL("abi.high-bits." name, name, name "'s number with bit 32 set, " said, BIT_32 | nr, __VA_ARGS__)

static const struct probe probes[] = {
	FOREIGN("reboot", "reboot", "reboot with wrong magic numbers", SYS_reboot, THROUGH(EINVAL)),
	FOREIGN("unshare", "unshare", "unshare of nothing", SYS_unshare, ARGS(0)),
	CALL("abi.x32.ptrace", "ptrace", "x32's own ptrace number", X32 | X32_PTRACE, ARGS(BAD, -1, 0, 0),
	     THROUGH(ESRCH, EIO)),
	FOREIGN("getpid", "getpid", "getpid", SYS_getpid, ARGS(0)),
	FOREIGN("mount", "mount", "mount of null pointers", SYS_mount, ARGS(0, 0, 0), THROUGH(EFAULT)),
	FOREIGN("bpf", "bpf", "bpf with an unknown command", SYS_bpf, ARGS(BAD, 0, 0), THROUGH(EINVAL)),
	FOREIGN("keyctl", "keyctl", "keyctl of an unknown operation", SYS_keyctl, ARGS(BAD),
		THROUGH(EOPNOTSUPP)),
	FOREIGN("ioctl", "ioctl", "ioctl of no descriptor", X32_IOCTL, ARGS(-1, 0, 0), THROUGH(EBADF)),
	FOREIGN("execve", "execve", "execve of a null pointer", X32_EXECVE, ARGS(0, 0, 0), THROUGH(EFAULT)),
	FOREIGN("kexec_load", "kexec_load", "kexec_load with invalid flags", X32_KEXEC_LOAD,
		ARGS(0, 0, 0, BAD), THROUGH(EINVAL)),
	FOREIGN("process_vm_readv", "process_vm_readv", "process_vm_readv of no process", X32_VM_READV,
		ARGS(-1, 0, 0, 0, 0, 0), THROUGH(ESRCH)),
	I386("unshare", "unshare", "unshare of nothing", I386_UNSHARE, ARGS(0)),
	I386("ipc", "ipc", "ipc semop of nothing", I386_IPC, ARGS(SEMOP, -1, 0, 0, 0),
	     THROUGH(EINVAL, EFAULT)),
	I386("getpid", "getpid", "getpid", I386_GETPID, ARGS(0)),
	I386("socketcall", "socketcall", "socketcall socket of a null pointer", I386_SOCKETCALL,
	     ARGS(SOCKET, 0), THROUGH(EFAULT)),
	I386("mount", "mount", "mount of null pointers", I386_MOUNT, ARGS(0, 0, 0), THROUGH(EFAULT)),
	I386("ptrace", "ptrace", "ptrace of no process", I386_PTRACE, ARGS(BAD, -1, 0, 0),
	     THROUGH(ESRCH, EIO)),
	I386("setuid", "setuid", "setuid to an id that cannot be", I386_SETUID, ARGS(-1), THROUGH(EINVAL)),
	I386("reboot", "reboot", "reboot with wrong magic numbers", I386_REBOOT, THROUGH(EINVAL)),
	I386("modify_ldt", "modify_ldt", "an LDT entry of 0 bytes", I386_MODIFY_LDT, ARGS(1, 0, 0),
	     THROUGH(EINVAL)),
	I386("personality", "personality", "its personality, read", I386_PERSONALITY, ARGS(-1)),
	I386("keyctl", "keyctl", "keyctl of an unknown operation", I386_KEYCTL, ARGS(BAD),
	     THROUGH(EOPNOTSUPP)),
	I386("setns", "setns", "setns to no descriptor", I386_SETNS, ARGS(-1, 0), THROUGH(EBADF)),
	I386("bpf", "bpf", "bpf with an unknown command", I386_BPF, ARGS(BAD, 0, 0), THROUGH(EINVAL)),
	I386("clone3", "clone3", "clone3 of nothing", I386_CLONE3, ARGS(0, 0), THROUGH(EINVAL, EFAULT)),
	I386("execve", "execve", "execve of a null pointer", I386_EXECVE, ARGS(0, 0, 0), THROUGH(EFAULT)),
	HIGH("reboot", "wrong magic numbers", SYS_reboot, THROUGH(EINVAL)),
	HIGH("unshare", "nothing unshared", SYS_unshare, ARGS(0)),
	HIGH("bpf", "an unknown command", SYS_bpf, ARGS(BAD, 0, 0), THROUGH(EINVAL)),
	HIGH("mount", "null pointers", SYS_mount, ARGS(0, 0, 0), THROUGH(EFAULT)),
	HIGH("setns", "no descriptor", SYS_setns, ARGS(-1, 0), THROUGH(EBADF)),
	HIGH("io_uring_setup", "no parameters", SYS_io_uring_setup, ARGS(1, 0), THROUGH(EFAULT)),
};

const struct category abi_probes = CATEGORY("abi", probes);
