/*
 * landlock.c - the plan's Landlock ruleset, and the proof that it holds.
 *
 * Before: no_new_privs is set; "/" is the new root. The canary beside the root can be read.
 * After:  this process and its children have only the accesses that the plan's rules grant;
 *         the canary, which no rule grants, cannot be read any more.
 *
 * landlock(7), landlock_add_rule(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/open_plain.h"
#include "steps.h"

/* The ruleset as kernels from 6.12 on know it; older ones take its beginning. */
struct ruleset {
	uint64_t fs, net, scoped;
};

struct port_rule {
	uint64_t access, port;
};

enum { RULE_PATH = 1, RULE_PORT = 2 };

/* What can be done to a file that is no folder: execute, write, read, truncate, ioctl on a device. */
static const uint64_t file_rights = 1u << 0 | 1u << 1 | 1u << 2 | 1u << 14 | 1u << 15;

static bool is_wanted(const struct plan *plan)
{
	return plan->landlock_fs != 0 || plan->landlock_net != 0 || plan->landlock_scoped != 0;
}

static size_t size_for(const struct plan *plan)
{
	if (plan->landlock_scoped != 0)
		return sizeof(struct ruleset);
	return plan->landlock_net != 0 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

/* A path that the image does not have needs no grant; a link there grants nothing to where it points. */
static int grant_path(int ruleset, const struct plan_landlock_path *rule)
{
	int place = open_plain(rule->path, O_NOFOLLOW);
	if (place == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP ? 0 : -1;
	struct stat file;
	if (fstat(place, &file) == -1)
		return -1;
	uint64_t access = S_ISDIR(file.st_mode) ? rule->access : rule->access & file_rights;
	const struct landlock_path_beneath_attr grant = { .allowed_access = access, .parent_fd = place };
	if (access != 0 && syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &grant, 0u) == -1)
		return -1;
	return close(place);
}

static int grant_all(struct launch *launch, int ruleset)
{
	const struct plan *plan = launch->plan;
	for (size_t i = 0; i < plan->landlock_path_count; i++) {
		set_detail(launch, plan->landlock_path[i].path);
		if (grant_path(ruleset, &plan->landlock_path[i]) == -1)
			return -1;
	}
	for (size_t i = 0; i < plan->landlock_port_count; i++) {
		const struct port_rule grant = { plan->landlock_port[i].access, plan->landlock_port[i].port };
		if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &grant, 0u) == -1)
			return -1;
	}
	launch->detail[0] = '\0';
	return 0;
}

/* 0 if the canary can be read, else the errno of opening it. */
static int read_canary(struct launch *launch)
{
	int canary = openat(launch->scratch, "canary", O_RDONLY | O_CLOEXEC);
	if (canary == -1)
		return errno;
	return close(canary) == -1 ? errno : 0;
}

int restrict_paths(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	if (!is_wanted(plan))
		return 0;
	int before = read_canary(launch);
	if (before != 0) {
		set_detail(launch, "the canary cannot be read even without Landlock");
		errno = before;
		return -1;
	}
	const struct ruleset attributes = { plan->landlock_fs, plan->landlock_net, plan->landlock_scoped };
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size_for(plan), 0u);
	if (ruleset == -1)
		return -1;
	if (grant_all(launch, ruleset) == -1)
		return -1;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0u) == -1)
		return -1;
	return close(ruleset);
}

void look_at_landlock(struct launch *launch, struct checks *checks)
{
	const struct plan *plan = launch->plan;
	char requested[CHECK_TEXT_SIZE];
	if (!is_wanted(plan))
		return;
	snprintf(requested, sizeof requested,
		 "%zu path and %zu port rules over fs 0x%llx net 0x%llx scoped 0x%llx",
		 plan->landlock_path_count, plan->landlock_port_count, (unsigned long long)plan->landlock_fs,
		 (unsigned long long)plan->landlock_net, (unsigned long long)plan->landlock_scoped);
	int refused = read_canary(launch);
	add_check(checks, "landlock", requested, refused == EACCES ? "canary refused" : "canary not refused",
		  "opened a file that no rule grants, before and after", refused == EACCES);
}
