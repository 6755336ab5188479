/*
 * look_at_mounts.c - whether root and mounts are what the plan says, seen from inside.
 *
 * Before: "/" is the new root, ids are the workload's.
 * After:  a check for the root, and one for each mount that is not as the plan has it, or one for all.
 *
 * statfs(2), pivot_root(2).
 */
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "steps.h"

#ifndef PROC_SUPER_MAGIC
#define PROC_SUPER_MAGIC 0x9fa0
#endif

/* statfs(2) f_flags have the values of statvfs(3)'s. */
bool has_flags(const struct statfs *mounted, unsigned flags)
{
	unsigned long wanted = 0;
	if ((flags & PLAN_MOUNT_FLAG_READ_ONLY) != 0)
		wanted |= ST_RDONLY;
	if ((flags & PLAN_MOUNT_FLAG_NOSUID) != 0)
		wanted |= ST_NOSUID;
	if ((flags & PLAN_MOUNT_FLAG_NODEV) != 0)
		wanted |= ST_NODEV;
	if ((flags & PLAN_MOUNT_FLAG_NOEXEC) != 0)
		wanted |= ST_NOEXEC;
	return ((unsigned long)mounted->f_flags & wanted) == wanted;
}

void look_at_root(struct launch *launch, struct checks *checks)
{
	struct stat root, above;
	struct statfs mounted;
	const bool sealed = launch->plan->root_writable == 0;
	const char *requested = sealed ? "overlay, read-only, nosuid, nodev" : "overlay, nosuid, nodev";
	const char *effective = requested;
	const uint64_t size = sealed ? SEALED_ROOT_SIZE : launch->plan->root_size;
	bool read = stat("/", &root) == 0 && stat("/..", &above) == 0 && statfs("/", &mounted) == 0;
	if (!read)
		effective = "unreadable";
	else if (root.st_dev != launch->root_device || root.st_ino != launch->root_inode)
		effective = "another root";
	else if (above.st_dev != root.st_dev || above.st_ino != root.st_ino)
		effective = "the old root lies above it";
	else if (mounted.f_type != OVERLAYFS_SUPER_MAGIC)
		effective = "no overlay";
	else if (!has_flags(&mounted, PLAN_MOUNT_FLAG_NOSUID | PLAN_MOUNT_FLAG_NODEV |
					      (sealed ? PLAN_MOUNT_FLAG_READ_ONLY : 0u)))
		effective = "without a flag that was asked for";
	else if (!has_size(launch->scratch, size))
		effective = "of another size";
	add_check(checks, "root", requested, effective, "stat(2) of / and /.., statfs(2)",
		  effective == requested);
}

/* What the file system at a mount's target must be; 0: any. */
static long type_of(const struct plan_mount *mount)
{
	switch (mount->kind) {
	case PLAN_MOUNT_TMPFS:
	case PLAN_MOUNT_DEV:
		return TMPFS_MAGIC;
	case PLAN_MOUNT_PROC:
		return PROC_SUPER_MAGIC;
	default:
		return 0;
	}
}

static unsigned flags_of(const struct plan_mount *mount)
{
	switch (mount->kind) {
	case PLAN_MOUNT_DEV:
		return PLAN_MOUNT_FLAG_NOSUID | PLAN_MOUNT_FLAG_NOEXEC | PLAN_MOUNT_FLAG_READ_ONLY;
	case PLAN_MOUNT_PROC:
		return PLAN_MOUNT_FLAG_NOSUID | PLAN_MOUNT_FLAG_NOEXEC | PLAN_MOUNT_FLAG_NODEV;
	case PLAN_MOUNT_READ_ONLY:
		return PLAN_MOUNT_FLAG_READ_ONLY;
	default:
		return mount->flags;
	}
}

static bool is_masked(const struct plan_mount *mount)
{
	struct stat file;
	struct statfs mounted;
	if (stat(mount->target, &file) == -1)
		return errno == ENOENT || errno == EACCES;
	if (S_ISCHR(file.st_mode))
		return file.st_rdev == makedev(1, 3);
	return S_ISDIR(file.st_mode) && statfs(mount->target, &mounted) == 0 &&
	       mounted.f_type == TMPFS_MAGIC && has_flags(&mounted, PLAN_MOUNT_FLAG_READ_ONLY);
}

/* A file that only a whole proc has; that it is not there at all tells subset=pid from a mask. */
static bool is_process_subset(const struct plan_mount *mount)
{
	char path[PATH_MAX];
	struct stat file;
	snprintf(path, sizeof path, "%s/cpuinfo", mount->target);
	return stat(path, &file) == -1 && errno == ENOENT;
}

/* The very file or folder that was opened on the host. */
static bool is_source(const struct plan_mount *mount, const struct mount_source *source)
{
	struct stat found;
	return stat(mount->target, &found) == 0 && source->device == found.st_dev &&
	       source->inode == found.st_ino;
}

static bool has_content(const struct plan_mount *mount, const struct mount_source *source)
{
	switch (mount->kind) {
	case PLAN_MOUNT_TMPFS:
		return is_memory(mount->target, mount->size, mount->max_files, mount->mode);
	case PLAN_MOUNT_PROC:
		return (mount->flags & PLAN_MOUNT_FLAG_SUBSET_PID) == 0 || is_process_subset(mount);
	case PLAN_MOUNT_DEV:
		return has_devices(mount);
	case PLAN_MOUNT_BIND:
		return is_source(mount, source);
	default:
		return true;
	}
}

static bool is_as_planned(const struct plan_mount *mount, const struct mount_source *source)
{
	struct statfs mounted;
	if (mount->kind == PLAN_MOUNT_MASK)
		return is_masked(mount);
	if (statfs(mount->target, &mounted) == -1)
		/* Out of the workload's reach is no danger; absent is none for what only restricts a path. */
		return errno == EACCES || (errno == ENOENT && mount->kind == PLAN_MOUNT_READ_ONLY);
	long type = type_of(mount);
	return (type == 0 || mounted.f_type == type) && has_flags(&mounted, flags_of(mount)) &&
	       has_content(mount, source);
}

void look_at_mounts(struct launch *launch, struct checks *checks)
{
	const struct plan *plan = launch->plan;
	char text[CHECK_TEXT_SIZE];
	size_t wrong = 0;
	for (size_t i = 0; i < plan->mount_count; i++) {
		if (is_as_planned(&plan->mount[i], &launch->mount_sources[i]))
			continue;
		wrong++;
		add_check(checks, "mounts", plan->mount[i].target, "not as planned", "statfs(2)", false);
	}
	snprintf(text, sizeof text, "%zu as planned", plan->mount_count);
	if (wrong == 0)
		add_check(checks, "mounts", text, text, "statfs(2) of each target", true);
}
