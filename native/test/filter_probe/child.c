/*
 * The child: carries the filters and makes the calls.
 *
 * Before: descriptors are shared with the parent, memory is not, but for the probe.
 * After: never returns. Once both filters are in place it makes no call of its own:
 * results go through shared memory, and the parent kills it.
 */
#include "filter_probe.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOW_HALF_FIRST(argument) ((unsigned)offsetof(struct seccomp_data, args[argument]))
#define HIGH_HALF(argument)	 (LOW_HALF_FIRST(argument) + 4u)

static long call_x86_64(const struct row *row)
{
	register uint64_t r10 __asm__("r10") = row->args[3];
	register uint64_t r8 __asm__("r8") = row->args[4];
	register uint64_t r9 __asm__("r9") = row->args[5];
	long result;

	/* 32 bits of rax are the number; the sign of its int is extended. */
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"((long)(int32_t)row->nr), "D"(row->args[0]), "S"(row->args[1]),
			   "d"(row->args[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* rbp, the sixth argument, belongs to the compiler: no test needs it. */
static long call_i386(const struct row *row)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"((long)(int32_t)row->nr), "b"(row->args[0]), "c"(row->args[1]),
			   "d"(row->args[2]), "S"(row->args[3]), "D"(row->args[4])
			 : "r8", "r9", "r10", "r11", "memory");
	return (int32_t)result;
}

/* Catches every call but the one that installs the filter under test, known by the address of its program. */
static int install_catcher(const struct probe *probe, enum catcher catcher)
{
	uint64_t address = (uint64_t)(uintptr_t)&probe->program;
	uint32_t verdict =
		catcher == CATCH_WITH_TRACE ? SECCOMP_RET_TRACE : SECCOMP_RET_ERRNO | (uint32_t)ERRNO_CAUGHT;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LOW_HALF_FIRST(2)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)address, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, HIGH_HALF(2)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(address >> 32), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, verdict),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static int install_filters(struct probe *probe, enum catcher catcher)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return -1;
	if (install_catcher(probe, catcher))
		return -1;
	int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
				    &probe->program);
	if (listener < 0)
		return -1;
	probe->listener = listener;
	return 0;
}

_Noreturn void make_calls(struct probe *probe, enum catcher catcher)
{
	if (install_filters(probe, catcher)) {
		probe->install_error = errno;
		_exit(1);
	}
	for (; probe->current < probe->row_count; probe->current++) {
		const struct row *row = &probe->rows[probe->current];
		long *result = &probe->results[probe->current];
		if (*result == RESULT_OPEN)
			*result = row->kind == CALL_I386 ? call_i386(row) : call_x86_64(row);
	}
	probe->done = 1;
	for (;;)
		__asm__ volatile("pause");
}
