/*
 * namespaces.c - init's birth, its ids, and the wait until the workload stands at its filter.
 *
 * Before: plan, channels and trail are there.
 * After:  init is pid 1 of a new pid namespace, owned by a new user namespace that has its map;
 *         the supervisor holds the listener, a pidfd of the workload and the ends of its streams.
 *
 * clone(2), user_namespaces(7), seccomp_unotify(2), unix(7) on SCM_RIGHTS.
 */
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/idmap.h"
#include "host.h"
#include "message.h"

enum { START_LIMIT_MS = 60000 };

int clone_init(struct launch *launch)
{
	struct clone_args arguments = {
		.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.exit_signal = SIGCHLD,
		.pidfd = (uint64_t)(uintptr_t)&launch->init_pidfd,
	};
	if (launch->plan->cgroup_count == 1 && launch->plan->cgroup[0].version == 2) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (__u64)launch->cgroup_folder[0];
	}
	long child = syscall(SYS_clone3, &arguments, sizeof arguments);
	if (child == -1)
		return -1;
	if (child == 0)
		run_init(launch);
	launch->init_pid = (pid_t)child;
	int ours = launch->control_init;
	launch->control_init = -1;
	if (close(ours) == -1)
		return -1;
	ours = launch->exec_write;
	launch->exec_write = -1;
	return close(ours);
}

int map_init_ids(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	struct id_range uid[ID_MAP_MAX_RANGES], gid[ID_MAP_MAX_RANGES];
	for (size_t i = 0; i < plan->uid_range_count; i++)
		uid[i] = (struct id_range){ plan->uid_range[i].inner, plan->uid_range[i].outer,
					    plan->uid_range[i].count };
	for (size_t i = 0; i < plan->gid_range_count; i++)
		gid[i] = (struct id_range){ plan->gid_range[i].inner, plan->gid_range[i].outer,
					    plan->gid_range[i].count };
	const struct id_map map = {
		.method = (enum id_map_method)plan->id_map_method,
		.uid = uid,
		.uid_count = plan->uid_range_count,
		.gid = gid,
		.gid_count = plan->gid_range_count,
		.newuidmap = plan->newuidmap,
		.newgidmap = plan->newgidmap,
	};
	const char *part = "";
	if (map_ids(launch->init_pid, &map, &part) == -1) {
		set_detail(launch, part);
		return -1;
	}
	return send_message(launch->control_supervisor, MESSAGE_MAPPED, NULL, 0);
}

/* A signal that asks us to end, while there is no workload yet that could be asked; 0: none. */
static int ending_signal(struct launch *launch)
{
	struct signalfd_siginfo signal;
	while (read(launch->signals, &signal, sizeof signal) == sizeof signal)
		if (signal.ssi_signo == SIGINT || signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGHUP ||
		    signal.ssi_signo == SIGQUIT)
			return (int)signal.ssi_signo;
	return 0;
}

static int take_message(struct launch *launch)
{
	int descriptors[MESSAGE_MOST_DESCRIPTORS];
	size_t count = 0;
	int kind = receive_message(launch->control_supervisor, descriptors, &count);
	switch (kind) {
	case MESSAGE_TERMINAL:
		launch->console = descriptors[0];
		return 0;
	case MESSAGE_STREAMS:
		launch->output = descriptors[0];
		launch->error_output = launch->one_output ? -1 : descriptors[1];
		launch->input = launch->plan->interactive ? descriptors[count - 1] : -1;
		return 0;
	case MESSAGE_LISTENER:
		launch->listener = descriptors[0];
		launch->workload_pidfd = descriptors[1];
		return 0;
	default:
		return -1;
	}
}

int await_workload(struct launch *launch)
{
	while (launch->listener == -1) {
		struct pollfd waits[] = {
			{ .fd = launch->control_supervisor, .events = POLLIN },
			{ .fd = launch->init_pidfd, .events = POLLIN },
			{ .fd = launch->signals, .events = POLLIN },
		};
		int ready = poll(waits, 3, START_LIMIT_MS);
		if (ready == -1)
			return -1;
		if (ready == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if ((waits[0].revents & POLLIN) != 0) {
			if (take_message(launch) == -1)
				return -1;
			continue;
		}
		if (waits[1].revents != 0 || waits[0].revents != 0) {
			errno = ECHILD;
			return -1;
		}
		launch->ending_signal = ending_signal(launch);
		if (launch->ending_signal != 0) {
			errno = EINTR;
			return -1;
		}
	}
	return 0;
}
