/*
 * root.c - the new root: overlay over the image's layers, entered for good.
 *
 * Before: layers are open, ids are the setup ids, the mount namespace is private.
 * After:  "/" is the overlay, nosuid and nodev, read-only unless the plan has it writable;
 *         nothing of the host's tree is mounted any more.
 *
 * What is written to a root goes to memory that ends with the run. A read-only root has such
 * memory too, for the mount points that the image lacks, and is sealed before anything runs.
 * Beside it lies the Landlock canary: a file that any process may read until it is restricted.
 *
 * overlayfs (kernel documentation), pivot_root(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "place.h"
#include "steps.h"

static int make_scratch(struct launch *launch)
{
	char size[SIZE_TEXT];
	uint64_t bytes = launch->plan->root_writable != 0 ? launch->plan->root_size : SEALED_ROOT_SIZE;
	spell_size(size, bytes);
	const struct parameter parameters[] = { { "size", size }, { "mode", "0755" }, { NULL, NULL } };
	int mount = new_mount("tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mount == -1)
		return -1;
	launch->scratch = fcntl(mount, F_DUPFD_CLOEXEC, 3);
	if (launch->scratch == -1)
		return -1;
	if (attach_mount(mount, launch->mountpoint) == -1)
		return -1;
	const char *const folders[] = { "root", "upper", "work" };
	for (size_t i = 0; i < 3; i++)
		if (mkdirat(launch->scratch, folders[i], 0755) == -1 ||
		    fchmodat(launch->scratch, folders[i], 0755, 0) == -1)
			return -1;
	int canary = openat(launch->scratch, "canary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (canary == -1 || fchmod(canary, 0644) == -1)
		return -1;
	return close(canary);
}

/* Layers are named by descriptor, so that no path of the host shows in the sandbox's mountinfo. */
static int spell_options(const struct launch *launch, char *options, size_t size)
{
	size_t used = (size_t)snprintf(options, size, "userxattr,lowerdir=");
	for (size_t i = 0; i < launch->plan->layer_count && used < size; i++)
		used += (size_t)snprintf(options + used, size - used, "%s/proc/self/fd/%d", i == 0 ? "" : ":",
					 launch->layer_folders[i]);
	if (used < size)
		used += (size_t)snprintf(options + used, size - used,
					 ",upperdir=/proc/self/fd/%d/upper,workdir=/proc/self/fd/%d/work",
					 launch->scratch, launch->scratch);
	if (used < size)
		return 0;
	errno = E2BIG;
	return -1;
}

/* The root folder of the image gives mode and owner of "/": overlayfs takes them from the topmost layer. */
static int copy_root_attributes(struct launch *launch)
{
	struct stat image;
	if (fstat(launch->layer_folders[0], &image) == -1)
		return -1;
	return fchmodat(launch->scratch, "upper", image.st_mode & 07777, 0);
}

int mount_root(struct launch *launch)
{
	static char options[4096];
	char target[64];
	if (make_scratch(launch) == -1 || copy_root_attributes(launch) == -1)
		return -1;
	if (spell_options(launch, options, sizeof options) == -1) {
		set_detail(launch, "more layers than one overlay mount can name");
		return -1;
	}
	snprintf(target, sizeof target, "/proc/self/fd/%d/root", launch->scratch);
	if (mount("overlay", target, "overlay", MS_NOSUID | MS_NODEV, options) == -1) {
		set_detail(launch, "overlay with userxattr over the image's layers");
		return -1;
	}
	launch->root = openat(launch->scratch, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (launch->root == -1)
		return -1;
	struct stat root;
	if (fstat(launch->root, &root) == -1)
		return -1;
	launch->root_device = root.st_dev;
	launch->root_inode = root.st_ino;
	return 0;
}

/* After the mounts, so that it can lie in scratch memory. */
int make_working_directory(struct launch *launch)
{
	set_detail(launch, launch->plan->working_directory);
	int folder = open_or_make_folder(launch->root, launch->plan->working_directory, 0755);
	return folder == -1 ? -1 : close(folder);
}

/*
 * The file system as well as its mount: of a running program that its user may write, the kernel would
 * otherwise say that it is busy before it says that the mount is read-only.
 */
static int seal_file_system(int root)
{
	int context = (int)syscall(SYS_fspick, root, "", (unsigned)(FSPICK_EMPTY_PATH | FSPICK_CLOEXEC));
	if (context == -1)
		return -1;
	if (syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0) == -1)
		return -1;
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) == -1)
		return -1;
	if (close(context) == -1)
		return -1;
	/* Asked before the mount is read-only, too: afterwards this flag would tell of either. */
	struct statfs sealed;
	if (fstatfs(root, &sealed) == -1)
		return -1;
	if (((unsigned long)sealed.f_flags & ST_RDONLY) != 0)
		return 0;
	errno = EPERM;
	return -1;
}

int seal_root(struct launch *launch)
{
	if (launch->plan->root_writable != 0)
		return 0;
	if (seal_file_system(launch->root) == -1)
		return -1;
	return restrict_mount(launch->root, MOUNT_ATTR_RDONLY, false);
}

int enter_root(struct launch *launch)
{
	if (fchdir(launch->root) == -1)
		return -1;
	if (syscall(SYS_pivot_root, ".", ".") == -1)
		return -1;
	/* The old root now lies on top of the new one, at the same place. */
	if (umount2(".", MNT_DETACH) == -1 || chdir("/") == -1)
		return -1;
	struct stat root;
	if (stat("/", &root) == -1)
		return -1;
	if (root.st_dev == launch->root_device && root.st_ino == launch->root_inode)
		return 0;
	set_detail(launch, "/ is not the new root");
	errno = EPERM;
	return -1;
}
