/*
 * limits.c - as much as the environment says, or until something says no.
 *
 * What was taken is given back by the end of the probe's process, files and
 * children before it. Never run as the host's root, whom nothing bounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { MEGABYTE = 1 << 20, PAGE = 4096, LONG_LIMIT_SECONDS = 240 };
enum { USUAL_MB = 2048, USUAL_DESCRIPTORS = 16384, USUAL_FILES = 10000, USUAL_PROCESSES = 1024 };

static void judge_amount(struct outcome *outcome, long got, long wanted, const char *unit)
{
	char detail[80];
	int error = got < wanted ? errno : 0;
	snprintf(detail, sizeof detail, "%ld of %ld %s", got, wanted, unit);
	conclude(outcome, got < wanted ? DENIED : ALLOWED, error, detail);
}

static void touch_pages(volatile char *memory)
{
	for (size_t offset = 0; offset < MEGABYTE; offset += PAGE)
		memory[offset] = 1;
}

/* In pieces of a megabyte, so that a bound shows as an errno and not as a kill where it can. */
static void take_memory(const struct probe *probe, struct outcome *outcome)
{
	long wanted = parameter("PROBE_MAX_MB", USUAL_MB), got = 0;
	for (; got < wanted; got++) {
		char *piece = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE,
				   MAP_ANONYMOUS | (int)probe->arguments[0], -1, 0);
		if (piece == MAP_FAILED)
			break;
		touch_pages(piece);
	}
	judge_amount(outcome, got, wanted, "MB");
}

/* A file that lives in memory; its pages are not the process's own. */
static void fill_memfd(const struct probe *probe, struct outcome *outcome)
{
	static char piece[MEGABYTE];
	long wanted = parameter("PROBE_MAX_MB", USUAL_MB), got = 0;
	int file = memfd_create("probe", MFD_CLOEXEC);
	(void)probe;
	if (file == -1) {
		judge_with(outcome, -1, NULL, 0);
		return;
	}
	(void)signal(SIGXFSZ, SIG_IGN);
	while (got < wanted && write(file, piece, sizeof piece) == (ssize_t)sizeof piece)
		got++;
	judge_amount(outcome, got, wanted, "MB");
}

/* Reserved, not written. */
static void fill_folder(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	long wanted = parameter("PROBE_MAX_MB", USUAL_MB), got = 0;
	snprintf(path, sizeof path, "%s/.probe-large-%d", probe->path != NULL ? probe->path : scratch(),
		 getpid());
	int file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (file == -1) {
		judge_presence(outcome, -1);
		return;
	}
	(void)unlink(path);
	(void)signal(SIGXFSZ, SIG_IGN);
	while (got < wanted && fallocate(file, 0, (off_t)got * MEGABYTE, MEGABYTE) == 0)
		got++;
	judge_amount(outcome, got, wanted, "MB");
}

static void take_descriptors(const struct probe *probe, struct outcome *outcome)
{
	long wanted = parameter("PROBE_MAX_FDS", USUAL_DESCRIPTORS), got = 0;
	(void)probe;
	while (got < wanted && dup(STDERR_FILENO) != -1)
		got++;
	judge_amount(outcome, got, wanted, "descriptors");
}

static void make_files(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX], folder[PATH_MAX];
	long wanted = parameter("PROBE_MAX_FILES", USUAL_FILES), got = 0;
	(void)probe;
	own_path(folder, sizeof folder, "files");
	if (mkdir(folder, 0700) == -1 || chdir(folder) == -1) {
		judge_with(outcome, -1, NULL, 0);
		return;
	}
	for (; got < wanted; got++) {
		snprintf(path, sizeof path, "%ld", got);
		int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
		if (file == -1)
			break;
		close(file);
	}
	judge_amount(outcome, got, wanted, "files");
	for (long i = 0; i < got; i++) {
		snprintf(path, sizeof path, "%ld", i);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

/* Children that do nothing but wait; all are in the probe's process group, and are reaped. */
static void make_processes(const struct probe *probe, struct outcome *outcome)
{
	long wanted = parameter("PROBE_MAX_PROCESSES", USUAL_PROCESSES), got = 0;
	pid_t *children = calloc((size_t)wanted, sizeof *children);
	(void)probe;
	if (children == NULL) {
		conclude(outcome, ERROR, errno, "no memory");
		return;
	}
	for (; got < wanted; got++) {
		children[got] = fork();
		if (children[got] == 0)
			for (;;)
				pause();
		if (children[got] == -1)
			break;
	}
	judge_amount(outcome, got, wanted, "processes");
	for (long i = 0; i < got; i++)
		(void)kill(children[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void lock_memory(const struct probe *probe, struct outcome *outcome)
{
	size_t size = (size_t)probe->arguments[0];
	void *piece = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int result = piece == MAP_FAILED ? -1 : mlock(piece, size);
	if (result == -1 && (errno == ENOMEM || errno == EAGAIN))
		conclude(outcome, DENIED, errno, "a limit");
	else
		judge_with(outcome, result, NULL, 0);
}

#define LIMIT(name, call, said, does, ...)                                                                   \
	PROBE("limits." name, call, said, does, .who = NEVER_AS_ROOT, .limit_seconds = LONG_LIMIT_SECONDS,   \
	      __VA_ARGS__)

static const struct probe probes[] = {
	LIMIT("memory", "mmap", "PROBE_MAX_MB of memory, touched (2048)", take_memory, ARGS(MAP_PRIVATE)),
	LIMIT("memory-shared", "mmap", "PROBE_MAX_MB of shared memory, touched (2048)", take_memory,
	      ARGS(MAP_SHARED)),
	LIMIT("memfd", "write", "PROBE_MAX_MB in a memfd (2048)", fill_memfd),
	LIMIT("scratch", "fallocate", "PROBE_MAX_MB in the scratch directory (2048)", fill_folder),
	LIMIT("dev-shm", "fallocate", "PROBE_MAX_MB in /dev/shm (2048)", fill_folder, .path = "/dev/shm"),
	LIMIT("descriptors", "dup", "PROBE_MAX_FDS descriptors (16384)", take_descriptors),
	LIMIT("files", "openat", "PROBE_MAX_FILES empty files (10000)", make_files),
	LIMIT("processes", "fork", "PROBE_MAX_PROCESSES processes at once (1024)", make_processes),
	LIMIT("locked", "mlock", "64 MB of locked memory", lock_memory, ARGS(64L << 20)),
};

const struct category limit_probes = CATEGORY("limits", probes);
