/* steps.h - init's steps, in the order of init.c. */
#ifndef INIT_STEPS_H
#define INIT_STEPS_H

#include <signal.h>

#include "launcher/launch.h"

/* Tells init that its parent has died. Not SIGTERM: who ends a process group or a service sends that to all.
 */
enum { SUPERVISOR_DIED = SIGPWR };

int keep_init_descriptors(struct launch *launch);			  /* birth.c */
int die_with_supervisor(struct launch *launch);				  /* birth.c */
int leave_namespaces(struct launch *launch);				  /* birth.c */
int await_id_map(struct launch *launch);				  /* birth.c */
int take_setup_ids(struct launch *launch);				  /* birth.c */
int leave_cgroup_namespace(struct launch *launch);			  /* birth.c */
int name_host(struct launch *launch);					  /* birth.c */
int raise_loopback(struct launch *launch);				  /* birth.c */
int make_mounts_private(struct launch *launch);				  /* sources.c */
int open_sources(struct launch *launch);				  /* sources.c */
int mount_root(struct launch *launch);					  /* root.c */
int make_working_directory(struct launch *launch);			  /* root.c */
int seal_root(struct launch *launch);					  /* root.c */
int enter_root(struct launch *launch);					  /* root.c */
int mount_plan(struct launch *launch);					  /* mounts.c */
int mount_devices(struct launch *launch, const struct plan_mount *mount); /* devices.c */
int write_names(struct launch *launch);					  /* names.c */
int open_streams(struct launch *launch);				  /* streams.c */
int fork_workload(struct launch *launch);				  /* watch.c */
int drop_init_privileges(struct launch *launch);			  /* drop.c */
int fetch_listener(struct launch *launch);				  /* watch.c */
int confine_init(struct launch *launch);				  /* drop.c */
int pass_listener(struct launch *launch);				  /* watch.c */

/* A descriptor that reads as ended, or -1 with errno. streams.c */
int open_nothing(const struct launch *launch);

/* Sets the parent-death signal and reads it back. birth.c */
int ask_death_signal(int signal);

_Noreturn void watch_workload_end(struct launch *launch); /* watch.c */

#endif
