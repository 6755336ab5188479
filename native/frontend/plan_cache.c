/*
 * plan_cache.c - the warm path: a plan is used again while nothing it depends on has changed.
 *
 * Before: argv is `sandbox run …`.
 * After:  either a plan that was made by this installation for the leading words of argv, in this folder, by
 *         this user, on this kernel, of inputs that have the same device, inode, size and times as then; or
 *         nothing.
 *
 * The key's bytes and the file of inputs are described in src/launch/cache.ts, which writes them.
 */
#include "plan_cache.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
	MOST_WORDS = 64,
	INPUTS_MAX = 256 * 1024,
	PIECE = 16 * 1024,
	CGROUP_MAX = 8192,
	NAME_SIZE = 2 * crypto_hash_sha256_BYTES + 1
};

static void hash_text(crypto_hash_sha256_state *state, const char *text)
{
	crypto_hash_sha256_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void hash_variable(crypto_hash_sha256_state *state, const char *name)
{
	const char *value = getenv(name);
	hash_text(state, value == NULL ? "" : value);
}

/* Ours alone: nobody else could have written it, or put another in its place. */
static bool is_own(int file, mode_t type)
{
	struct stat status;
	return fstat(file, &status) == 0 && (status.st_mode & S_IFMT) == type && status.st_uid == geteuid() &&
	       (status.st_mode & 077) == 0;
}

/* The whole file as text, which is closed; -1 where it cannot be read or is larger. */
static int read_whole(int file, char *text, size_t size)
{
	size_t used = 0;
	for (;;) {
		ssize_t got = read(file, text + used, size - used);
		if (got <= 0 || used + (size_t)got >= size) {
			close(file);
			text[used] = '\0';
			return got == 0 ? 0 : -1;
		}
		used += (size_t)got;
	}
}

static int open_own(int folder, const char *name)
{
	int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file != -1 && !is_own(file, S_IFREG)) {
		close(file);
		return -1;
	}
	return file;
}

/* What the answer depends on beside the words. */
static int hash_surroundings(crypto_hash_sha256_state *state, const char *installation)
{
	static char cgroup[CGROUP_MAX];
	char folder[PATH_MAX], user[16];
	struct utsname kernel;
	int groups = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	if (groups == -1 || read_whole(groups, cgroup, sizeof cgroup) == -1 ||
	    getcwd(folder, sizeof folder) == NULL || uname(&kernel) == -1)
		return -1;
	snprintf(user, sizeof user, "%u", (unsigned)geteuid());
	hash_text(state, "sandbox-plan-2");
	hash_text(state, installation);
	hash_text(state, user);
	hash_text(state, folder);
	hash_variable(state, "HOME");
	hash_variable(state, "XDG_DATA_HOME");
	hash_variable(state, "XDG_STATE_HOME");
	hash_variable(state, "XDG_RUNTIME_DIR");
	hash_variable(state, "XDG_CONFIG_HOME");
	hash_text(state, kernel.release);
	hash_text(state, kernel.version);
	hash_text(state, cgroup);
	return 0;
}

static void finish_name(crypto_hash_sha256_state state, char name[NAME_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_final(&state, hash);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(name + 2 * i, 3, "%02x", hash[i]);
}

static int open_folder(void)
{
	char path[PATH_MAX];
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (state != NULL && state[0] == '/')
		snprintf(path, sizeof path, "%s/sandbox/plans", state);
	else if (home != NULL && home[0] == '/')
		snprintf(path, sizeof path, "%s/.local/state/sandbox/plans", home);
	else
		return -1;
	return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static uint64_t in_nanoseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* What follows the `= ` of a folder whose contents do not matter: `DEVICE INODE UID GID MODE PATH`. */
static bool is_same_place(const char *line)
{
	struct stat folder;
	uint64_t device, inode;
	uint32_t uid, gid, mode;
	int path = 0;
	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %n", &device, &inode,
		   &uid, &gid, &mode, &path) != 5 ||
	    path == 0)
		return false;
	return stat(line + path, &folder) == 0 && folder.st_dev == device && folder.st_ino == inode &&
	       folder.st_uid == uid && folder.st_gid == gid && folder.st_mode == mode;
}

/* One line: `- PATH` for what must not be there, `= ` and a place, or `DEVICE INODE SIZE MTIME CTIME PATH`,
 * times in nanoseconds. */
static bool is_unchanged(const char *line)
{
	struct stat file;
	uint64_t device, inode, size, modified, changed;
	int path = 0;
	if (line[0] == '-' && line[1] == ' ')
		return stat(line + 2, &file) == -1;
	if (line[0] == '=' && line[1] == ' ')
		return is_same_place(line + 2);
	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %n", &device, &inode,
		   &size, &modified, &changed, &path) != 5 ||
	    path == 0)
		return false;
	return stat(line + path, &file) == 0 && file.st_dev == device && file.st_ino == inode &&
	       (uint64_t)file.st_size == size && in_nanoseconds(file.st_mtim) == modified &&
	       in_nanoseconds(file.st_ctim) == changed;
}

/* First line: `sandbox-inputs 2 UNTIL DEFAULT SHA256`: seconds since 1970; 1 where there is a command without
 * one; the plan's digest, which is copied to `digest`. */
static bool is_current(char *text, bool has_command, char digest[NAME_SIZE])
{
	int64_t until;
	int has_default, start = 0;
	if (sscanf(text, "sandbox-inputs 2 %" SCNd64 " %d %64[0-9a-f]%n", &until, &has_default, digest,
		   &start) != 3 ||
	    text[start] != '\n')
		return false;
	if (time(NULL) >= until || (!has_command && has_default == 0))
		return false;
	char *line = text + start + 1;
	while (*line != '\0') {
		char *end = strchr(line, '\n');
		if (end == NULL)
			return false;
		*end = '\0';
		if (!is_unchanged(line))
			return false;
		line = end + 1;
	}
	return true;
}

/* Its offset stays where it was. */
static bool has_digest(int file, const char *digest)
{
	unsigned char bytes[PIECE];
	char found[NAME_SIZE];
	crypto_hash_sha256_state state;
	off_t offset = 0;
	crypto_hash_sha256_init(&state);
	for (;;) {
		ssize_t got = pread(file, bytes, sizeof bytes, offset);
		if (got == -1)
			return false;
		if (got == 0)
			break;
		crypto_hash_sha256_update(&state, bytes, (unsigned long long)got);
		offset += got;
	}
	finish_name(state, found);
	return strcmp(found, digest) == 0;
}

static int open_current(int folder, const char *name, bool has_command)
{
	static char inputs[INPUTS_MAX];
	char file[NAME_SIZE + 16], digest[NAME_SIZE];
	snprintf(file, sizeof file, "%s.inputs", name);
	int list = open_own(folder, file);
	if (list == -1 || read_whole(list, inputs, sizeof inputs) == -1 ||
	    !is_current(inputs, has_command, digest))
		return -1;
	snprintf(file, sizeof file, "%s.plan", name);
	int plan = open_own(folder, file);
	if (plan != -1 && !has_digest(plan, digest)) {
		close(plan);
		return -1;
	}
	return plan;
}

int find_cached_plan(const char *installation, int argc, char *argv[], struct cached_plan *found)
{
	crypto_hash_sha256_state state;
	char name[NAME_SIZE];
	if (argc < 3 || strcmp(argv[1], "run") != 0)
		return -1;
	int folder = open_folder();
	if (folder == -1)
		return -1;
	if (!is_own(folder, S_IFDIR)) {
		close(folder);
		return -1;
	}
	crypto_hash_sha256_init(&state);
	found->descriptor = -1;
	if (hash_surroundings(&state, installation) == 0) {
		for (int i = 1; i < argc && i < MOST_WORDS && found->descriptor == -1; i++) {
			hash_text(&state, argv[i]);
			finish_name(state, name);
			/* As on the control plane's side: `--` right after the image is no part of the
			 * command. */
			found->rest = i + 1 < argc && strcmp(argv[i + 1], "--") == 0 ? i + 2 : i + 1;
			found->descriptor = open_current(folder, name, found->rest < argc);
		}
	}
	close(folder);
	return found->descriptor == -1 ? -1 : 0;
}
