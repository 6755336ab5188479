/*
 * cgroup.c - the run's own groups, and a keeper that removes them whoever dies.
 *
 * Before: the plan names folders in which we may make groups; nothing of the run exists.
 * After:  a group of the run's name in each, with the plan's values, and init in them. They go when the run
 *         ends: removed by the supervisor; or, if that was killed, by the keeper, a process that waits for
 *         the end of a pipe whose write ends only supervisor and init hold.
 *
 * cgroups(7), clone(2) CLONE_INTO_CGROUP.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "host.h"

/* Ten seconds: killed processes leave their group only when they are reaped. */
enum { REMOVE_TRIES = 1000, REMOVE_PAUSE_NS = 10000000, KEEPER_TRIES = 400000, KEEPER_PAUSE_NS = 50000 };

static int parents[CGROUP_MAX];
static bool kept; /* the keeper is there, and parents are open */

static int write_value(int folder, const char *file, const char *value)
{
	int opened = openat(folder, file, O_WRONLY | O_CLOEXEC);
	if (opened == -1)
		return -1;
	size_t size = strlen(value);
	ssize_t written = write(opened, value, size);
	int error = written == -1 ? errno : EIO;
	if (close(opened) == -1)
		return -1;
	errno = error;
	return written == (ssize_t)size ? 0 : -1;
}

static void remove_group(size_t index, const char *name)
{
	const struct timespec pause = { 0, REMOVE_PAUSE_NS };
	for (int tries = 0; tries < REMOVE_TRIES; tries++) {
		if (unlinkat(parents[index], name, AT_REMOVEDIR) == 0 || errno != EBUSY)
			return;
		nanosleep(&pause, NULL);
	}
}

void remove_cgroups(struct launch *launch)
{
	if (!kept)
		return;
	for (size_t i = 0; i < launch->plan->cgroup_count; i++)
		remove_group(i, launch->cgroup_name);
}

static _Noreturn void keep_groups(struct launch *launch, int end)
{
	char byte;
	int folders[CGROUP_MAX];
	const size_t count = launch->plan->cgroup_count;
	memcpy(folders, parents, count * sizeof *folders);
	/* The caller's streams must not be held open by us; descriptors of the supervisor neither, nor our
	 * own copy of the end that we wait for. */
	for (int number = 0; number <= 2; number++)
		if (replace_descriptor(end, number) == -1)
			_exit(EXIT_SANDBOX_FAILED);
	if (close_all_but(folders, count) == -1)
		_exit(EXIT_SANDBOX_FAILED);
	atomic_store(&launch->shared->keeper_ready, 1);
	while (read(0, &byte, 1) == -1 && errno == EINTR)
		continue;
	for (size_t i = 0; i < count; i++)
		remove_group(i, launch->cgroup_name);
	_exit(0);
}

/* First of all, so that no group is ever made that nobody would remove. */
static int start_keeper(struct launch *launch)
{
	struct clone_args arguments = { .flags = CLONE_CLEAR_SIGHAND };
	long keeper = syscall(SYS_clone3, &arguments, sizeof arguments);
	if (keeper == -1)
		return -1;
	if (keeper == 0)
		keep_groups(launch, launch->keeper_read);
	kept = true;
	return 0;
}

int make_cgroups(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	if (plan->cgroup_count == 0)
		return 0;
	snprintf(launch->cgroup_name, sizeof launch->cgroup_name, "sandbox-%s", trail_run_id(launch->trail));
	for (size_t i = 0; i < plan->cgroup_count; i++) {
		set_detail(launch, plan->cgroup[i].parent);
		parents[i] = open(plan->cgroup[i].parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parents[i] == -1)
			return -1;
	}
	if (start_keeper(launch) == -1)
		return -1;
	for (size_t i = 0; i < plan->cgroup_count; i++) {
		set_detail(launch, plan->cgroup[i].parent);
		if (mkdirat(parents[i], launch->cgroup_name, 0755) == -1)
			return -1;
		launch->cgroup_folder[i] = openat(parents[i], launch->cgroup_name,
						  O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (launch->cgroup_folder[i] == -1)
			return -1;
	}
	for (size_t i = 0; i < plan->cgroup_value_count; i++) {
		const struct plan_cgroup_value *value = &plan->cgroup_value[i];
		set_detail(launch, value->file);
		if (write_value(launch->cgroup_folder[value->index], value->file, value->value) == -1)
			return -1;
	}
	return 0;
}

int enter_cgroups(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	char number[16];
	if (plan->cgroup_count == 1 && plan->cgroup[0].version == 2)
		return 0; /* init was born there */
	snprintf(number, sizeof number, "%d", (int)launch->init_pid);
	for (size_t i = 0; i < plan->cgroup_count; i++) {
		set_detail(launch, plan->cgroup[i].parent);
		if (write_value(launch->cgroup_folder[i], "cgroup.procs", number) == -1)
			return -1;
	}
	return 0;
}

static bool read_text(int folder, const char *file, char *text, size_t size)
{
	int opened = openat(folder, file, O_RDONLY | O_CLOEXEC);
	if (opened == -1)
		return false;
	ssize_t got = read(opened, text, size - 1);
	if (close(opened) == -1 || got == -1)
		return false;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* It was started long before anybody asks: it is waiting already, or has failed and its end of the pipe is
 * closed. */
static bool is_kept(const struct launch *launch)
{
	const struct timespec pause = { 0, KEEPER_PAUSE_NS };
	for (int tries = 0; tries < KEEPER_TRIES; tries++) {
		struct pollfd look = { .fd = launch->keeper_write, .events = 0 };
		if (poll(&look, 1, 0) == -1 || (look.revents & POLLERR) != 0)
			return false;
		if (atomic_load(&launch->shared->keeper_ready) == 1)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

void read_cgroups(struct launch *launch, struct checks *checks)
{
	const struct plan *plan = launch->plan;
	if (plan->cgroup_count == 0)
		return;
	const bool waits = is_kept(launch);
	add_check(checks, "cgroup", "removed by a keeper if the supervisor dies", waits ? "waits" : "is gone",
		  "the pipe to it", waits);
	char requested[CHECK_TEXT_SIZE], effective[CHECK_TEXT_SIZE], text[64];
	for (size_t i = 0; i < plan->cgroup_value_count; i++) {
		const struct plan_cgroup_value *value = &plan->cgroup_value[i];
		bool read = read_text(launch->cgroup_folder[value->index], value->file, text, sizeof text);
		snprintf(requested, sizeof requested, "%s %s", value->file, value->value);
		snprintf(effective, sizeof effective, "%s %s", value->file, read ? text : "unreadable");
		add_check(checks, "cgroup", requested, effective, "read back",
			  read && strcmp(text, value->value) == 0);
	}
	for (size_t i = 0; i < plan->cgroup_count; i++) {
		char members[4096], wanted[16];
		snprintf(wanted, sizeof wanted, "%d", (int)launch->init_pid);
		bool read = read_text(launch->cgroup_folder[i], "cgroup.procs", members, sizeof members);
		add_check(checks, "cgroup", "init is its first member", read ? members : "unreadable",
			  "cgroup.procs read back", read && strcmp(members, wanted) == 0);
	}
}
