/*
 * writes.c - folders in which nothing should be made.
 *
 * A file without a name: nothing appears in the folder. Where the file system
 * has none of those, permission was looked at before it said so. open(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

static void create_nameless(const struct probe *probe, struct outcome *outcome)
{
	judge_presence(outcome, open(probe->path, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
}

static void make_folder(const struct probe *probe, struct outcome *outcome)
{
	long result = syscall(SYS_mkdirat, AT_FDCWD, probe->path, 0700);
	judge_presence(outcome, result);
	if (result != -1)
		(void)rmdir(probe->path);
}

/* Its times to what they are. */
static void touch(const struct probe *probe, struct outcome *outcome)
{
	struct stat status;
	if (stat(probe->path, &status) == -1) {
		judge_presence(outcome, -1);
		return;
	}
	struct timespec times[2] = { status.st_atim, status.st_mtim };
	judge(outcome, probe, syscall(SYS_utimensat, AT_FDCWD, probe->path, times, 0));
}

static void keep_mode(const struct probe *probe, struct outcome *outcome)
{
	struct stat status;
	if (stat(probe->path, &status) == -1)
		judge_presence(outcome, -1);
	else
		judge(outcome, probe, syscall(SYS_chmod, probe->path, status.st_mode & 07777));
}

static void open_to_append(const struct probe *probe, struct outcome *outcome)
{
	judge_presence(outcome, open(probe->path, O_WRONLY | O_APPEND | O_CLOEXEC));
}

static void open_quietly(const struct probe *probe, struct outcome *outcome)
{
	judge_presence(outcome, open(probe->path, O_RDONLY | O_NOATIME | O_CLOEXEC));
}

#define WRITE(name, folder)                                                                                  \
	PROBE("fs.write." name, "openat", "a file without a name in " folder, create_nameless, .path = folder)

static const struct probe probes[] = {
	WRITE("root", "/"),
	WRITE("etc", "/etc"),
	WRITE("usr", "/usr"),
	WRITE("usr-bin", "/usr/bin"),
	WRITE("usr-local", "/usr/local"),
	WRITE("bin", "/bin"),
	WRITE("sbin", "/sbin"),
	WRITE("lib", "/lib"),
	WRITE("lib64", "/lib64"),
	WRITE("opt", "/opt"),
	WRITE("srv", "/srv"),
	WRITE("var", "/var"),
	WRITE("var-lib", "/var/lib"),
	WRITE("var-log", "/var/log"),
	WRITE("var-cache", "/var/cache"),
	WRITE("var-tmp", "/var/tmp"),
	WRITE("home", "/home"),
	WRITE("root-home", "/root"),
	WRITE("boot", "/boot"),
	WRITE("mnt", "/mnt"),
	WRITE("media", "/media"),
	WRITE("run", "/run"),
	WRITE("dev", "/dev"),
	WRITE("dev-pts", "/dev/pts"),
	WRITE("proc", "/proc"),
	WRITE("sys", "/sys"),
	PROBE("fs.noatime", "openat", "another's file without leaving a trace in its times", open_quietly,
	      .path = "/etc/passwd"),
	PROBE("fs.mkdir.root", "mkdirat", "a folder in /", make_folder, .path = "/.probe-folder",
	      .who = NEVER_AS_ROOT),
	PROBE("fs.mkdir.etc", "mkdirat", "a folder in /etc", make_folder, .path = "/etc/.probe-folder",
	      .who = NEVER_AS_ROOT),
	PROBE("fs.mkdir.dev", "mkdirat", "a folder in /dev", make_folder, .path = "/dev/.probe-folder",
	      .who = NEVER_AS_ROOT),
	PROBE("fs.append.passwd", "openat", "open /etc/passwd to append", open_to_append,
	      .path = "/etc/passwd"),
	PROBE("fs.append.hosts", "openat", "open /etc/hosts to append", open_to_append, .path = "/etc/hosts"),
	PROBE("fs.append.resolv", "openat", "open /etc/resolv.conf to append", open_to_append,
	      .path = "/etc/resolv.conf"),
	PROBE("fs.append.ld-preload", "openat", "open /etc/ld.so.preload to append", open_to_append,
	      .path = "/etc/ld.so.preload"),
	PROBE("fs.append.shell", "openat", "open /bin/sh to append", open_to_append, .path = "/bin/sh"),
	PROBE("fs.touch.passwd", "utimensat", "the times of /etc/passwd to what they are", touch,
	      .path = "/etc/passwd", .who = NEVER_AS_ROOT),
	PROBE("fs.fowner", "chmod", "the mode of /etc/passwd to what it is", keep_mode, .path = "/etc/passwd",
	      .who = NEVER_AS_ROOT),
};

const struct category write_probes = CATEGORY("filesystem", probes);
