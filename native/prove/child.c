/*
 * child.c - carries the filters and makes the calls.
 *
 * Before: descriptors are shared with the parent, memory is not, but for the proof.
 * After:  never returns. Once both filters are in place it makes no call of its own: results go through
 *         shared memory, and an undefined instruction ends it.
 *
 * No call of the request can happen: the outer filter lets exactly one instruction through, the one that
 * installs the filter under proof, which stands before all of them.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prove/prove.h"

static long call_x86_64(const struct seccomp_data *row)
{
	register uint64_t r10 __asm__("r10") = row->args[3];
	register uint64_t r8 __asm__("r8") = row->args[4];
	register uint64_t r9 __asm__("r9") = row->args[5];
	long result;

	/* 32 bits of rax are the number; the sign of its int is extended. */
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"((long)row->nr), "D"(row->args[0]), "S"(row->args[1]), "d"(row->args[2]),
			   "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

/* rbp, the sixth argument, belongs to the compiler: it is lent for the one instruction. */
static long call_i386(const struct seccomp_data *row)
{
	register uint64_t sixth __asm__("r12") = row->args[5];
	long result;

	__asm__ volatile("xchg %%rbp, %%r12\n\t"
			 "int $0x80\n\t"
			 "xchg %%rbp, %%r12"
			 : "=a"(result), "+r"(sixth)
			 : "a"((long)row->nr), "b"(row->args[0]), "c"(row->args[1]), "d"(row->args[2]),
			   "S"(row->args[3]), "D"(row->args[4])
			 : "r8", "r9", "r10", "r11", "memory");
	return (int32_t)result;
}

/* The address after its syscall instruction, which seccomp(2) shows to filters. */
extern const char after_installing[] __attribute__((visibility("hidden")));

/* As seccomp(2): 0 or a descriptor, or a negative errno. Not inlined: the label stands once. */
__attribute__((noinline)) static long install_under_proof(const struct sock_fprog *program,
							  unsigned long flags)
{
	long result;

	__asm__ volatile("syscall\n"
			 "after_installing:"
			 : "=a"(result)
			 : "a"((long)SYS_seccomp), "D"((long)SECCOMP_SET_MODE_FILTER), "S"(flags),
			   "d"(program)
			 : "rcx", "r11", "memory");
	return result;
}

/* 0, or the descriptor of its listener; -1 with errno. */
static int install_catcher(enum catcher catcher)
{
	const uint64_t address = (uint64_t)(uintptr_t)after_installing;
	const unsigned low = (unsigned)offsetof(struct seccomp_data, instruction_pointer);
	const unsigned long flags = catcher == CATCH_BY_LISTENING ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	uint32_t verdict = catcher == CATCH_BY_ERRNO ? SECCOMP_RET_ERRNO | (uint32_t)ERRNO_CAUGHT
						     : SECCOMP_RET_USER_NOTIF;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)address, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, low + 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(address >> 32), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, verdict),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static const char *install_filters(struct proof *proof, enum catcher catcher)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
		return "set the parent-death signal";
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1) /* deaths of this process are no crashes to keep */
		return "forgo core dumps";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return "set no_new_privs";
	const int outer = install_catcher(catcher);
	if (outer == -1)
		return "install the outer filter";
	const int listens = catcher == CATCH_BY_LISTENING;
	long inner = install_under_proof(&proof->program, listens ? 0 : SECCOMP_FILTER_FLAG_NEW_LISTENER);
	if (inner < 0) {
		errno = (int)-inner;
		return listens ? "install the filter" : "install the filter with a listener";
	}
	proof->listener = listens ? outer : (int)inner;
	return NULL;
}

/* In pass 2 a call was caught, or else the filter under proof says ENOSYS itself. */
static uint32_t verdict_of(const struct proof *proof, long returned, enum catcher catcher)
{
	if (catcher == CATCH_BY_ERRNO && returned == -ERRNO_CAUGHT)
		return proof->caught;
	if (returned > 0 || returned < -4095) /* only of a call that ran */
		return VERDICT_UNFILTERED;
	return SECCOMP_RET_ERRNO | (uint32_t)-returned;
}

_Noreturn void make_calls(struct proof *proof, enum catcher catcher)
{
	const char *failed = install_filters(proof, catcher);
	if (failed != NULL) {
		proof->failed_errno = errno;
		proof->failed_step = failed;
		__builtin_trap();
	}
	for (; proof->current < proof->row_count; proof->current++) {
		const struct seccomp_data *row = &proof->rows[proof->current];
		volatile uint32_t *verdict = &proof->verdicts[proof->current];
		if (*verdict != VERDICT_OPEN)
			continue;
		long returned = row->arch == AUDIT_ARCH_I386 ? call_i386(row) : call_x86_64(row);
		if (*verdict == VERDICT_OPEN) /* else the parent has seen a notification */
			*verdict = verdict_of(proof, returned, catcher);
	}
	proof->done = 1;
	__builtin_trap();
}
