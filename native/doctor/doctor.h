/*
 * doctor.h - trying what the launcher will need.
 *
 * Every trial runs in a process of its own, which is killed with all its
 * children when it is over or when its time is up. What it makes is in
 * namespaces that end with it; control groups are removed afterwards.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stddef.h>
#include <sys/types.h>

#include "base/idmap.h"

/* A control group to try: make one below `parent`, move a process in, set `file` to `value`. */
struct group_request {
	const char *controller;
	const char *parent;
	const char *file;
	const char *value;
};

enum { MAX_GROUPS = 8 };

/* What to try it with, as the control plane measured it. */
struct request {
	struct id_map ids;
	struct id_range uid_ranges[ID_MAP_MAX_RANGES];
	struct id_range gid_ranges[ID_MAP_MAX_RANGES];
	const char *folder; /* has lower/file, lower/folder/, second/ and mount/, readable by everyone */
	struct group_request groups[MAX_GROUPS];
	size_t group_count;
	const struct group_request *group; /* the one that is tried now */
	pid_t doctor;
};

/* In memory shared by all processes of a trial. Texts are constants of this program. */
struct finding {
	const char *step; /* what failed first; NULL: nothing did */
	int error;
	int value; /* a version, where the mechanism has one */
};

typedef int trial(const struct request *request, struct finding *finding);

/* Notes `step` and errno if `result` is negative and nothing failed before. Returns `result`. */
long tried(struct finding *finding, const char *step, long result);

/* Notes `step` with `error` (0: a wrong outcome, not a failed call). Returns -1. */
int failed(struct finding *finding, const char *step, int error);

/*
 * Enters a new user namespace with the request's ids, and the further
 * namespaces of `flags` (CLONE_NEW*), as inner root. Mounts no longer
 * propagate. A pid namespace begins with the next child.
 */
int enter_namespaces(const struct request *request, int flags, struct finding *finding);

/* Forks a child that dies with the caller. As fork(2). */
pid_t fork_bound(void);

/* 0 if `child` ends with status 0; else notes `step` where the child noted nothing. */
int await_success(pid_t child, const char *step, struct finding *finding);

trial try_user_namespace, try_id_map, try_mount_namespace, try_pid_namespace, try_network_namespace,
	try_ipc_namespace, try_uts_namespace, try_cgroup_namespace;
trial try_root_switch, try_device_files, try_read_only_overlay, try_writable_overlay, try_process_view,
	try_masked_process_view, try_pseudo_terminal;
trial try_notification, try_sync_wake_up, try_wait_killable;
trial try_landlock, try_confined_lookup;
trial try_pidfd, try_descriptor_transfer, try_argument_reading, try_process_limit;
/* The program's other life: with reading_target as its argument it tells an address and waits. */
extern const char reading_target[];
int be_read(void);

trial try_control_group;
void remove_control_group(const struct request *request);

#endif
