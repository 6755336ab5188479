/*
 * receipt.c - what is in force, recorded before the workload runs.
 *
 * Before: the listener is here; the workload is at its canary call, or about to make it.
 * After:  the canary has arrived; what was looked at from inside and outside is in the trail; every control
 *         that the plan requires holds, and every other but those that it only prefers.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "launcher/host.h"
#include "notifications.h"
#include "supervisor.h"

enum { CANARY_LIMIT_MS = 60000 };

static int await_canary(struct launch *launch, struct seccomp_notif *notification)
{
	struct pollfd waits[] = { { .fd = launch->listener, .events = POLLIN },
				  { .fd = launch->init_pidfd, .events = POLLIN } };
	int ready = poll(waits, 2, CANARY_LIMIT_MS);
	if (ready == -1)
		return -1;
	if ((waits[0].revents & POLLIN) == 0) {
		errno = ready == 0 ? ETIMEDOUT : ECHILD;
		return -1;
	}
	if (receive_notification(launch->listener, notification) == -1)
		return -1;
	if (notification->data.nr == (int)launch->plan->canary_call)
		return 0;
	set_detail(launch, "another call than the canary came first");
	errno = EPROTO;
	return -1;
}

static bool is_listed(const char *const *list, size_t count, const char *control)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], control) == 0)
			return true;
	return false;
}

static bool is_measured(const struct checks *checks, const char *control)
{
	for (size_t i = 0; i < checks->count; i++)
		if (strcmp(checks->list[i].control, control) == 0)
			return true;
	return false;
}

static int refuse(struct launch *launch, const char *control)
{
	set_detail(launch, control);
	errno = ECANCELED;
	return -1;
}

/* What is not effective stops the run, unless the plan says that it is only preferred. */
static int judge(struct launch *launch, const struct checks *checks)
{
	const struct plan *plan = launch->plan;
	for (size_t i = 0; i < checks->count; i++) {
		const struct check *check = &checks->list[i];
		if (!check->holds && !is_listed(plan->preferred, plan->preferred_count, check->control))
			return refuse(launch, check->control);
	}
	for (size_t i = 0; i < plan->required_count; i++)
		if (!is_measured(checks, plan->required[i]))
			return refuse(launch, plan->required[i]);
	return 0;
}

/* Where no group may be made, the receipt says what stands for it, and how much less that is. */
static void look_for_twin(const struct plan *plan, struct checks *checks)
{
	bool asked = is_listed(plan->required, plan->required_count, "cgroup") ||
		     is_listed(plan->preferred, plan->preferred_count, "cgroup");
	if (asked && plan->cgroup_count == 0)
		add_check(checks, "cgroup", "a group of its own",
			  "none: resource limits stand for it, and bound each process's private memory only",
			  "no folder in which this user may make a group", false);
}

/* Before the launch it was looked for; the plan says why there is none. */
static void look_for_profile(const struct launch *launch, struct checks *checks)
{
	if (launch->label[0] == '\0' && launch->plan->apparmor_lack[0] != '\0')
		add_check(checks, "apparmor", "preferred by the policy", "none", launch->plan->apparmor_lack,
			  false);
}

/* What the policy would have liked and nothing here gives is told, so that its absence is not silent. */
static void look_for_missing(const struct plan *plan, struct checks *checks)
{
	for (size_t i = 0; i < plan->preferred_count; i++)
		if (!is_measured(checks, plan->preferred[i]))
			add_check(checks, plan->preferred[i], "preferred by the policy", "none",
				  "no step of the launch could give it", false);
}

static int record(struct launch *launch, const struct checks *checks)
{
	static struct receipt_entry entries[CHECK_MAX];
	for (size_t i = 0; i < checks->count; i++)
		entries[i] = (struct receipt_entry){ checks->list[i].control, checks->list[i].requested,
						     checks->list[i].effective, checks->list[i].how,
						     checks->list[i].holds };
	return record_receipt(launch->trail, entries, checks->count) == TRAIL_OK ? 0 : -1;
}

int take_receipt(struct launch *launch)
{
	static struct seccomp_notif notification;
	static struct checks checks;
	if (await_canary(launch, &notification) == -1)
		return -1;
	keep_canary(&notification);
	add_check(&checks, "seccomp", "the canary call is handed over", "the canary call is handed over",
		  "the workload's process made it", true);
	look_at_proof(launch->plan, &checks);
	look_from_outside(launch, (pid_t)notification.pid, &checks);
	read_cgroups(launch, &checks);
	look_for_twin(launch->plan, &checks);
	for (size_t i = 0; i < launch->shared->inside.count && checks.count < CHECK_MAX; i++)
		checks.list[checks.count++] = launch->shared->inside.list[i];
	look_for_profile(launch, &checks);
	look_for_missing(launch->plan, &checks);
	if (launch->shared->inside.count > CHECK_MAX || checks.count >= CHECK_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (record(launch, &checks) == -1)
		return -1;
	if (require_written(launch->trail) != TRAIL_OK) {
		set_detail(launch, launch->trail->fault);
		return -1;
	}
	if (watch_workload(launch->trail, launch->listener, (pid_t)notification.pid) != TRAIL_OK)
		return -1;
	return judge(launch, &checks);
}
