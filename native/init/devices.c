/*
 * devices.c - a /dev with the few devices that every program may expect.
 *
 * Before: the new root is mounted; the host's /dev is still visible.
 * After:  <target> is a small tmpfs, sealed read-only: null, zero, full, random, urandom and tty are the
 *         host's nodes, pts is a new instance, shm is memory of the plan's size; fd, stdin, stdout,
 *         stderr and ptmx are links.
 *
 * tmpfs(5), pts(4), kernel documentation "devpts".
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "place.h"
#include "steps.h"

static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },	 { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },
};

static int bind_node(int folder, const char *name)
{
	char host[32];
	snprintf(host, sizeof host, "/dev/%s", name);
	int node = open(host, O_PATH | O_CLOEXEC);
	if (node == -1)
		return -1;
	int copy = copy_mount(node, false);
	if (copy == -1 || close(node) == -1)
		return -1;
	if (restrict_mount(copy, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false) == -1)
		return -1;
	int place = open_or_make_file(folder, name);
	return place == -1 ? -1 : attach_mount(copy, place);
}

static int mount_terminals(struct launch *launch, int folder)
{
	/* Group 5 is tty by convention; where only one id is mapped there is none. */
	const bool groups = launch->plan->id_map_method != PLAN_ID_MAP_METHOD_SINGLE;
	/* The machine has some thousands of terminals for all containers together: no run may take them all.
	 */
	const struct parameter parameters[] = { { "ptmxmode", "0666" },
						{ "mode", "0620" },
						{ "max", "64" },
						{ groups ? "gid" : NULL, "5" },
						{ NULL, NULL } };
	int terminals = new_mount("devpts", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (terminals == -1)
		return -1;
	int place = open_or_make_folder(folder, "pts", 0755);
	return place == -1 ? -1 : attach_mount(terminals, place);
}

static int mount_shared_memory(int folder, const struct plan_mount *mount)
{
	char size[SIZE_TEXT];
	spell_size(size, mount->size);
	const struct parameter parameters[] = {
		{ "size", size }, { "mode", "1777" }, { "nr_inodes", "4096" }, { NULL, NULL }
	};
	int memory = new_mount("tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (memory == -1)
		return -1;
	int place = open_or_make_folder(folder, "shm", 0755);
	return place == -1 ? -1 : attach_mount(memory, place);
}

int mount_devices(struct launch *launch, const struct plan_mount *mount)
{
	const struct parameter parameters[] = { { "size", "64k" }, { "mode", "0755" }, { NULL, NULL } };
	int devices = new_mount("tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (devices == -1)
		return -1;
	int folder = fcntl(devices, F_DUPFD_CLOEXEC, 3);
	int place = open_mount_point(launch->root, mount->target);
	if (folder == -1 || place == -1 || attach_mount(devices, place) == -1)
		return -1;
	for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
		if (bind_node(folder, nodes[i]) == -1)
			return -1;
	if (mount_terminals(launch, folder) == -1 || mount_shared_memory(folder, mount) == -1)
		return -1;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i].target, folder, links[i].name) == -1)
			return -1;
	if (restrict_mount(folder, MOUNT_ATTR_RDONLY, false) == -1)
		return -1;
	return close(folder);
}
