/*
 * main.c - runs the launcher as an unprivileged user under ptrace and makes one of its system calls fail,
 * do nothing, or be somebody's last moment.
 *
 *   fault_tracer UID GID LOG record - 0 0 0 PROGRAM [ARGUMENT...]
 *   fault_tracer UID GID LOG return ROLE NUMBER OCCURRENCE VALUE PROGRAM [ARGUMENT...]
 *   fault_tracer UID GID LOG kill   ROLE NUMBER OCCURRENCE VICTIM PROGRAM [ARGUMENT...]
 *
 * strace(1) can inject, too, but counts in every process by itself: of the first close(2) of each, the
 * supervisor's ends the run, and init's is never reached. Here a fault has one process, named by its role.
 *
 * LOG gets a line for each call (record), `executed` when the workload's program runs, `hit` where the fault
 * happened, `gone MS` when the last process had ended after the first one, or `left N` where N of them were
 * alive LEFT_AFTER_MS later (a second is enough where the machine has nothing else to do). Exit status: the
 * program's; 128 + N by signal N; 124 where it had to be ended.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fault_tracer.h"

enum {
	RUN_LIMIT_S = 60,
	LEFT_AFTER_MS = 20000,
	EXIT_LIMIT = 124,
	EXIT_TRACER = 123,
	SIGNAL_BASE = 128,
	FIRST_OF_PROGRAM = 9
};

static volatile sig_atomic_t time_is_over;

static void note_time(int signal)
{
	(void)signal;
	time_is_over = 1;
}

static _Noreturn void give_up(const char *what)
{
	perror(what);
	kill_processes();
	exit(EXIT_TRACER);
}

static uint64_t now_ms(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_MONOTONIC, &now) == -1)
		give_up("fault_tracer: clock_gettime");
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static enum role role_named(const char *name)
{
	for (int role = 0; role < ROLES; role++)
		if (strcmp(role_names[role], name) == 0)
			return (enum role)role;
	return ROLES;
}

static struct fault read_fault(char *const argv[])
{
	struct fault fault = { .action = ACTION_RECORD, .role = role_named(argv[5]) };
	fault.number = (unsigned)strtoul(argv[6], NULL, 10);
	fault.occurrence = (unsigned)strtoul(argv[7], NULL, 10);
	if (strcmp(argv[4], "return") == 0) {
		fault.action = ACTION_RETURN;
		fault.value = strtoll(argv[8], NULL, 10);
	} else if (strcmp(argv[4], "kill") == 0) {
		fault.action = ACTION_KILL;
		fault.value = (int64_t)role_named(argv[8]);
	}
	return fault;
}

static _Noreturn void become_program(const char *uid, const char *gid, char *const program[], int go)
{
	char byte;
	gid_t group = (gid_t)strtoul(gid, NULL, 10);
	uid_t user = (uid_t)strtoul(uid, NULL, 10);
	if (read(go, &byte, 1) != 1 || setgroups(1, &group) == -1 || setresgid(group, group, group) == -1 ||
	    setresuid(user, user, user) == -1)
		_exit(EXIT_TRACER);
	close(go);
	execv(program[0], program);
	_exit(EXIT_TRACER);
}

static pid_t start(const char *uid, const char *gid, char *const program[])
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int ends[2];
	if (pipe(ends) == -1)
		give_up("fault_tracer: pipe");
	pid_t child = fork();
	if (child == -1)
		give_up("fault_tracer: fork");
	if (child == 0) {
		close(ends[1]);
		become_program(uid, gid, program, ends[0]);
	}
	if (ptrace(PTRACE_SEIZE, child, NULL, options) == -1 ||
	    ptrace(PTRACE_INTERRUPT, child, NULL, NULL) == -1 || write(ends[1], "", 1) != 1)
		give_up("fault_tracer: PTRACE_SEIZE");
	close(ends[0]);
	close(ends[1]);
	if (add_process(child, ROLE_SUPERVISOR) == NULL)
		give_up("fault_tracer: table");
	return child;
}

/* A new process and its parent's word of it come in any order; the process waits for the word. */
static void welcome(const struct process *parent, pid_t pid)
{
	struct process *child = find_process(pid);
	if (child == NULL) {
		(void)add_process(pid, role_of_child(parent));
		return;
	}
	child->role = role_of_child(parent);
	(void)ptrace(PTRACE_SYSCALL, pid, NULL, 0);
}

static void note_exec(struct process *process, FILE *log)
{
	if (process->role == ROLE_WORKLOAD)
		fprintf(log, "executed\n");
	if (process->role == ROLE_WORKLOAD || process->role == ROLE_MAPPER)
		process->role = ROLE_OTHER;
}

static void handle_event(struct process *process, int event, FILE *log)
{
	unsigned long message = 0;
	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		if (ptrace(PTRACE_GETEVENTMSG, process->pid, NULL, &message) == 0)
			welcome(process, (pid_t)message);
		return;
	case PTRACE_EVENT_EXEC:
		note_exec(process, log);
		return;
	default:
		return;
	}
}

/* What a stop means; the signal to deliver when it goes on. */
static int handle_stop(struct process *process, int status, const struct fault *fault, FILE *log)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	if (signal == (SIGTRAP | 0x80)) {
		handle_call(process, fault, log);
		return 0;
	}
	if (event != 0) {
		handle_event(process, event, log);
		return 0;
	}
	return signal;
}

static int note_end(int status)
{
	const struct itimerval limit = { .it_value = { LEFT_AFTER_MS / 1000, 1 } };
	if (setitimer(ITIMER_REAL, &limit, NULL) == -1)
		give_up("fault_tracer: setitimer");
	return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_BASE + WTERMSIG(status);
}

static void trace(pid_t first, const struct fault *fault, FILE *log, int *result)
{
	uint64_t ended = 0;
	while (count_processes() > 0) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid == -1 && errno == EINTR && time_is_over == 0)
			continue;
		if (pid == -1) {
			fprintf(log, "left %u\n", count_processes());
			kill_processes();
			return;
		}
		struct process *process = find_process(pid);
		if (WIFSTOPPED(status) && process == NULL) {
			if (add_process(pid, ROLE_OTHER) == NULL)
				give_up("fault_tracer: too many processes");
		} else if (WIFSTOPPED(status)) {
			int signal = handle_stop(process, status, fault, log);
			(void)ptrace(PTRACE_SYSCALL, pid, NULL, signal);
		} else {
			if (process != NULL)
				remove_process(process);
			if (pid == first) {
				*result = note_end(status);
				ended = now_ms();
			}
		}
	}
	fprintf(log, "gone %" PRIu64 "\n", now_ms() - ended);
}

int main(int argc, char *argv[])
{
	if (argc <= FIRST_OF_PROGRAM) {
		fprintf(stderr,
			"usage: fault_tracer UID GID LOG ACTION ROLE NUMBER OCCURRENCE VALUE PROGRAM...\n");
		return EXIT_TRACER;
	}
	const struct fault fault = read_fault(argv);
	const struct sigaction alarm_action = { .sa_handler = note_time };
	FILE *log = fopen(argv[3], "we");
	int result = EXIT_LIMIT;
	if (log == NULL || sigaction(SIGALRM, &alarm_action, NULL) == -1)
		give_up("fault_tracer: log");
	alarm(RUN_LIMIT_S);
	trace(start(argv[1], argv[2], argv + FIRST_OF_PROGRAM), &fault, log, &result);
	return fclose(log) == 0 ? result : EXIT_TRACER;
}
