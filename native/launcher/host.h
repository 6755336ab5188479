/* host.h - the launcher's steps on the host's side, in the order of main.c. */
#ifndef HOST_H
#define HOST_H

#include "launch.h"

int prepare_descriptors(struct launch *launch);			 /* descriptors.c */
int load_plan(struct launch *launch);				 /* load.c */
int check_programs(struct launch *launch);			 /* load.c */
int take_signals(struct launch *launch);			 /* descriptors.c */
int open_channels(struct launch *launch);			 /* descriptors.c */
int close_keeper_end(struct launch *launch);			 /* descriptors.c */
int make_cgroups(struct launch *launch);			 /* cgroup.c */
int name_label(struct launch *launch);				 /* profile.c */
int load_profile(struct launch *launch);			 /* profile.c */
int tell_keeper(struct launch *launch);				 /* profile.c */
int clone_init(struct launch *launch);				 /* namespaces.c */
int enter_cgroups(struct launch *launch);			 /* cgroup.c */
int map_init_ids(struct launch *launch);			 /* namespaces.c */
int await_workload(struct launch *launch);			 /* namespaces.c */
int assemble_command(struct launch *launch);			 /* command.c */
int compare_outputs(struct launch *launch);			 /* command.c */
void remove_cgroups(struct launch *launch);			 /* cgroup.c */
void drop_profile(struct launch *launch);			 /* profile.c */
void read_cgroups(struct launch *launch, struct checks *checks); /* cgroup.c */

#endif
