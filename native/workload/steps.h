/* steps.h - the workload's steps before its exec, in the order of workload.c. */
#ifndef WORKLOAD_STEPS_H
#define WORKLOAD_STEPS_H

#include <sys/statfs.h>

#include "launcher/launch.h"

int begin_session(struct launch *launch);	       /* session.c */
int take_streams(struct launch *launch);	       /* session.c */
int set_limits(struct launch *launch);		       /* session.c */
int limit_bounding_set(struct launch *launch);	       /* privileges.c */
int take_ids(struct launch *launch);		       /* privileges.c */
int set_capability_sets(struct launch *launch);	       /* privileges.c */
int forbid_new_privileges(struct launch *launch);      /* privileges.c */
int label_exec(struct launch *launch);		       /* privileges.c */
int enter_working_directory(struct launch *launch);    /* program.c */
int find_program(struct launch *launch);	       /* program.c */
int restrict_paths(struct launch *launch);	       /* landlock.c */
int look_around(struct launch *launch);		       /* look_around.c */
int install_filter(struct launch *launch);	       /* filter.c */
int ask_canary(struct launch *launch);		       /* filter.c */
_Noreturn void execute_program(struct launch *launch); /* program.c */

/* More of look_around(), by subject. */
void look_at_landlock(struct launch *launch, struct checks *checks);		/* landlock.c */
bool has_flags(const struct statfs *mounted, unsigned flags);			/* look_at_mounts.c */
bool has_size(int descriptor, uint64_t size);					/* look_at_memory.c */
bool is_memory(const char *path, uint64_t size, uint64_t files, unsigned mode); /* look_at_memory.c */
bool has_devices(const struct plan_mount *mount);				/* look_at_memory.c */
void look_at_root(struct launch *launch, struct checks *checks);		/* look_at_mounts.c */
void look_at_mounts(struct launch *launch, struct checks *checks);		/* look_at_mounts.c */

#endif
