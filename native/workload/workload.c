/*
 * workload.c - the workload's process, from its birth to its exec.
 *
 * The table is the order in which rights go away; each step assumes those above it:
 * the bounding set needs CAP_SETPCAP, groups and ids CAP_SETGID and CAP_SETUID, which the capability
 * sets then take; Landlock and seccomp need no_new_privs; after the filter only execve follows.
 */
#include <unistd.h>

#include "steps.h"

static const struct step steps[] = {
	{ "session", begin_session },
	{ "standard-streams", take_streams },
	{ "resource-limits", set_limits },
	{ "bounding-set", limit_bounding_set },
	{ "ids", take_ids },
	{ "capabilities", set_capability_sets },
	{ "no-new-privileges", forbid_new_privileges },
	{ "apparmor", label_exec },
	{ "working-directory", enter_working_directory },
	{ "program", find_program },
	{ "landlock", restrict_paths },
	{ "look-around", look_around },
	{ "seccomp", install_filter },
	{ "seccomp-canary", ask_canary },
};

_Noreturn void run_workload(struct launch *launch)
{
	if (run_steps(steps, sizeof steps / sizeof *steps, launch) == -1)
		_exit(EXIT_SANDBOX_FAILED);
	execute_program(launch);
}
