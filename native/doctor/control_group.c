/*
 * control_group.c - a group with a limit and a process in it.
 *
 * Before: the request names a folder of a cgroup hierarchy.
 * After:  remove_control_group() has removed the group; the process was killed before.
 * See cgroups(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"

enum { REMOVAL_ATTEMPTS = 100, REMOVAL_PAUSE_NS = 10 * 1000 * 1000 };

static int name_group(const struct request *request, const char *file, char path[static PATH_MAX])
{
	int size = snprintf(path, PATH_MAX, "%s/sandbox-doctor-%d%s%s", request->group->parent,
			    (int)request->doctor, *file ? "/" : "", file);
	if (size > 0 && size < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int write_group(const struct request *request, const char *file, const char *value)
{
	char path[PATH_MAX];
	if (name_group(request, file, path) < 0)
		return -1;
	int descriptor = open(path, O_WRONLY | O_CLOEXEC);
	if (descriptor < 0)
		return -1;
	ssize_t written = write(descriptor, value, strlen(value));
	int error = errno;
	close(descriptor);
	errno = error;
	return written < 0 ? -1 : 0;
}

int try_control_group(const struct request *request, struct finding *finding)
{
	char path[PATH_MAX], pid[16];
	if (tried(finding, "name the group", name_group(request, "", path)) < 0 ||
	    tried(finding, "make a group", mkdir(path, 0755)) < 0)
		return -1;
	if (tried(finding, "set the limit",
		  write_group(request, request->group->file, request->group->value)) < 0)
		return -1;
	pid_t child = fork_bound();
	if (tried(finding, "fork", child) < 0)
		return -1;
	if (child == 0)
		for (;;)
			pause();
	snprintf(pid, sizeof pid, "%d", (int)child);
	return tried(finding, "move a process", write_group(request, "cgroup.procs", pid)) < 0 ? -1 : 0;
}

void remove_control_group(const struct request *request)
{
	const struct timespec pause_time = { .tv_nsec = REMOVAL_PAUSE_NS };
	char path[PATH_MAX];
	if (name_group(request, "", path) < 0)
		return;
	/* A killed process leaves its group a moment after it was reaped. */
	for (int attempt = 0; attempt < REMOVAL_ATTEMPTS; attempt++) {
		if (rmdir(path) == 0 || errno != EBUSY)
			return;
		nanosleep(&pause_time, NULL);
	}
}
