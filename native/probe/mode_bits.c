/*
 * mode_bits.c - setuid and setgid bits on files of its own.
 *
 * Allowed means that the bit was really there afterwards, or that the call
 * said so. After: the file is gone. chmod(2), open(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

enum { FCHMODAT2 = 452, PLAIN_MODE = 0700 };

/* What the call said, unless the bit is not there although it said yes. */
static void judge_bit(struct outcome *outcome, long result, const char *path, mode_t bit)
{
	struct stat status;
	int error = errno;
	if (result != -1 && (lstat(path, &status) == -1 || (status.st_mode & bit) == 0)) {
		conclude(outcome, DENIED, 0, "the bit was not kept");
	} else {
		errno = error;
		judge_with(outcome, result, NULL, 0);
	}
	(void)unlink(path);
	(void)rmdir(path);
}

static void change_mode(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	long result = -1;
	mode_t bit = (mode_t)probe->arguments[0], mode = bit | PLAIN_MODE;
	own_path(path, sizeof path, "mode");
	int own = open_own_file("mode", O_RDWR, PLAIN_MODE);
	if (own == -1) {
		conclude(outcome, ERROR, errno, "no file of its own");
		return;
	}
	switch (probe->number) {
	case SYS_chmod:
		result = syscall(SYS_chmod, path, mode | (unsigned long)probe->arguments[1]);
		break;
	case SYS_fchmod:
		result = syscall(SYS_fchmod, own, mode);
		break;
	case SYS_fchmodat:
		result = syscall(SYS_fchmodat, AT_FDCWD, path, mode);
		break;
	case FCHMODAT2:
		result = syscall(FCHMODAT2, AT_FDCWD, path, mode, 0);
		break;
	}
	judge_bit(outcome, result, path, bit);
}

static void create_with_mode(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	long result = -1;
	mode_t bit = (mode_t)probe->arguments[0], mode = bit | PLAIN_MODE;
	struct open_how how = { .flags = O_CREAT | O_WRONLY | O_CLOEXEC, .mode = mode };
	own_path(path, sizeof path, "created");
	umask(0);
	switch (probe->number) {
	case SYS_open:
		result = syscall(SYS_open, path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
		break;
	case SYS_creat:
		result = syscall(SYS_creat, path, mode);
		break;
	case SYS_openat:
		result = syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
		break;
	case SYS_openat2:
		result = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
		break;
	case SYS_mknod:
		result = syscall(SYS_mknod, path, S_IFREG | mode, 0);
		break;
	case SYS_mknodat:
		result = syscall(SYS_mknodat, AT_FDCWD, path, S_IFREG | mode, 0);
		break;
	}
	judge_bit(outcome, result, path, bit);
}

/* A file without a name that could be given one later. */
static void create_nameless(const struct probe *probe, struct outcome *outcome)
{
	mode_t mode = (mode_t)probe->arguments[0] | PLAIN_MODE;
	struct stat status;
	umask(0);
	long result = syscall(SYS_openat, AT_FDCWD, scratch(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	if (result != -1 && fstat((int)result, &status) == 0 &&
	    (status.st_mode & (mode_t)probe->arguments[0]) == 0)
		conclude(outcome, DENIED, 0, "the bit was not kept");
	else
		judge_with(outcome, result, NULL, 0);
}

static void set_folder_bit(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	own_path(path, sizeof path, "folder");
	if (mkdir(path, PLAIN_MODE) == -1)
		conclude(outcome, ERROR, errno, "no folder of its own");
	else
		judge_bit(outcome, syscall(SYS_chmod, path, S_ISGID | PLAIN_MODE), path,
			  (mode_t)probe->arguments[0]);
}

#define CHANGE(bit, name, nr, value)                                                                         \
	PROBE("cred." bit "." name, name, #value " on its own new file", change_mode, .number = nr,          \
	      ARGS(value))
#define CREATE(bit, name, nr, value)                                                                         \
	PROBE("cred." bit "." name, name, #value " on its own new file", create_with_mode, .number = nr,     \
	      ARGS(value))

#define BOTH(kind, name, nr) kind("suid", name, nr, S_ISUID), kind("sgid", name, nr, S_ISGID)

static const struct probe probes[] = {
	BOTH(CHANGE, "chmod", SYS_chmod),
	BOTH(CHANGE, "fchmod", SYS_fchmod),
	BOTH(CHANGE, "fchmodat", SYS_fchmodat),
	BOTH(CHANGE, "fchmodat2", FCHMODAT2),
	BOTH(CREATE, "open", SYS_open),
	BOTH(CREATE, "creat", SYS_creat),
	BOTH(CREATE, "openat", SYS_openat),
	BOTH(CREATE, "openat2", SYS_openat2),
	BOTH(CREATE, "mknod", SYS_mknod),
	BOTH(CREATE, "mknodat", SYS_mknodat),
	PROBE("cred.suid.chmod-high", "chmod", "S_ISUID on its own new file, garbage in the upper half",
	      change_mode, .number = SYS_chmod, ARGS(S_ISUID, 1L << 40)),
	PROBE("cred.suid.sgid", "chmod", "S_ISUID and S_ISGID on its own new file", change_mode,
	      .number = SYS_chmod, ARGS(S_ISUID | S_ISGID)),
	PROBE("cred.suid.tmpfile", "openat", "S_ISUID on its own file without a name", create_nameless,
	      ARGS(S_ISUID)),
	PROBE("cred.sgid.folder", "chmod", "S_ISGID on its own new folder", set_folder_bit, ARGS(S_ISGID)),
};

const struct category mode_bit_probes = CATEGORY("credentials", probes);
