/*
 * init.c - pid 1 of the sandbox: builds it, starts the workload, outlives it, ends everything.
 *
 * The table is the order in which the sandbox comes to be; read it from top to bottom.
 * The workload is never pid 1: a pid 1 could outlive its supervisor.
 */
#include <unistd.h>

#include "steps.h"

static const struct step steps[] = {
	{ "init-descriptors", keep_init_descriptors },
	{ "parent-death-signal", die_with_supervisor },
	{ "namespaces", leave_namespaces },
	{ "private-mounts", make_mounts_private },
	{ "open-sources", open_sources },
	{ "await-id-map", await_id_map },
	{ "setup-ids", take_setup_ids },
	{ "cgroup-namespace", leave_cgroup_namespace },
	{ "root", mount_root },
	{ "mounts", mount_plan },
	{ "names", write_names },
	{ "working-directory", make_working_directory },
	{ "seal-root", seal_root },
	{ "pivot-root", enter_root },
	{ "hostname", name_host },
	{ "loopback", raise_loopback },
	{ "streams", open_streams },
	{ "workload", fork_workload },
	{ "init-privileges", drop_init_privileges },
	{ "listener", fetch_listener },
	{ "init-filter", confine_init },
	/* Last: what the supervisor gets now is what the workload waits for. */
	{ "pass-listener", pass_listener },
};

_Noreturn void run_init(struct launch *launch)
{
	if (run_steps(steps, sizeof steps / sizeof *steps, launch) == -1)
		_exit(EXIT_SANDBOX_FAILED);
	watch_workload_end(launch);
}
