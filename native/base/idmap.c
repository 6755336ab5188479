/*
 * idmap.c - giving a process's new user namespace its ids.
 *
 * Before: `child` is in a user namespace that it made itself and that has no map yet.
 * After:  its uid_map and gid_map hold exactly the ranges asked for.
 *
 * newuidmap and newgidmap run side by side (each takes half a millisecond) with
 * an empty environment and without any descriptor of ours but the standard ones.
 * See user_namespaces(7), newuidmap(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "idmap.h"

enum { NUMBER_SIZE = 12, LINE_SIZE = 3 * NUMBER_SIZE, MAX_ARGUMENTS = 2 + 3 * ID_MAP_MAX_RANGES + 1 };

static int fail(const char **step, const char *name, int error)
{
	*step = name;
	errno = error;
	return -1;
}

static bool is_range_list(const struct id_range *ranges, size_t count)
{
	if (count == 0 || count > ID_MAP_MAX_RANGES)
		return false;
	for (size_t i = 0; i < count; i++)
		if (ranges[i].count == 0 || ranges[i].inner > UINT32_MAX - ranges[i].count ||
		    ranges[i].outer > UINT32_MAX - ranges[i].count)
			return false;
	return true;
}

/* The kernel takes a map in a single write. */
static int write_file(pid_t child, const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	size_t size = strlen(text);
	ssize_t written = write(file, text, size);
	int error = written < 0 ? errno : EIO;
	if (close(file) < 0 && written == (ssize_t)size)
		return -1;
	errno = error;
	return written == (ssize_t)size ? 0 : -1;
}

static int write_map(pid_t child, const char *name, const struct id_range *ranges, size_t count)
{
	char text[ID_MAP_MAX_RANGES * LINE_SIZE];
	size_t used = 0;
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", ranges[i].inner,
					 ranges[i].outer, ranges[i].count);
	return write_file(child, name, text);
}

/* Starts PROGRAM PID INNER OUTER COUNT..., told its own `name`; returns its pid, or -1 with errno. */
static pid_t start_mapper(const char *program, char *name, pid_t child, const struct id_range *ranges,
			  size_t count)
{
	char numbers[1 + 3 * ID_MAP_MAX_RANGES][NUMBER_SIZE];
	char *arguments[MAX_ARGUMENTS];
	char *const environment[] = { NULL };
	size_t filled = 0;

	snprintf(numbers[filled++], NUMBER_SIZE, "%d", (int)child);
	for (size_t i = 0; i < count; i++) {
		snprintf(numbers[filled++], NUMBER_SIZE, "%u", ranges[i].inner);
		snprintf(numbers[filled++], NUMBER_SIZE, "%u", ranges[i].outer);
		snprintf(numbers[filled++], NUMBER_SIZE, "%u", ranges[i].count);
	}
	arguments[0] = name;
	for (size_t i = 0; i < filled; i++)
		arguments[1 + i] = numbers[i];
	arguments[1 + filled] = NULL;

	pid_t mapper;
	int error = posix_spawn(&mapper, program, NULL, NULL, arguments, environment);
	if (error != 0) {
		errno = error;
		return -1;
	}
	return mapper;
}

static int await_mapper(pid_t mapper)
{
	int status;
	pid_t ended;
	do
		ended = waitpid(mapper, &status, 0);
	while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	errno = EPERM;
	return -1;
}

static int map_subordinate(pid_t child, const struct id_map *map, const char **step)
{
	char user_name[] = "newuidmap", group_name[] = "newgidmap";
	pid_t user_mapper = start_mapper(map->newuidmap, user_name, child, map->uid, map->uid_count);
	if (user_mapper < 0)
		return fail(step, "start newuidmap", errno);
	pid_t group_mapper = start_mapper(map->newgidmap, group_name, child, map->gid, map->gid_count);
	int group_error = group_mapper < 0 ? errno : 0;
	/* Both are awaited whatever the other did, so that none is left behind. */
	int user_error = await_mapper(user_mapper) < 0 ? errno : 0;
	if (group_error != 0)
		return fail(step, "start newgidmap", group_error);
	if (await_mapper(group_mapper) < 0)
		return fail(step, "newgidmap", errno);
	return user_error == 0 ? 0 : fail(step, "newuidmap", user_error);
}

static int map_directly(pid_t child, const struct id_map *map, const char **step)
{
	if (map->method == ID_MAP_SINGLE && write_file(child, "setgroups", "deny") < 0)
		return fail(step, "deny setgroups", errno);
	if (write_map(child, "uid_map", map->uid, map->uid_count) < 0)
		return fail(step, "write uid_map", errno);
	if (write_map(child, "gid_map", map->gid, map->gid_count) < 0)
		return fail(step, "write gid_map", errno);
	return 0;
}

int map_ids(pid_t child, const struct id_map *map, const char **step)
{
	if (!is_range_list(map->uid, map->uid_count) || !is_range_list(map->gid, map->gid_count))
		return fail(step, "id ranges", EINVAL);
	return map->method == ID_MAP_SUBORDINATE ? map_subordinate(child, map, step)
						 : map_directly(child, map, step);
}
