/*
 * check_plan.c - the rules across a plan's fields.
 *
 * Before: read_plan() succeeded.
 * After:  indexes point into their lists, paths that must be absolute are,
 *         enumerations hold known values.
 */
#include <stdbool.h>
#include <string.h>

#include "check_plan.h"

enum { MOST_INSTRUCTIONS = 4096, INSTRUCTION_SIZE = 8, KNOWN_CALLS_SIZE = 128, LAST_ERRNO = 4095 };

static bool is_absolute(const char *path)
{
	return path[0] == '/';
}

static bool is_empty_or_absolute(const char *path)
{
	return path[0] == '\0' || is_absolute(path);
}

/* A single component: no way to leave the folder it is used in. */
static bool is_file_name(const char *name)
{
	return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static bool is_ids(const struct plan *plan)
{
	if (plan->id_map_method > PLAN_ID_MAP_METHOD_DIRECT || plan->uid_range_count == 0 ||
	    plan->gid_range_count == 0)
		return false;
	if (plan->id_map_method == PLAN_ID_MAP_METHOD_SUBORDINATE)
		return is_absolute(plan->newuidmap) && is_absolute(plan->newgidmap);
	return true;
}

static bool is_mount(const struct plan_mount *mount)
{
	if (mount->kind < PLAN_MOUNT_TMPFS || mount->kind > PLAN_MOUNT_READ_ONLY ||
	    !is_absolute(mount->target))
		return false;
	return mount->kind == PLAN_MOUNT_BIND ? is_absolute(mount->source) : mount->source[0] == '\0';
}

static bool is_refusal(const struct plan *plan, const struct plan_refusal *refusal)
{
	if (refusal->answer > PLAN_REFUSAL_CONTINUE || refusal->errno_value > LAST_ERRNO)
		return false;
	return refusal->first_condition <= plan->condition_count &&
	       refusal->condition_count <= plan->condition_count - refusal->first_condition;
}

static const char *check_paths(const struct plan *plan)
{
	if (!is_absolute(plan->state_directory) || !is_absolute(plan->working_directory))
		return "a path is not absolute";
	if (!is_empty_or_absolute(plan->newuidmap) || !is_empty_or_absolute(plan->newgidmap))
		return "a helper's path is not absolute";
	if (plan->layer_count == 0)
		return "no layer";
	for (size_t i = 0; i < plan->layer_count; i++)
		if (!is_absolute(plan->layer[i]))
			return "a layer's path is not absolute";
	for (size_t i = 0; i < plan->mount_count; i++)
		if (!is_mount(&plan->mount[i]))
			return "a mount that cannot be";
	for (size_t i = 0; i < plan->landlock_path_count; i++)
		if (!is_absolute(plan->landlock_path[i].path))
			return "a Landlock path is not absolute";
	return NULL;
}

static const char *check_groups(const struct plan *plan)
{
	for (size_t i = 0; i < plan->cgroup_count; i++)
		if (!is_absolute(plan->cgroup[i].parent) ||
		    (plan->cgroup[i].version != 1 && plan->cgroup[i].version != 2))
			return "a cgroup that cannot be";
	for (size_t i = 0; i < plan->cgroup_value_count; i++)
		if (plan->cgroup_value[i].index >= plan->cgroup_count ||
		    !is_file_name(plan->cgroup_value[i].file))
			return "a cgroup value without its group";
	return NULL;
}

/* As the OCI image specification spells one. */
static bool is_digest(const char *text)
{
	return strncmp(text, "sha256:", 7) == 0 && strlen(text + 7) == 64 &&
	       strspn(text + 7, "0123456789abcdef") == 64;
}

static const char *check_calls(const struct plan *plan)
{
	if (plan->filter_size == 0 || plan->filter_size % INSTRUCTION_SIZE != 0 ||
	    plan->filter_size / INSTRUCTION_SIZE > MOST_INSTRUCTIONS)
		return "a filter of impossible size";
	if (!is_digest(plan->proof.certificate) || !is_digest(plan->proof.filter))
		return "a filter without its proof";
	if (plan->known_calls_size != KNOWN_CALLS_SIZE)
		return "a table of known calls of another size";
	for (size_t i = 0; i < plan->condition_count; i++)
		if (plan->condition[i].argument > 5 ||
		    plan->condition[i].compare > PLAN_CONDITION_GREATER_OR_EQUAL)
			return "a condition that cannot be";
	for (size_t i = 0; i < plan->refusal_count; i++)
		if (!is_refusal(plan, &plan->refusal[i]))
			return "a refusal that cannot be";
	if (plan->on_deny.errno_value - 1 >= LAST_ERRNO || plan->on_unknown.errno_value - 1 >= LAST_ERRNO ||
	    plan->on_foreign.errno_value - 1 >= LAST_ERRNO)
		return "a default answer that is no errno";
	return NULL;
}

static const char *check_profile(const struct plan *plan)
{
	bool own = plan->apparmor_namespace[0] != '\0';
	if (strpbrk(plan->apparmor_label, ":/ \n") != NULL ||
	    strpbrk(plan->apparmor_namespace, ":/ \n") != NULL)
		return "an AppArmor label that is no profile's name";
	if (own != (plan->apparmor_program_size != 0) || (own && plan->apparmor_label[0] == '\0'))
		return "an AppArmor profile without its namespace, or the other way round";
	return NULL;
}

const char *check_plan(const struct plan *plan)
{
	if (!is_ids(plan))
		return "no usable id map";
	const char *fault = check_paths(plan);
	if (fault == NULL)
		fault = check_groups(plan);
	if (fault == NULL)
		fault = check_profile(plan);
	return fault != NULL ? fault : check_calls(plan);
}
