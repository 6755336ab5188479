/*
 * idmap.h - giving a process's new user namespace its ids.
 *
 * Shared by launcher and unpacker.
 */
#ifndef IDMAP_H
#define IDMAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { ID_MAP_MAX_RANGES = 8 };

struct id_range {
	uint32_t inner;
	uint32_t outer;
	uint32_t count;
};

/* The values are those of the plan's id_map_method. */
enum id_map_method {
	ID_MAP_SINGLE = 0,	/* one id, the caller's own; setgroups is denied, as the kernel demands */
	ID_MAP_SUBORDINATE = 1, /* written by newuidmap and newgidmap */
	ID_MAP_DIRECT = 2,	/* written by the caller, who is root */
};

struct id_map {
	enum id_map_method method;
	const struct id_range *uid;
	size_t uid_count;
	const struct id_range *gid;
	size_t gid_count;
	const char *newuidmap; /* absolute paths; used by ID_MAP_SUBORDINATE alone */
	const char *newgidmap;
};

/*
 * Maps the ids of `child`, which has made its user namespace and waits.
 * SIGCHLD must not be ignored, and no other thread may reap children.
 * Returns 0, or -1 with errno and *step naming what failed. A refusal by
 * newuidmap or newgidmap is EPERM; they say why on the inherited stderr.
 */
int map_ids(pid_t child, const struct id_map *map, const char **step);

#endif
