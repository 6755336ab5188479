/*
 * place.c - making mounts and the places they go to.
 *
 * Before: a mount namespace of our own, the new root open as a descriptor.
 * After:  nothing was touched outside the new root: every lookup is RESOLVE_IN_ROOT and follows no magic
 * link.
 *
 * openat2(2), fsopen(2), move_mount(2), open_tree(2), mount_setattr(2).
 */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int close_and_fail(int descriptor)
{
	int error = errno;
	close(descriptor);
	errno = error;
	return -1;
}

int new_mount(const char *type, const struct parameter *parameters, unsigned attributes)
{
	int context = (int)syscall(SYS_fsopen, type, (unsigned)FSOPEN_CLOEXEC);
	if (context == -1)
		return -1;
	for (const struct parameter *parameter = parameters; parameter->name != NULL; parameter++) {
		unsigned command = parameter->value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
		if (syscall(SYS_fsconfig, context, command, parameter->name, parameter->value, 0) == -1)
			return close_and_fail(context);
	}
	if (syscall(SYS_fsconfig, context, (unsigned)FSCONFIG_CMD_CREATE, NULL, NULL, 0) == -1)
		return close_and_fail(context);
	int mount = (int)syscall(SYS_fsmount, context, (unsigned)FSMOUNT_CLOEXEC, attributes);
	if (mount == -1)
		return close_and_fail(context);
	if (close(context) == -1)
		return close_and_fail(mount);
	return mount;
}

void spell_size(char text[SIZE_TEXT], uint64_t bytes)
{
	snprintf(text, SIZE_TEXT, "%llu", bytes == 0 ? 1ULL : (unsigned long long)bytes);
}

int copy_mount(int source, bool recursive)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH |
			 (recursive ? (unsigned)AT_RECURSIVE : 0);
	return (int)syscall(SYS_open_tree, source, "", flags);
}

int restrict_mount(int mount, unsigned attributes, bool recursive)
{
	struct mount_attr attr = { .attr_set = attributes };
	unsigned flags = AT_EMPTY_PATH | (recursive ? (unsigned)AT_RECURSIVE : 0);
	return (int)syscall(SYS_mount_setattr, mount, "", flags, &attr, sizeof attr);
}

int attach_mount(int mount, int target)
{
	if (syscall(SYS_move_mount, mount, "", target, "",
		    (unsigned)(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)) == -1) {
		close_and_fail(mount);
		return close_and_fail(target);
	}
	if (close(mount) == -1)
		return close_and_fail(target);
	return close(target);
}

int open_inside(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* The folder that holds the last component of `path`, which is copied to `name`. */
static int open_parent(int root, const char *path, char name[NAME_MAX + 1])
{
	char parent[PATH_MAX];
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		length--;
	size_t start = length;
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (length - start == 0 || length - start > NAME_MAX || start >= sizeof parent) {
		errno = EINVAL;
		return -1;
	}
	memcpy(name, path + start, length - start);
	name[length - start] = '\0';
	memcpy(parent, path, start);
	parent[start] = '\0';
	return open_or_make_folder(root, start == 0 ? "/" : parent, 0755);
}

int open_or_make_folder(int root, const char *path, mode_t mode)
{
	int folder = open_inside(root, path, O_PATH | O_DIRECTORY);
	if (folder != -1 || errno != ENOENT)
		return folder;
	char name[NAME_MAX + 1];
	int parent = open_parent(root, path, name);
	if (parent == -1)
		return -1;
	/* The mode as asked for, whatever the caller's umask: chmod follows. */
	if (mkdirat(parent, name, mode) == -1)
		return close_and_fail(parent);
	if (fchmodat(parent, name, mode, 0) == -1)
		return close_and_fail(parent);
	if (close(parent) == -1)
		return -1;
	return open_inside(root, path, O_PATH | O_DIRECTORY);
}

int open_mount_point(int root, const char *path)
{
	int made = open_or_make_folder(root, path, 0755);
	if (made == -1 || close(made) == -1)
		return -1;
	return open_inside(root, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

int open_or_make_file(int root, const char *path)
{
	int file = open_inside(root, path, O_PATH);
	if (file != -1 || errno != ENOENT)
		return file;
	char name[NAME_MAX + 1];
	int parent = open_parent(root, path, name);
	if (parent == -1)
		return -1;
	int made = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (made == -1)
		return close_and_fail(parent);
	if (close(made) == -1)
		return close_and_fail(parent);
	if (close(parent) == -1)
		return -1;
	return open_inside(root, path, O_PATH);
}
