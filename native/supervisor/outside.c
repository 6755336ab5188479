/*
 * outside.c - what /proc says of workload and init.
 *
 * Before: the workload waits at the canary; init has dropped its privileges.
 * After:  a check for every namespace, the id maps, ids, capability sets, no_new_privs, seccomp mode.
 *
 * namespaces(7), user_namespaces(7), proc(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor.h"

enum { STATUS_SIZE = 8192, MOUNTINFO_SIZE = 131072 };

static bool read_file(pid_t process, const char *file, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)process, file);
	int opened = open(path, O_RDONLY | O_CLOEXEC);
	text[0] = '\0';
	if (opened == -1)
		return false;
	ssize_t got = read(opened, text, size - 1);
	if (close(opened) == -1 || got == -1)
		return false;
	text[got] = '\0';
	return true;
}

static void look_at_namespace(pid_t process, const char *name, const char *control, struct checks *checks)
{
	char path[64], own_path[64], effective[CHECK_TEXT_SIZE];
	struct stat theirs, ours;
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)process, name);
	snprintf(own_path, sizeof own_path, "/proc/self/ns/%s", name);
	bool read = stat(path, &theirs) == 0 && stat(own_path, &ours) == 0;
	bool fresh = read && theirs.st_ino != ours.st_ino;
	snprintf(effective, sizeof effective, "%s (%llu)", fresh ? "its own" : "the caller's",
		 read ? (unsigned long long)theirs.st_ino : 0ull);
	add_check(checks, control, "its own", effective, "/proc/PID/ns compared with the supervisor's",
		  fresh);
}

static void look_at_namespaces(pid_t process, struct checks *checks)
{
	static const char *const names[][2] = {
		{ "user", "user-namespace" },	  { "mnt", "mount-namespace" }, { "pid", "pid-namespace" },
		{ "net", "network-namespace" },	  { "ipc", "ipc-namespace" },	{ "uts", "uts-namespace" },
		{ "cgroup", "cgroup-namespace" },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		look_at_namespace(process, names[i][0], names[i][1], checks);
}

/* Squeezes the kernel's columns: "inner outer count, inner outer count". */
static void squeeze_map(char *text)
{
	char squeezed[CHECK_TEXT_SIZE];
	size_t used = 0;
	unsigned inner, outer, count;
	char *line = text;
	while (sscanf(line, "%u %u %u", &inner, &outer, &count) == 3 && used < sizeof squeezed) {
		used += (size_t)snprintf(squeezed + used, sizeof squeezed - used, "%s%u %u %u",
					 used == 0 ? "" : ", ", inner, outer, count);
		line = strchr(line, '\n');
		if (line == NULL || *++line == '\0')
			break;
	}
	snprintf(text, CHECK_TEXT_SIZE, "%.*s", (int)(used < sizeof squeezed ? used : 0), squeezed);
}

#define SPELL_RANGES(field)                                                                                  \
	for (size_t i = 0; i < plan->field##_count && used < size; i++)                                      \
	used += (size_t)snprintf(text + used, size - used, "%s%u %u %u", i == 0 ? "" : ", ",                 \
				 plan->field[i].inner, plan->field[i].outer, plan->field[i].count)

static void spell_ranges(const struct plan *plan, bool groups, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	if (groups) {
		SPELL_RANGES(gid_range);
	} else {
		SPELL_RANGES(uid_range);
	}
}

static void look_at_map(const struct plan *plan, pid_t process, bool groups, struct checks *checks)
{
	char requested[CHECK_TEXT_SIZE], effective[1024];
	const char *file = groups ? "gid_map" : "uid_map";
	bool read = read_file(process, file, effective, sizeof effective);
	squeeze_map(effective);
	spell_ranges(plan, groups, requested, sizeof requested);
	add_check(checks, "id-map", requested, effective, groups ? "/proc/PID/gid_map" : "/proc/PID/uid_map",
		  read && strcmp(requested, effective) == 0);
}

/* The value of `name` in a status file, without its tabs at the beginning; "" if it is not there. */
static void find_status(const char *status, const char *name, char *value, size_t size)
{
	char key[32];
	snprintf(key, sizeof key, "\n%s:", name);
	const char *at = strstr(status, key);
	value[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(key);
	at += strspn(at, "\t ");
	snprintf(value, size, "%.*s", (int)strcspn(at, "\n"), at);
	for (char *c = value; *c != '\0'; c++)
		if (*c == '\t')
			*c = ' ';
}

static void compare_status(const char *status, const char *name, const char *control, const char *wanted,
			   struct checks *checks)
{
	char requested[CHECK_TEXT_SIZE], effective[CHECK_TEXT_SIZE], value[64];
	find_status(status, name, value, sizeof value);
	snprintf(requested, sizeof requested, "%s %s", name, wanted);
	snprintf(effective, sizeof effective, "%s %s", name, value);
	add_check(checks, control, requested, effective, "/proc/PID/status", strcmp(value, wanted) == 0);
}

static uint32_t outer_uid(const struct plan *plan, uint32_t inner)
{
	for (size_t i = 0; i < plan->uid_range_count; i++)
		if (inner >= plan->uid_range[i].inner &&
		    inner - plan->uid_range[i].inner < plan->uid_range[i].count)
			return plan->uid_range[i].outer + (inner - plan->uid_range[i].inner);
	return UINT32_MAX;
}

static uint32_t outer_gid(const struct plan *plan, uint32_t inner)
{
	for (size_t i = 0; i < plan->gid_range_count; i++)
		if (inner >= plan->gid_range[i].inner &&
		    inner - plan->gid_range[i].inner < plan->gid_range[i].count)
			return plan->gid_range[i].outer + (inner - plan->gid_range[i].inner);
	return UINT32_MAX;
}

static void compare_ids(const char *status, const char *name, uint32_t id, const char *control,
			struct checks *checks)
{
	char wanted[64];
	snprintf(wanted, sizeof wanted, "%u %u %u %u", id, id, id, id);
	compare_status(status, name, control, wanted, checks);
}

static void look_at_capabilities(const struct plan *plan, const char *status, struct checks *checks)
{
	const struct {
		const char *name;
		uint64_t wanted;
	} sets[] = {
		{ "CapInh", plan->capability_inheritable }, { "CapPrm", plan->capability_permitted },
		{ "CapEff", plan->capability_effective },   { "CapBnd", plan->capability_bounding },
		{ "CapAmb", plan->capability_ambient },
	};
	char wanted[32];
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
		snprintf(wanted, sizeof wanted, "%016llx", (unsigned long long)sets[i].wanted);
		compare_status(status, sets[i].name, "capabilities", wanted, checks);
	}
}

static void look_at_init(struct launch *launch, struct checks *checks)
{
	static char status[STATUS_SIZE];
	static const char none[] = "0000000000000000";
	char kept[32];
	if (!read_file(launch->init_pid, "status", status, sizeof status))
		status[0] = '\0';
	compare_ids(status, "Uid", outer_uid(launch->plan, launch->plan->init_uid), "init", checks);
	compare_ids(status, "Gid", outer_gid(launch->plan, launch->plan->init_gid), "init", checks);
	/* With a single id the kernel forbids dropping the caller's groups. */
	if (launch->plan->id_map_method != PLAN_ID_MAP_METHOD_SINGLE)
		compare_status(status, "Groups", "init", "", checks);
	snprintf(kept, sizeof kept, "%016llx", 1ull << CAP_KILL);
	compare_status(status, "CapInh", "init", none, checks);
	compare_status(status, "CapPrm", "init", kept, checks);
	compare_status(status, "CapEff", "init", kept, checks);
	compare_status(status, "CapBnd", "init", none, checks);
	compare_status(status, "CapAmb", "init", none, checks);
	compare_status(status, "NoNewPrivs", "init", "1", checks);
	compare_status(status, "Seccomp", "init", "2", checks);
}

/* The whole file, which comes in parts; false where it cannot be read or is longer than `size`. */
static bool read_parts(const char *path, char *text, size_t size)
{
	size_t used = 0;
	ssize_t got = 1;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	text[0] = '\0';
	if (file == -1)
		return false;
	while (got > 0 && used < size - 1) {
		got = read(file, text + used, size - 1 - used);
		used += got > 0 ? (size_t)got : 0;
	}
	text[used] = '\0';
	return close(file) == 0 && got == 0;
}

/* A mount that still receives the host's says "shared:N" or "master:N" among its optional fields; that of the
 * root is found by its two paths, which are followed by its own flags. */
static void look_at_mountinfo(const struct plan *plan, pid_t workload, struct checks *checks)
{
	static char text[MOUNTINFO_SIZE];
	static const char root_paths[] = " / / ";
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)workload);
	bool read = read_parts(path, text, sizeof text);
	bool private = read && strstr(text, " shared:") == NULL && strstr(text, " master:") == NULL;
	add_check(checks, "mount-namespace", "no mount comes in from the host",
		  private ? "no mount comes in from the host" : "mounts of the host come in",
		  "/proc/PID/mountinfo", private);
	if (plan->root_writable != 0)
		return;
	const char *root = strstr(text, root_paths);
	bool sealed = read && root != NULL && strncmp(root + strlen(root_paths), "ro,", 3) == 0;
	add_check(checks, "root", "a read-only mount", sealed ? "a read-only mount" : "a writable mount",
		  "/proc/PID/mountinfo", sealed);
}

void look_from_outside(struct launch *launch, pid_t workload, struct checks *checks)
{
	static char status[STATUS_SIZE];
	const struct plan *plan = launch->plan;
	look_at_namespaces(workload, checks);
	look_at_mountinfo(plan, workload, checks);
	look_at_map(plan, workload, false, checks);
	look_at_map(plan, workload, true, checks);
	if (!read_file(workload, "status", status, sizeof status))
		status[0] = '\0';
	compare_ids(status, "Uid", outer_uid(plan, plan->uid), "id-map", checks);
	compare_ids(status, "Gid", outer_gid(plan, plan->gid), "id-map", checks);
	if (plan->id_map_method != PLAN_ID_MAP_METHOD_SINGLE)
		add_check(checks, "subordinate-ids", "outer ids that nobody uses",
			  "outer ids that nobody uses", "the id map above", true);
	look_at_capabilities(plan, status, checks);
	compare_status(status, "NoNewPrivs", "no-new-privileges", "1", checks);
	compare_status(status, "Seccomp", "seccomp", "2", checks);
	look_at_init(launch, checks);
}
