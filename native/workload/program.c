/*
 * program.c - which file is executed, from where, and the exec itself.
 *
 * Before: the new root is "/", ids and capabilities are the workload's.
 * After:  the named program runs; or shared->exec_errno says why it cannot.
 *
 * Found by path, as a shell would: execveat(2) on a descriptor breaks scripts.
 * The links of /proc are not followed: /proc/self/exe still is the launcher, a file of the host.
 * execvp(3), execve(2), openat2(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/open_plain.h"
#include "steps.h"

static const char usual_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char program[PATH_MAX];

int enter_working_directory(struct launch *launch)
{
	set_detail(launch, launch->plan->working_directory);
	int folder = open_plain(launch->plan->working_directory, O_DIRECTORY);
	if (folder == -1 || fchdir(folder) == -1)
		return -1;
	return close(folder);
}

/* 0 if it can be executed, else the errno that execve(2) would give. */
static int why_not_executable(const char *path)
{
	struct stat file;
	int opened = open_plain(path, 0);
	if (opened == -1)
		return errno;
	if (fstat(opened, &file) == -1 || close(opened) == -1)
		return errno;
	if (S_ISDIR(file.st_mode))
		return EISDIR;
	if (!S_ISREG(file.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == -1)
		return EACCES;
	return 0;
}

static const char *search_path(char *const *environment)
{
	for (; *environment != NULL; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0 && (*environment)[5] != '\0')
			return *environment + 5;
	return usual_path;
}

/* Tries each folder of PATH; the most telling reason wins: a file that is there but cannot be executed. */
static int search(const char *name, char *const *environment)
{
	int reason = ENOENT;
	const char *folder = search_path(environment);
	for (;;) {
		size_t length = strcspn(folder, ":");
		int size = snprintf(program, sizeof program, "%.*s%s%s", (int)length, folder,
				    length == 0 ? "./" : "/", name);
		if (size > 0 && (size_t)size < sizeof program) {
			int why = why_not_executable(program);
			if (why == 0)
				return 0;
			if (why != ENOENT && why != ENOTDIR)
				reason = why;
		}
		if (folder[length] == '\0')
			return reason;
		folder += length + 1;
	}
}

int find_program(struct launch *launch)
{
	const char *name = launch->argv[0];
	set_detail(launch, name);
	int why;
	if (name[0] == '\0') {
		why = ENOENT;
	} else if (strchr(name, '/') == NULL) {
		why = search(name, launch->envp);
	} else {
		int size = snprintf(program, sizeof program, "%s", name);
		why = size < 0 || (size_t)size >= sizeof program ? ENAMETOOLONG : why_not_executable(program);
	}
	if (why == 0)
		return 0;
	atomic_store(&launch->shared->exec_errno, why);
	errno = why;
	return -1;
}

_Noreturn void execute_program(struct launch *launch)
{
	execve(program, launch->argv, launch->envp);
	atomic_store(&launch->shared->exec_errno, errno);
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}
