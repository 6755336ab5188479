/*
 * steps.c - running a table of steps and noting where it ended.
 *
 * Before: launch->shared is mapped, or NULL while there is only one process.
 * After:  0 and every step done; or -1, and shared says which step failed and why.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "launch.h"

static void note_failure(struct launch *launch, int error)
{
	struct shared *shared = launch->shared;
	int none = 0;
	/* The first failure explains those that it leads to in other processes: it stays. */
	if (shared == NULL || !atomic_compare_exchange_strong(&shared->failed, &none, 2))
		return;
	shared->failure_errno = error;
	snprintf(shared->failure_step, sizeof shared->failure_step, "%s", launch->step);
	snprintf(shared->failure_detail, sizeof shared->failure_detail, "%s", launch->detail);
	atomic_store(&shared->failed, 1);
}

int run_steps(const struct step *steps, size_t count, struct launch *launch)
{
	for (size_t i = 0; i < count; i++) {
		launch->step = steps[i].name;
		launch->detail[0] = '\0';
		if (steps[i].run(launch) == -1) {
			int error = errno;
			note_failure(launch, error);
			errno = error;
			return -1;
		}
	}
	return 0;
}

void set_detail(struct launch *launch, const char *text)
{
	snprintf(launch->detail, sizeof launch->detail, "%s", text);
}

void add_check(struct checks *checks, const char *control, const char *requested, const char *effective,
	       const char *how, bool holds)
{
	if (checks->count >= CHECK_MAX) {
		checks->count = CHECK_MAX + 1;
		return;
	}
	struct check *check = &checks->list[checks->count++];
	snprintf(check->control, sizeof check->control, "%s", control);
	snprintf(check->requested, sizeof check->requested, "%s", requested);
	snprintf(check->effective, sizeof check->effective, "%s", effective);
	snprintf(check->how, sizeof check->how, "%s", how);
	check->holds = holds;
}
