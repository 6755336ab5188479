/* fault_tracer.h - the launcher's processes under ptrace: who is who, and what is done to one of their calls.
 */
#ifndef FAULT_TRACER_H
#define FAULT_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* mapper: what will be newuidmap or newgidmap; other: whoever has executed another program than ours. */
enum role { ROLE_SUPERVISOR, ROLE_KEEPER, ROLE_INIT, ROLE_WORKLOAD, ROLE_MAPPER, ROLE_OTHER, ROLES };

enum action {
	ACTION_RECORD, /* nothing is changed */
	ACTION_RETURN, /* the call is not made and returns `value` */
	ACTION_KILL    /* the process whose role is `value` is killed as the call begins */
};

enum { MOST_CALLS = 1024, MOST_PROCESSES = 256, TEXT_SIZE = 96 };

struct fault {
	enum action action;
	enum role role;	     /* whose call */
	unsigned number;     /* which system call */
	unsigned occurrence; /* from 1 */
	int64_t value;
};

struct process {
	pid_t pid;
	enum role role;
	bool begun;    /* main() has been reached */
	bool filtered; /* has a seccomp filter of its own */
	bool in_call;  /* between entry and exit */
	bool replaced; /* this call is not made */
	uint64_t number, arguments[6];
	uint64_t clone_flags;
	char text[TEXT_SIZE];	   /* of its arguments, where one is a path or a parameter's name */
	unsigned seen[MOST_CALLS]; /* how often each call was made since main() */
};

extern const char *const role_names[ROLES];

/* processes.c: the table of what is traced. NULL: unknown, or no room. */
struct process *find_process(pid_t pid);
struct process *find_role(enum role role);
struct process *add_process(pid_t pid, enum role role);
void remove_process(struct process *process);
unsigned count_processes(void);
void kill_processes(void);
/* What a child of `parent`, which is in clone(2), clone3(2) or fork(2), will be. */
enum role role_of_child(const struct process *parent);

/* calls.c: a process stands at the entry or the exit of a system call. Writes to `log` what happened. */
void handle_call(struct process *process, const struct fault *fault, FILE *log);

#endif
