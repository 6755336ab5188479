/*
 * mounts.c - carries out the plan's list of mounts, in its order.
 *
 * Before: the new root is mounted and open; bind sources are open.
 * After:  every mount of the list is in place; the whole list, or a failure that names the target.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "steps.h"

static unsigned attributes_of(const struct plan_mount *mount)
{
	unsigned attributes = 0;
	if ((mount->flags & PLAN_MOUNT_FLAG_NOEXEC) != 0)
		attributes |= MOUNT_ATTR_NOEXEC;
	if ((mount->flags & PLAN_MOUNT_FLAG_NOSUID) != 0)
		attributes |= MOUNT_ATTR_NOSUID;
	if ((mount->flags & PLAN_MOUNT_FLAG_NODEV) != 0)
		attributes |= MOUNT_ATTR_NODEV;
	if ((mount->flags & PLAN_MOUNT_FLAG_READ_ONLY) != 0)
		attributes |= MOUNT_ATTR_RDONLY;
	return attributes;
}

static int attach_at_folder(struct launch *launch, int mount, const char *target)
{
	if (mount == -1)
		return -1;
	int place = open_mount_point(launch->root, target);
	if (place == -1) {
		int error = errno;
		close(mount);
		errno = error;
		return -1;
	}
	return attach_mount(mount, place);
}

static int mount_tmpfs(struct launch *launch, const struct plan_mount *mount)
{
	char size[SIZE_TEXT], inodes[16], mode[16];
	spell_size(size, mount->size);
	snprintf(inodes, sizeof inodes, "%u", mount->max_files);
	snprintf(mode, sizeof mode, "%o", mount->mode);
	const struct parameter parameters[] = {
		{ "size", size }, { "nr_inodes", inodes }, { "mode", mode }, { NULL, NULL }
	};
	return attach_at_folder(launch, new_mount("tmpfs", parameters, attributes_of(mount)), mount->target);
}

static int mount_proc(struct launch *launch, const struct plan_mount *mount)
{
	const struct parameter subset[] = { { "subset", "pid" }, { NULL, NULL } };
	const struct parameter *parameters =
		(mount->flags & PLAN_MOUNT_FLAG_SUBSET_PID) != 0 ? subset : &subset[1];
	int proc = new_mount("proc", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return attach_at_folder(launch, proc, mount->target);
}

static int is_folder(int descriptor, bool *folder)
{
	struct stat file;
	if (fstat(descriptor, &file) == -1)
		return -1;
	*folder = S_ISDIR(file.st_mode);
	return 0;
}

static int mount_bind(struct launch *launch, const struct plan_mount *mount, int source)
{
	bool folder;
	if (is_folder(source, &folder) == -1)
		return -1;
	int copy = copy_mount(source, folder);
	if (copy == -1 || restrict_mount(copy, attributes_of(mount), folder) == -1)
		return -1;
	int place = folder ? open_or_make_folder(launch->root, mount->target, 0755)
			   : open_or_make_file(launch->root, mount->target);
	return place == -1 ? -1 : attach_mount(copy, place);
}

/* Hides what is there: an empty folder over a folder, the null device over a file. */
static int mount_mask(struct launch *launch, const struct plan_mount *mount)
{
	bool folder;
	int place = open_inside(launch->root, mount->target, O_PATH);
	if (place == -1)
		return errno == ENOENT ? 0 : -1;
	if (is_folder(place, &folder) == -1)
		return -1;
	if (folder) {
		const struct parameter parameters[] = { { "size", "0" }, { "mode", "0555" }, { NULL, NULL } };
		int empty = new_mount("tmpfs", parameters,
				      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					      MOUNT_ATTR_NOEXEC);
		return empty == -1 ? -1 : attach_mount(empty, place);
	}
	int null = open("/dev/null", O_PATH | O_CLOEXEC);
	int copy = null == -1 ? -1 : copy_mount(null, false);
	if (copy == -1 || close(null) == -1)
		return -1;
	return attach_mount(copy, place);
}

static int mount_read_only(struct launch *launch, const struct plan_mount *mount)
{
	int place = open_inside(launch->root, mount->target, O_PATH);
	if (place == -1)
		return errno == ENOENT ? 0 : -1;
	int copy = copy_mount(place, true);
	if (copy == -1 || restrict_mount(copy, MOUNT_ATTR_RDONLY, true) == -1)
		return -1;
	return attach_mount(copy, place);
}

static int carry_out(struct launch *launch, const struct plan_mount *mount, int source)
{
	switch (mount->kind) {
	case PLAN_MOUNT_TMPFS:
		return mount_tmpfs(launch, mount);
	case PLAN_MOUNT_BIND:
		return mount_bind(launch, mount, source);
	case PLAN_MOUNT_PROC:
		return mount_proc(launch, mount);
	case PLAN_MOUNT_DEV:
		return mount_devices(launch, mount);
	case PLAN_MOUNT_MASK:
		return mount_mask(launch, mount);
	case PLAN_MOUNT_READ_ONLY:
		return mount_read_only(launch, mount);
	default:
		errno = EINVAL;
		return -1;
	}
}

int mount_plan(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	for (size_t i = 0; i < plan->mount_count; i++) {
		set_detail(launch, plan->mount[i].target);
		if (carry_out(launch, &plan->mount[i], launch->mount_sources[i].descriptor) == -1)
			return -1;
	}
	return 0;
}
