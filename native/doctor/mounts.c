/*
 * mounts.c - what the launcher mounts, mounted.
 *
 * Before: the request's folder has lower/file, lower/folder/, second/ and mount/.
 * After:  all of it is as it was; the mounts end with the trial's namespace.
 * See mount(2), overlayfs and proc in the kernel's Documentation/filesystems.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor.h"

/* In the request's folder, reached before the ids change: its parents may be closed to the new ones. */
static int enter_folder(const struct request *request, int flags, struct finding *finding)
{
	if (tried(finding, "chdir to the folder of the trial", chdir(request->folder)) < 0)
		return -1;
	return enter_namespaces(request, CLONE_NEWNS | flags, finding);
}

static int mount_memory(struct finding *finding)
{
	return tried(finding, "mount tmpfs", mount("tmpfs", "mount", "tmpfs", MS_NOSUID, "size=1m")) < 0 ? -1
													 : 0;
}

static int make_file(const char *path, struct finding *finding)
{
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (tried(finding, "make a file", file) < 0)
		return -1;
	return tried(finding, "close", close(file)) < 0 ? -1 : 0;
}

int try_root_switch(const struct request *request, struct finding *finding)
{
	if (enter_folder(request, 0, finding) < 0 || mount_memory(finding) < 0)
		return -1;
	if (tried(finding, "chdir", chdir("mount")) < 0)
		return -1;
	if (tried(finding, "pivot_root", syscall(SYS_pivot_root, ".", ".")) < 0)
		return -1;
	if (tried(finding, "unmount the old root", umount2(".", MNT_DETACH)) < 0)
		return -1;
	if (access("/proc/self", F_OK) == 0)
		return failed(finding, "leaving the old root", 0);
	return 0;
}

int try_device_files(const struct request *request, struct finding *finding)
{
	if (enter_folder(request, 0, finding) < 0 || mount_memory(finding) < 0 ||
	    make_file("mount/null", finding) < 0)
		return -1;
	if (tried(finding, "bind /dev/null", mount("/dev/null", "mount/null", NULL, MS_BIND, NULL)) < 0)
		return -1;
	int device = open("mount/null", O_WRONLY | O_CLOEXEC);
	if (tried(finding, "open the bound device", device) < 0)
		return -1;
	return tried(finding, "write to the bound device", write(device, "", 1)) < 0 ? -1 : 0;
}

int try_read_only_overlay(const struct request *request, struct finding *finding)
{
	if (enter_folder(request, 0, finding) < 0)
		return -1;
	if (tried(finding, "mount overlay",
		  mount("overlay", "mount", "overlay", MS_RDONLY, "lowerdir=second:lower,userxattr")) < 0)
		return -1;
	return tried(finding, "read through the overlay", access("mount/file", R_OK)) < 0 ? -1 : 0;
}

int try_writable_overlay(const struct request *request, struct finding *finding)
{
	if (enter_folder(request, 0, finding) < 0 || mount_memory(finding) < 0)
		return -1;
	if (tried(finding, "mkdir upper", mkdir("mount/upper", 0755)) < 0 ||
	    tried(finding, "mkdir work", mkdir("mount/work", 0755)) < 0 ||
	    tried(finding, "mkdir merged", mkdir("mount/merged", 0755)) < 0)
		return -1;
	if (tried(finding, "mount overlay",
		  mount("overlay", "mount/merged", "overlay", 0,
			"lowerdir=lower,upperdir=mount/upper,workdir=mount/work,userxattr")) < 0)
		return -1;
	if (make_file("mount/merged/new", finding) < 0)
		return -1;
	if (tried(finding, "remove a file of the image", unlink("mount/merged/file")) < 0)
		return -1;
	/* An upper tmpfs without user.* attributes (before Linux 6.6) cannot hide what a folder replaces. */
	if (tried(finding, "remove a folder of the image", rmdir("mount/merged/folder")) < 0)
		return -1;
	return tried(finding, "replace a folder of the image", mkdir("mount/merged/folder", 0755)) < 0 ? -1
												       : 0;
}

/* In process 1 of a new pid namespace: mounts proc on ./mount and looks whether the system's files are there.
 */
static int view_processes(const char *options, int system_files, struct finding *finding)
{
	if (tried(finding, "mount proc",
		  mount("proc", "mount", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)) < 0)
		return -1;
	if (tried(finding, "see the own process", access("mount/1/status", F_OK)) < 0)
		return -1;
	if ((access("mount/meminfo", F_OK) == 0) != system_files)
		return failed(finding, system_files ? "see the system's files" : "hide the system's files",
			      0);
	return 0;
}

static int try_proc(const struct request *request, const char *options, int system_files,
		    struct finding *finding)
{
	if (enter_folder(request, CLONE_NEWPID, finding) < 0)
		return -1;
	pid_t child = fork_bound();
	if (tried(finding, "fork", child) < 0)
		return -1;
	if (child == 0)
		_exit(view_processes(options, system_files, finding) == 0 ? 0 : 1);
	return await_success(child, "the first process", finding);
}

int try_process_view(const struct request *request, struct finding *finding)
{
	return try_proc(request, "subset=pid", 0, finding);
}

int try_masked_process_view(const struct request *request, struct finding *finding)
{
	return try_proc(request, NULL, 1, finding);
}

int try_pseudo_terminal(const struct request *request, struct finding *finding)
{
	int unlocked = 0;
	if (enter_folder(request, 0, finding) < 0)
		return -1;
	if (tried(finding, "mount devpts",
		  mount("devpts", "mount", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")) < 0)
		return -1;
	int master = open("mount/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tried(finding, "open ptmx", master) < 0)
		return -1;
	if (tried(finding, "unlock the terminal", ioctl(master, TIOCSPTLCK, &unlocked)) < 0)
		return -1;
	return tried(finding, "open the terminal", open("mount/0", O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 ? -1
												       : 0;
}
