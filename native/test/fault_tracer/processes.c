/*
 * processes.c - the table of traced processes and their roles.
 *
 * A role follows from who made the process and how: the supervisor makes init with a new user namespace,
 * the mappers by posix_spawn(3), which shares memory (CLONE_VM), and the keeper of the cgroups with neither.
 */
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "fault_tracer.h"

const char *const role_names[ROLES] = { "supervisor", "keeper", "init", "workload", "mapper", "other" };

static struct process table[MOST_PROCESSES];

struct process *find_process(pid_t pid)
{
	for (size_t i = 0; i < MOST_PROCESSES; i++)
		if (table[i].pid == pid)
			return &table[i];
	return NULL;
}

struct process *find_role(enum role role)
{
	for (size_t i = 0; i < MOST_PROCESSES; i++)
		if (table[i].pid != 0 && table[i].role == role)
			return &table[i];
	return NULL;
}

struct process *add_process(pid_t pid, enum role role)
{
	struct process *process = find_process(0);
	if (process == NULL)
		return NULL;
	memset(process, 0, sizeof *process);
	process->pid = pid;
	process->role = role;
	process->begun = role != ROLE_SUPERVISOR;
	return process;
}

void remove_process(struct process *process)
{
	process->pid = 0;
}

unsigned count_processes(void)
{
	unsigned count = 0;
	for (size_t i = 0; i < MOST_PROCESSES; i++)
		count += table[i].pid != 0;
	return count;
}

void kill_processes(void)
{
	for (size_t i = 0; i < MOST_PROCESSES; i++)
		if (table[i].pid != 0)
			(void)kill(table[i].pid, SIGKILL);
}

enum role role_of_child(const struct process *parent)
{
	switch (parent->role) {
	case ROLE_SUPERVISOR:
		if ((parent->clone_flags & CLONE_NEWUSER) != 0)
			return ROLE_INIT;
		return (parent->clone_flags & CLONE_VM) != 0 ? ROLE_MAPPER : ROLE_KEEPER;
	case ROLE_INIT:
		return ROLE_WORKLOAD;
	case ROLE_KEEPER:
	case ROLE_WORKLOAD:
	case ROLE_MAPPER:
	case ROLE_OTHER:
	case ROLES:
		break;
	}
	return ROLE_OTHER;
}
