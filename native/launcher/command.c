/*
 * command.c - the argument list and environment that the workload will get.
 *
 * Before: the plan is checked.
 * After:  launch->argv is entrypoint and command (or the caller's arguments in the command's place);
 *         launch->envp is the plan's environment, and of the caller's only the names that the plan passes
 *         and does not set itself.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"

static char **reserve_texts(size_t count)
{
	void *memory = mmap(NULL, (count + 1) * sizeof(char *), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

/* execve(2) takes pointers without const and does not write through them. */
static char *as_argument(const char *text)
{
	union {
		const char *from;
		char *to;
	} same = { .from = text };
	return same.to;
}

static bool has_name(const char *variable, const char *name)
{
	size_t length = strlen(name);
	return strncmp(variable, name, length) == 0 && variable[length] == '=';
}

static bool is_set(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->environment_count; i++)
		if (has_name(plan->environment[i], name))
			return true;
	return false;
}

static int assemble_environment(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	char **texts = reserve_texts(plan->environment_count + plan->environment_pass_count);
	size_t count = 0;
	if (texts == NULL)
		return -1;
	for (size_t i = 0; i < plan->environment_count; i++)
		texts[count++] = as_argument(plan->environment[i]);
	for (size_t i = 0; i < plan->environment_pass_count; i++) {
		const char *name = plan->environment_pass[i];
		for (char **variable = environ; *variable != NULL && !is_set(plan, name); variable++) {
			if (!has_name(*variable, name))
				continue;
			texts[count++] = *variable;
			break;
		}
	}
	launch->envp = texts;
	return 0;
}

int assemble_command(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	size_t own = (size_t)launch->argument_count;
	char **texts = reserve_texts(plan->entrypoint_count + plan->command_count + own);
	size_t count = 0;
	if (texts == NULL)
		return -1;
	for (size_t i = 0; i < plan->entrypoint_count; i++)
		texts[count++] = as_argument(plan->entrypoint[i]);
	for (size_t i = 0; i < own; i++)
		texts[count++] = launch->arguments[i];
	for (size_t i = 0; own == 0 && i < plan->command_count; i++)
		texts[count++] = as_argument(plan->command[i]);
	if (count == 0) {
		errno = EINVAL;
		return -1;
	}
	launch->argv = texts;
	return assemble_environment(launch);
}

/* Where the caller has joined standard output and error, one pipe keeps what is written to them in order. */
int compare_outputs(struct launch *launch)
{
	struct stat output, error_output;
	if (fstat(STDOUT_FILENO, &output) == -1 || fstat(STDERR_FILENO, &error_output) == -1)
		return -1;
	launch->one_output = output.st_dev == error_output.st_dev && output.st_ino == error_output.st_ino;
	return 0;
}
