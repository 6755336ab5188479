/*
 * mounts.c - to change what is mounted.
 *
 * Every target is either missing or no mount point, every file system type
 * unknown: nothing can be mounted or unmounted. mount(2), fsopen(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

/* sys/mount.h and linux/mount.h cannot both be read. mount(2), umount2(2). */
enum { FORCE = 1, DETACH = 2, EXPIRE = 4, NO_FOLLOW = 8 };
enum { OPEN_TREE_ATTR = 467, STATMOUNT = 457, LISTMOUNT = 458, FS_CONFIG_CREATE = 6 };

/* A folder that is there and is no mount point. */
static const char *plain_folder(void)
{
	return scratch()[0] != '\0' ? scratch() : "/proc/self";
}

static void change_mount(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe, syscall(SYS_mount, "none", plain_folder(), NULL, probe->arguments[0], NULL));
}

static void unmount(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe, syscall(SYS_umount2, plain_folder(), probe->arguments[0]));
}

static void set_attributes(const struct probe *probe, struct outcome *outcome)
{
	struct mount_attr attributes = { .attr_set = 1ULL << 62 };
	judge(outcome, probe,
	      syscall(probe->number, AT_FDCWD, plain_folder(), probe->arguments[0], &attributes,
		      sizeof attributes));
}

#define CHANGE(name, flags, said)                                                                            \
	PROBE("mnt.mount." name, "mount", said, change_mount, ARGS(flags), THROUGH(EINVAL))
#define UNMOUNT(name, flags, said)                                                                           \
	PROBE("mnt.umount2" name, "umount2", said, unmount, ARGS(flags), THROUGH(EINVAL))

static const struct probe probes[] = {
	CALL("mnt.mount.new", "mount", "mount a filesystem type that does not exist", SYS_mount,
	     ARGS((long)"none", (long)"/", (long)"probe-none"), THROUGH(ENODEV)),
	CALL("mnt.mount.bind", "mount", "bind mount of a path that does not exist", SYS_mount,
	     ARGS((long)MISSING, (long)"/", 0, MS_BIND), THROUGH(ENOENT)),
	CALL("mnt.mount.rbind", "mount", "recursive bind mount of a path that does not exist", SYS_mount,
	     ARGS((long)MISSING, (long)"/", 0, MS_BIND | MS_REC), THROUGH(ENOENT)),
	CALL("mnt.mount.move", "mount", "move of a mount that does not exist", SYS_mount,
	     ARGS((long)MISSING, (long)"/", 0, MS_MOVE), THROUGH(ENOENT, EINVAL)),
	CALL("mnt.mount.proc", "mount",
	     "a proc file system on a path that does not exist (a filter's to stop)", SYS_mount,
	     ARGS((long)"proc", (long)MISSING, (long)"proc"), THROUGH(ENOENT)),
	CALL("mnt.mount.null", "mount", "mount of null pointers (a filter's to stop)", SYS_mount,
	     ARGS(0, 0, 0), THROUGH(EFAULT)),
	CHANGE("remount", MS_REMOUNT, "remount of what is not a mount point"),
	CHANGE("remount-bind", MS_REMOUNT | MS_BIND | MS_RDONLY, "bind remount of what is not a mount point"),
	CHANGE("remount-suid", MS_REMOUNT | MS_BIND,
	       "bind remount without nosuid of what is not a mount point"),
	CHANGE("private", MS_PRIVATE, "propagation made private of what is not a mount point"),
	CHANGE("shared", MS_SHARED, "propagation made shared of what is not a mount point"),
	CHANGE("slave", MS_SLAVE | MS_REC, "propagation made slave of what is not a mount point"),
	CHANGE("unbindable", MS_UNBINDABLE, "propagation made unbindable of what is not a mount point"),
	UNMOUNT("", 0, "unmount of what is not a mount point"),
	UNMOUNT(".detach", DETACH, "lazy unmount of what is not a mount point"),
	UNMOUNT(".force", FORCE, "forced unmount of what is not a mount point"),
	UNMOUNT(".expire", EXPIRE, "expiring unmount of what is not a mount point"),
	UNMOUNT(".nofollow", NO_FOLLOW, "unmount of what is not a mount point, no links followed"),
	CALL("mnt.fsopen", "fsopen", "fsopen of a type that does not exist", SYS_fsopen,
	     ARGS((long)"probe-none", 0), THROUGH(ENODEV)),
	CALL("mnt.fsconfig", "fsconfig", "fsconfig of no descriptor (a filter's to stop)", SYS_fsconfig,
	     ARGS(-1, FS_CONFIG_CREATE, 0, 0, 0), THROUGH(EBADF, EINVAL)),
	CALL("mnt.fsmount", "fsmount", "fsmount of no descriptor", SYS_fsmount, ARGS(-1, 0, 0),
	     THROUGH(EBADF)),
	CALL("mnt.fspick", "fspick", "fspick of a path that does not exist", SYS_fspick,
	     ARGS(AT_FDCWD, (long)MISSING, 0), THROUGH(ENOENT)),
	CALL("mnt.move_mount", "move_mount", "move_mount of no descriptor", SYS_move_mount,
	     ARGS(-1, (long)"", -1, (long)"", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
	     THROUGH(EBADF)),
	CALL("mnt.open_tree", "open_tree", "open_tree clone of a path that does not exist", SYS_open_tree,
	     ARGS(AT_FDCWD, (long)MISSING, OPEN_TREE_CLONE), THROUGH(ENOENT)),
	CALL("mnt.open_tree.plain", "open_tree",
	     "open_tree of a path that does not exist (a filter's to stop)", SYS_open_tree,
	     ARGS(AT_FDCWD, (long)MISSING, 0), THROUGH(ENOENT)),
	PROBE("mnt.mount_setattr", "mount_setattr", "mount_setattr of an attribute that does not exist",
	      set_attributes, .number = SYS_mount_setattr, THROUGH(EINVAL)),
	PROBE("mnt.mount_setattr.recursive", "mount_setattr",
	      "mount_setattr of an attribute that does not exist, recursively", set_attributes,
	      .number = SYS_mount_setattr, ARGS(AT_RECURSIVE), THROUGH(EINVAL)),
	CALL("mnt.open_tree_attr", "open_tree_attr",
	     "open_tree_attr of a path that does not exist (a filter's to stop)", OPEN_TREE_ATTR,
	     ARGS(AT_FDCWD, (long)MISSING, 0, 0, 0), THROUGH(ENOENT, EINVAL)),
	CALL("mnt.statmount", "statmount", "statmount of no request (a filter's to stop)", STATMOUNT,
	     ARGS(0, 0, 0, 0), THROUGH(EFAULT, EINVAL)),
	CALL("mnt.listmount", "listmount", "listmount of no request (a filter's to stop)", LISTMOUNT,
	     ARGS(0, 0, 0, 0), THROUGH(EFAULT, EINVAL)),
	CALL("mnt.pivot_root", "pivot_root", "pivot_root to a path that does not exist", SYS_pivot_root,
	     ARGS((long)MISSING, (long)MISSING), THROUGH(ENOENT)),
	CALL("mnt.chroot", "chroot", "chroot to its own root", SYS_chroot, ARGS((long)"/")),
};

const struct category mount_probes = CATEGORY("mounts", probes);
