/*
 * calls.c - one system call of a traced process: noted, not made, or the moment at which another dies.
 *
 * A call that is not to be made gets another number at its entry and its result at its exit. The number is
 * one that does nothing: none at all, or, where a seccomp filter would judge that, one that it allows.
 *
 * ptrace(2) PTRACE_GET_SYSCALL_INFO.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "fault_tracer.h"

enum { PAGE = 4096 };

static int64_t number_that_does_nothing(const struct process *process)
{
	if (!process->filtered)
		return -1;
	return process->role == ROLE_WORKLOAD ? SYS_getpid : SYS_restart_syscall;
}

static void set_register(pid_t pid, size_t offset, int64_t value)
{
	if (ptrace(PTRACE_POKEUSER, pid, offset, value) == -1 && errno != ESRCH)
		perror("fault_tracer: PTRACE_POKEUSER");
}

/* clone3(2) has its flags in memory, clone(2) in a register; fork(2) has none. */
static void note_clone_flags(struct process *process)
{
	if (process->number == SYS_clone)
		process->clone_flags = process->arguments[0];
	else if (process->number == SYS_clone3)
		process->clone_flags =
			(uint64_t)ptrace(PTRACE_PEEKDATA, process->pid, process->arguments[0], NULL);
	else if (process->number == SYS_vfork)
		process->clone_flags = CLONE_VM | CLONE_VFORK;
	else if (process->number == SYS_fork)
		process->clone_flags = 0;
}

/* What tells two calls of one kind apart: the path of a lookup, the name of a mount's parameter. */
static int text_argument(uint64_t number)
{
	switch (number) {
	case SYS_openat:
	case SYS_openat2:
	case SYS_newfstatat:
	case SYS_faccessat2:
	case SYS_mkdirat:
	case SYS_fchmodat:
	case SYS_mount:
		return 1;
	case SYS_fsconfig:
		return 2;
	default:
		return -1;
	}
}

/* A text that ends before its page does is read with it; one that does not is cut there. */
static void note_text(struct process *process)
{
	int index = text_argument(process->number);
	process->text[0] = '\0';
	if (index == -1 || process->arguments[index] == 0)
		return;
	uint64_t start = process->arguments[index], room = PAGE - start % PAGE;
	struct iovec to = { process->text, room < TEXT_SIZE - 1 ? room : TEXT_SIZE - 1 };
	struct iovec from = { (void *)(uintptr_t)start, to.iov_len };
	ssize_t got = process_vm_readv(process->pid, &to, 1, &from, 1, 0);
	process->text[got < 0 ? 0 : got] = '\0';
	for (char *c = process->text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
}

static bool is_meant(const struct process *process, const struct fault *fault)
{
	return fault->action != ACTION_RECORD && process->begun && process->role == fault->role &&
	       process->number == fault->number && process->seen[process->number] == fault->occurrence;
}

static void apply(struct process *process, const struct fault *fault, FILE *log)
{
	fprintf(log, "hit %s %u %u\n", role_names[process->role], fault->number, fault->occurrence);
	if (fault->action == ACTION_RETURN) {
		process->replaced = true;
		set_register(process->pid, offsetof(struct user_regs_struct, orig_rax),
			     number_that_does_nothing(process));
		return;
	}
	struct process *victim = find_role((enum role)fault->value);
	if (victim != NULL)
		(void)kill(victim->pid, SIGKILL);
	else
		fprintf(log, "no-victim\n");
}

static void enter_call(struct process *process, const struct __ptrace_syscall_info *info,
		       const struct fault *fault, FILE *log)
{
	process->in_call = true;
	process->replaced = false;
	process->number = info->entry.nr;
	for (size_t i = 0; i < 6; i++)
		process->arguments[i] = info->entry.args[i];
	note_clone_flags(process);
	note_text(process);
	/* Nothing before main() makes this call, and it is the first that main() makes. */
	if (process->number == SYS_umask)
		process->begun = true;
	if (process->number >= MOST_CALLS)
		return;
	if (process->begun)
		process->seen[process->number]++;
	if (is_meant(process, fault))
		apply(process, fault, log);
}

static void leave_call(struct process *process, const struct __ptrace_syscall_info *info,
		       const struct fault *fault, FILE *log)
{
	int64_t result = info->exit.rval;
	if (!process->in_call)
		return; /* the end of the call that made this process */
	process->in_call = false;
	if (process->replaced) {
		set_register(process->pid, offsetof(struct user_regs_struct, rax), fault->value);
		return;
	}
	if (process->number == SYS_seccomp && result >= 0)
		process->filtered = true;
	if (fault->action != ACTION_RECORD || !process->begun || process->number >= MOST_CALLS ||
	    process->role == ROLE_OTHER)
		return;
	fprintf(log, "call %s %llu %u", role_names[process->role], (unsigned long long)process->number,
		process->seen[process->number]);
	for (size_t i = 0; i < 6; i++)
		fprintf(log, " %llx", (unsigned long long)process->arguments[i]);
	fprintf(log, " = %lld %s\n", (long long)result, process->text);
}

void handle_call(struct process *process, const struct fault *fault, FILE *log)
{
	struct __ptrace_syscall_info info = { 0 };
	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof info, &info) == -1)
		return; /* killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(process, &info, fault, log);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave_call(process, &info, fault, log);
}
