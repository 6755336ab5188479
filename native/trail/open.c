/*
 * open.c - makes a run's folder and opens all that its trail will ever need.
 *
 * Before: plan.state_directory exists and belongs to the user.
 * After: runs/RUN holds an empty trail and a table of counts, the chain has
 * the run's opening entry, and every descriptor is open and close-on-exec; or
 * `fault` names the step that failed and nothing but the folder is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "trail/append.h"
#include "trail/counts.h"

enum { PRIVATE_FOLDER = 0700, PRIVATE_FILE = 0600, BOOT_ID_SIZE = 36 };
static const int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

static int *const *descriptors_of(struct trail *trail, int *list[9])
{
	int *all[] = { &trail->file,	      &trail->chain,	       &trail->counts_file,
		       &trail->run_directory, &trail->runs_directory,  &trail->proc,
		       &trail->own_namespace, &trail->inner_namespace, NULL };
	memcpy(list, all, sizeof all);
	return list;
}

/* Conditions that point outside their tables would be read when the first call comes: refused now. */
static bool has_sound_conditions(const struct plan *plan)
{
	for (size_t i = 0; i < plan->refusal_count; i++) {
		const struct plan_refusal *refusal = &plan->refusal[i];
		if (refusal->first_condition > plan->condition_count ||
		    refusal->condition_count > plan->condition_count - refusal->first_condition)
			return false;
		if (refusal->answer > PLAN_REFUSAL_CONTINUE)
			return false;
	}
	for (size_t i = 0; i < plan->condition_count; i++)
		if (plan->condition[i].argument > 5 ||
		    plan->condition[i].compare > PLAN_CONDITION_GREATER_OR_EQUAL)
			return false;
	return true;
}

static int open_folders(struct trail *trail)
{
	int state = open(trail->plan->state_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state < 0)
		return -1;
	if (mkdirat(state, "runs", PRIVATE_FOLDER) != 0 && errno != EEXIST)
		goto fail;
	trail->runs_directory = openat(state, "runs", folder_flags);
	trail->chain = openat(state, "chain.jsonl", O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
			      PRIVATE_FILE);
	if (trail->runs_directory < 0 || trail->chain < 0)
		goto fail;
	return close(state);
fail:;
	int why = errno;
	close(state);
	errno = why;
	return -1;
}

static int open_run(struct trail *trail)
{
	if (mkdirat(trail->runs_directory, trail->run, PRIVATE_FOLDER) != 0)
		return -1;
	trail->run_directory = openat(trail->runs_directory, trail->run, folder_flags);
	if (trail->run_directory < 0)
		return -1;
	trail->file = openat(trail->run_directory, "trail.jsonl",
			     O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, PRIVATE_FILE);
	trail->counts_file =
		openat(trail->run_directory, "counts", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, PRIVATE_FILE);
	if (trail->file < 0 || trail->counts_file < 0)
		return -1;
	/* Readers see by this lock, which ends with the supervisor, that the run is live. */
	return flock(trail->file, LOCK_EX | LOCK_NB);
}

/* What records say of this machine. Without a boot id the field is null. */
static int read_machine(struct trail *trail)
{
	struct utsname machine;
	if (uname(&machine) != 0)
		return -1;
	snprintf(trail->kernel, sizeof trail->kernel, "%s", machine.release);
	trail->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (trail->proc < 0)
		return -1;
	int boot = openat(trail->proc, "sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (boot < 0)
		return 0;
	ssize_t got = read(boot, trail->boot, BOOT_ID_SIZE);
	trail->boot[got == BOOT_ID_SIZE ? BOOT_ID_SIZE : 0] = '\0';
	return close(boot);
}

static enum trail_result open_all(struct trail *trail)
{
	if (!has_sound_conditions(trail->plan)) {
		errno = EINVAL;
		return fail_trail(trail, "read the plan's refusals");
	}
	if (!make_ulid(trail->run, wall_time()))
		return fail_trail(trail, "draw a name for the run");
	if (read_machine(trail) != 0)
		return fail_trail(trail, "open /proc");
	if (open_folders(trail) != 0)
		return fail_trail(trail, "open the state folder");
	if (open_run(trail) != 0)
		return fail_trail(trail, "make the run's folder");
	if (open_counts(trail) != 0)
		return fail_trail(trail, "make the table of counts");
	return enter_opening(trail);
}

enum trail_result open_trail(struct trail *trail, const struct plan *plan)
{
	int *list[9];
	memset(trail, 0, sizeof *trail);
	trail->plan = plan;
	trail->listener = -1;
	for (int *const *each = descriptors_of(trail, list); *each != NULL; each++)
		**each = -1;
	enum trail_result result = open_all(trail);
	if (result != TRAIL_OK) {
		int why = errno;
		release_trail(trail);
		errno = why;
	}
	return result;
}

enum trail_result watch_workload(struct trail *trail, int listener, pid_t pid)
{
	char path[32];
	snprintf(path, sizeof path, "%d/ns/pid", pid);
	trail->listener = listener;
	trail->own_namespace = openat(trail->proc, "self/ns/pid", O_RDONLY | O_CLOEXEC);
	trail->inner_namespace = openat(trail->proc, path, O_RDONLY | O_CLOEXEC);
	if (trail->own_namespace < 0 || trail->inner_namespace < 0)
		return fail_trail(trail, "open the workload's pid namespace");
	return TRAIL_OK;
}

const char *trail_run_id(const struct trail *trail)
{
	return trail->run;
}

int trail_lock(const struct trail *trail)
{
	return trail->file;
}

/* Nothing can be done about a close that fails: all that matters was synced before. */
void release_trail(struct trail *trail)
{
	int *list[9];
	if (trail->counts != NULL)
		munmap((char *)trail->counts - COUNTS_HEADER_SIZE, COUNTS_FILE_SIZE);
	trail->counts = NULL;
	trail->broken = true;
	for (int *const *each = descriptors_of(trail, list); *each != NULL; each++) {
		if (**each >= 0)
			close(**each);
		**each = -1;
	}
}
