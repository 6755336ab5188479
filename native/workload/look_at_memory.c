/*
 * look_at_memory.c - whether file systems in memory have the bounds that the plan gives them, and /dev its
 * devices.
 *
 * Before: the mounts are there, of the right type and with their flags.
 * After:  true where size, number of files and mode are the plan's, or every device is the one it is named.
 *
 * statfs(2), tmpfs(5), null(4), kernel documentation "devices".
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "steps.h"

#ifndef DEVPTS_SUPER_MAGIC
#define DEVPTS_SUPER_MAGIC 0x1cd1
#endif
#ifndef TMPFS_MAGIC
#define TMPFS_MAGIC 0x01021994
#endif

enum { PATH_SIZE = 128, MODE_BITS = 07777, SHARED_MEMORY_FILES = 4096 };

static const struct {
	const char *name;
	unsigned major, minor;
} devices[] = {
	{ "null", 1, 3 },   { "zero", 1, 5 },	 { "full", 1, 7 },
	{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

/* No memory at all is one block: tmpfs takes 0 for no bound. */
static bool is_of_size(const struct statfs *mounted, uint64_t size)
{
	uint64_t block = (uint64_t)mounted->f_bsize;
	uint64_t blocks = size == 0 ? 1 : (size + block - 1) / block;
	return mounted->f_blocks == blocks;
}

bool has_size(int descriptor, uint64_t size)
{
	struct statfs mounted;
	return fstatfs(descriptor, &mounted) == 0 && is_of_size(&mounted, size);
}

bool is_memory(const char *path, uint64_t size, uint64_t files, unsigned mode)
{
	struct statfs mounted;
	struct stat folder;
	return statfs(path, &mounted) == 0 && stat(path, &folder) == 0 && mounted.f_type == TMPFS_MAGIC &&
	       is_of_size(&mounted, size) && mounted.f_files == files && (folder.st_mode & MODE_BITS) == mode;
}

static bool has_device(const char *folder, const char *name, dev_t number)
{
	char path[PATH_SIZE];
	struct stat device;
	struct statfs mounted;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return stat(path, &device) == 0 && S_ISCHR(device.st_mode) && device.st_rdev == number &&
	       statfs(path, &mounted) == 0 &&
	       has_flags(&mounted, PLAN_MOUNT_FLAG_NOSUID | PLAN_MOUNT_FLAG_NOEXEC);
}

bool has_devices(const struct plan_mount *mount)
{
	char path[PATH_SIZE];
	struct statfs mounted;
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		if (!has_device(mount->target, devices[i].name, makedev(devices[i].major, devices[i].minor)))
			return false;
	snprintf(path, sizeof path, "%s/pts", mount->target);
	if (statfs(path, &mounted) == -1 || mounted.f_type != DEVPTS_SUPER_MAGIC ||
	    !has_flags(&mounted, PLAN_MOUNT_FLAG_NOSUID | PLAN_MOUNT_FLAG_NOEXEC))
		return false;
	snprintf(path, sizeof path, "%s/shm", mount->target);
	return is_memory(path, mount->size, SHARED_MEMORY_FILES, 01777);
}
