/*
 * filesystem.c - links, attributes, owners and flags.
 *
 * Each file is the probe's own, or is only named. What a probe made is
 * removed before it ends. link(2), setxattr(2), ioctl_iflags(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "probe.h"

enum { FILE_SETATTR = 469, SETXATTRAT = 463, ATTRIBUTE_SIZE = 20 };

static int own_file(struct outcome *outcome)
{
	int file = open_own_file("file", O_RDWR, 0600);
	if (file == -1)
		conclude(outcome, ERROR, errno, "no file of its own");
	return file;
}

static void remove_own(const char *name)
{
	char path[PATH_MAX];
	own_path(path, sizeof path, name);
	(void)unlink(path);
}

static const char *setuid_file(void)
{
	static const char *const usual[] = { "/usr/bin/su",	"/bin/su",	   "/usr/bin/passwd",
					     "/usr/bin/mount",	"/usr/bin/umount", "/usr/bin/chsh",
					     "/usr/bin/newgrp", "/usr/bin/sudo",   "/usr/bin/gpasswd" };
	struct stat status;
	for (size_t i = 0; i < COUNT(usual); i++)
		if (stat(usual[i], &status) == 0 && (status.st_mode & S_ISUID) != 0)
			return usual[i];
	return NULL;
}

/* First beside the file, then in the scratch folder; another file system there cannot be linked across. */
static void link_file(const struct probe *probe, struct outcome *outcome)
{
	char beside[PATH_MAX], own[PATH_MAX];
	const char *target = probe->path != NULL ? probe->path : setuid_file();
	if (target == NULL || access(target, F_OK) == -1) {
		conclude(outcome, UNSUPPORTED, ENOENT, "absent");
		return;
	}
	snprintf(beside, sizeof beside, "%s.probe-link", target);
	own_path(own, sizeof own, "link");
	long result = syscall(SYS_linkat, AT_FDCWD, target, AT_FDCWD, beside, 0);
	(void)unlink(beside);
	if (result == -1)
		result = syscall(SYS_linkat, AT_FDCWD, target, AT_FDCWD, own, 0);
	if (result == -1 && errno == EXDEV)
		conclude(outcome, DENIED, EXDEV, "another file system");
	else
		judge(outcome, probe, result);
	remove_own("link");
}

static void write_through_symlink(const struct probe *probe, struct outcome *outcome)
{
	char link[PATH_MAX];
	own_path(link, sizeof link, "symlink");
	if (symlink(probe->path, link) == -1) {
		judge_with(outcome, -1, NULL, 0);
		return;
	}
	judge_presence(outcome, open(link, O_WRONLY | O_CLOEXEC));
	(void)unlink(link);
}

static void open_own_program(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe, open(probe->path, O_WRONLY | O_CLOEXEC));
}

/* A capability set of nothing; 20 bytes that say version 2. */
static void set_attribute(const struct probe *probe, struct outcome *outcome)
{
	struct vfs_cap_data nothing;
	memset(&nothing, 0, sizeof nothing);
	nothing.magic_etc = VFS_CAP_REVISION_2;
	int file = own_file(outcome);
	if (file == -1)
		return;
	if (probe->number == SYS_setxattr) {
		char path[PATH_MAX];
		own_path(path, sizeof path, "file");
		judge(outcome, probe, setxattr(path, probe->path, &nothing, ATTRIBUTE_SIZE, 0));
	} else {
		judge(outcome, probe, fsetxattr(file, probe->path, &nothing, ATTRIBUTE_SIZE, 0));
	}
	remove_own("file");
}

static void set_flag(const struct probe *probe, struct outcome *outcome)
{
	long flags = 0;
	int file = own_file(outcome);
	if (file == -1)
		return;
	if (ioctl(file, FS_IOC_GETFLAGS, &flags) == -1)
		flags = 0;
	long wanted = flags | probe->arguments[0];
	int result = ioctl(file, FS_IOC_SETFLAGS, &wanted);
	if (result == -1 && (errno == ENOTTY || errno == EOPNOTSUPP))
		conclude(outcome, UNSUPPORTED, errno, "the file system has no such flag");
	else
		judge(outcome, probe, result);
	if (result == 0)
		(void)ioctl(file, FS_IOC_SETFLAGS, &flags);
	remove_own("file");
}

/* EINVAL: the id is in no map, and no file can be given to it. */
static void give_away(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	long other = other_id("/proc/self/uid_map"), result = -1;
	int file = own_file(outcome);
	if (file == -1)
		return;
	if (other == -1)
		other = (long)geteuid() + 1;
	own_path(path, sizeof path, "file");
	switch (probe->number) {
	case SYS_chown:
	case SYS_lchown:
		result = syscall(probe->number, path, other, -1);
		break;
	case SYS_fchown:
		result = syscall(SYS_fchown, file, other, -1);
		break;
	case SYS_fchownat:
		result = syscall(SYS_fchownat, AT_FDCWD, path, other, -1, 0);
		break;
	}
	if (result == -1 && errno == EINVAL)
		conclude(outcome, DENIED, EINVAL, "no other id is mapped");
	else
		judge(outcome, probe, result);
	remove_own("file");
}

static void ignore_permissions(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	int file = own_file(outcome);
	if (file == -1)
		return;
	own_path(path, sizeof path, "file");
	if (fchmod(file, 0) == -1)
		judge_with(outcome, -1, NULL, 0);
	else
		judge(outcome, probe, open(path, (int)probe->arguments[0] | O_CLOEXEC));
	remove_own("file");
}

#define ATTRIBUTE(id, name, said)                                                                            \
	PROBE("fs.xattr." id, "fsetxattr", said, set_attribute, .number = SYS_fsetxattr, .path = name),      \
		PROBE("fs.setxattr." id, "setxattr", said, set_attribute, .number = SYS_setxattr,            \
		      .path = name)

static const struct probe probes[] = {
	PROBE("fs.link.setuid", "linkat", "a hard link to a setuid file", link_file, .who = NEVER_AS_ROOT),
	PROBE("fs.link.passwd", "linkat", "a hard link to /etc/passwd", link_file, .path = "/etc/passwd",
	      .who = NEVER_AS_ROOT),
	PROBE("fs.symlink.passwd", "openat", "a symbolic link to /etc/passwd, to write",
	      write_through_symlink, .path = "/etc/passwd"),
	PROBE("fs.self-exe", "openat", "its own program, to write", open_own_program,
	      .path = "/proc/self/exe", THROUGH(ETXTBSY)),
	ATTRIBUTE("capability", "security.capability", "security.capability that grants nothing"),
	ATTRIBUTE("security", "security.probe", "security.probe"),
	ATTRIBUTE("trusted", "trusted.probe", "trusted.probe"),
	ATTRIBUTE("overlay", "trusted.overlay.opaque", "trusted.overlay.opaque"),
	CALL("fs.setxattrat", "setxattrat", "an attribute of no descriptor (a filter's to stop)", SETXATTRAT,
	     ARGS(-1, (long)"", AT_EMPTY_PATH, (long)"user.probe", 0, 0), THROUGH(EBADF, EINVAL, EFAULT)),
	PROBE("fs.flag.immutable", "ioctl", "its own file immutable", set_flag, ARGS(FS_IMMUTABLE_FL)),
	PROBE("fs.flag.append", "ioctl", "its own file to append alone", set_flag, ARGS(FS_APPEND_FL)),
	CALL("fs.file_setattr", "file_setattr", "attributes of no descriptor (a filter's to stop)",
	     FILE_SETATTR, ARGS(-1, (long)"", 0, 0, AT_EMPTY_PATH), THROUGH(EBADF, EINVAL, EFAULT)),
	PROBE("fs.chown", "fchown", "its own file to another user", give_away, .number = SYS_fchown),
	PROBE("fs.chown.path", "chown", "its own file to another user, by path", give_away,
	      .number = SYS_chown),
	PROBE("fs.chown.link", "lchown", "its own file to another user, links not followed", give_away,
	      .number = SYS_lchown),
	PROBE("fs.chown.at", "fchownat", "its own file to another user, from a folder", give_away,
	      .number = SYS_fchownat),
	PROBE("fs.dac-override", "openat", "its own file that has no permission bits", ignore_permissions,
	      ARGS(O_RDWR)),
	PROBE("fs.dac-read", "openat", "its own file that has no permission bits, to read",
	      ignore_permissions, ARGS(O_RDONLY)),
};

const struct category filesystem_probes = CATEGORY("filesystem", probes);
