/*
 * mount_flags.c - how the file systems are mounted. Nothing is tried, only read.
 *
 * statvfs(3).
 */
#include <sys/statvfs.h>

#include "probe.h"

static void check_flag(const struct probe *probe, struct outcome *outcome)
{
	struct statvfs status;
	if (statvfs(probe->path, &status) == -1)
		judge_presence(outcome, -1);
	else
		judge_state(outcome, (status.f_flag & (unsigned long)probe->arguments[0]) != 0, "");
}

#define FLAG(name, target, flag)                                                                             \
	PROBE("fs.mount." name, "state", target " is mounted with " #flag, check_flag, .path = target,       \
	      ARGS(flag))

static const struct probe probes[] = {
	FLAG("root-nosuid", "/", ST_NOSUID),	   FLAG("root-nodev", "/", ST_NODEV),
	FLAG("root-rdonly", "/", ST_RDONLY),	   FLAG("tmp-nosuid", "/tmp", ST_NOSUID),
	FLAG("tmp-noexec", "/tmp", ST_NOEXEC),	   FLAG("tmp-nodev", "/tmp", ST_NODEV),
	FLAG("dev-nosuid", "/dev", ST_NOSUID),	   FLAG("dev-noexec", "/dev", ST_NOEXEC),
	FLAG("dev-rdonly", "/dev", ST_RDONLY),	   FLAG("shm-nosuid", "/dev/shm", ST_NOSUID),
	FLAG("shm-noexec", "/dev/shm", ST_NOEXEC), FLAG("shm-nodev", "/dev/shm", ST_NODEV),
	FLAG("proc-nosuid", "/proc", ST_NOSUID),   FLAG("proc-noexec", "/proc", ST_NOEXEC),
	FLAG("proc-nodev", "/proc", ST_NODEV),
};

const struct category mount_flag_probes = CATEGORY("filesystem", probes);
