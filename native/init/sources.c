/*
 * sources.c - opens what comes from the host, with the caller's own rights.
 *
 * Before: own mount namespace; ids still the caller's (outer), so that a folder of mode 0700 can be entered.
 * After:  every layer, every bind source and the mount point is an O_PATH descriptor in this mount namespace.
 *
 * open(2) O_PATH, mount_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "steps.h"

int make_mounts_private(struct launch *launch)
{
	(void)launch;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static void *reserve(size_t count, size_t size)
{
	void *memory = mmap(NULL, (count == 0 ? 1 : count) * size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static int open_path(struct launch *launch, const char *path, int flags)
{
	int opened = open(path, O_PATH | O_CLOEXEC | flags);
	if (opened == -1)
		set_detail(launch, path);
	return opened;
}

static int open_source(struct launch *launch, const char *path, struct mount_source *source)
{
	struct stat found;
	source->descriptor = open_path(launch, path, 0);
	if (source->descriptor == -1 || fstat(source->descriptor, &found) == -1)
		return -1;
	source->device = found.st_dev;
	source->inode = found.st_ino;
	return 0;
}

int open_sources(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	launch->layer_folders = reserve(plan->layer_count, sizeof *launch->layer_folders);
	launch->mount_sources = reserve(plan->mount_count, sizeof *launch->mount_sources);
	if (launch->layer_folders == NULL || launch->mount_sources == NULL)
		return -1;
	launch->mountpoint = open_path(launch, plan->state_directory, O_DIRECTORY);
	if (launch->mountpoint == -1)
		return -1;
	for (size_t i = 0; i < plan->layer_count; i++) {
		launch->layer_folders[i] = open_path(launch, plan->layer[i], O_DIRECTORY);
		if (launch->layer_folders[i] == -1)
			return -1;
	}
	for (size_t i = 0; i < plan->mount_count; i++) {
		launch->mount_sources[i].descriptor = -1;
		if (plan->mount[i].kind == PLAN_MOUNT_BIND &&
		    open_source(launch, plan->mount[i].source, &launch->mount_sources[i]) == -1)
			return -1;
	}
	return 0;
}
