/*
 * left_profiles.c - removes the profiles of runs whose keeper was killed.
 *
 * Before: this process is in the policy namespace of the user and may change it.
 * After:  of at most LEFT_MOST dead runs of this state folder whose profile no process has any more, it is
 *         gone. One that a process still has stays for a later run: the kernel would let the process go on
 *         unconfined. So does every one where /proc does not show whose label a process has.
 *
 * apparmor(7); kernel security/apparmor/apparmorfs.c, procattr.c; flock(2), proc(5) on hidepid.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "policy_files.h"

/* A run waits for no more than that. */
enum { LEFT_MOST = 16 };

int write_whole(int file, const void *bytes, size_t size)
{
	ssize_t written = write(file, bytes, size);
	if (written == (ssize_t)size)
		return 0;
	if (written != -1)
		errno = EIO;
	return -1;
}

int write_file(const char *path, const void *bytes, size_t size)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file == -1)
		return -1;
	return write_whole(file, bytes, size) == -1 ? -1 : close(file);
}

/* Whether nobody holds the trail of the run any more: neither its supervisor nor its keeper. */
static bool is_dead(const struct launch *launch, const char *run)
{
	char path[4096];
	int size = snprintf(path, sizeof path, "%s/runs/%.*s/trail.jsonl", launch->plan->state_directory,
			    RUN_ID_SIZE, run);
	if (size < 0 || (size_t)size >= sizeof path)
		return false;
	int trail = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (trail == -1)
		return false;
	bool dead = flock(trail, LOCK_SH | LOCK_NB) == 0;
	return close(trail) == 0 && dead;
}

/*
 * Whether the process may have the profile: true also where its label cannot be read. Seen from the policy
 * namespace, a label that has nothing to do with it is hidden: the kernel answers EACCES.
 */
static bool may_have(const char *process, const char *profile)
{
	char path[64], label[1024];
	int size = snprintf(path, sizeof path, "/proc/%s/attr/apparmor/current", process);
	if (size < 0 || (size_t)size >= sizeof path)
		return true;
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file == -1)
		return errno != ENOENT && errno != ESRCH;
	ssize_t got = read(file, label, sizeof label - 1);
	bool has_none = got == -1 && (errno == ESRCH || errno == EACCES);
	if (close(file) == -1 || (got == -1 && !has_none))
		return true;
	label[got > 0 ? got : 0] = '\0';
	return got == (ssize_t)sizeof label - 1 || strstr(label, profile) != NULL;
}

/* Whether another process may have it. Pid 1 is always there: where it is hidden, others may be as well. */
static bool may_be_in_use(const char *profile)
{
	bool found = access("/proc/1/attr/apparmor/current", R_OK) == -1;
	DIR *processes = opendir("/proc");
	if (processes == NULL)
		return true;
	for (struct dirent *entry = readdir(processes); entry != NULL && !found; entry = readdir(processes))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			found = may_have(entry->d_name, profile);
	return closedir(processes) == -1 || found;
}

/* An entry of the kernel's list is a profile's name with a number behind: sandbox.NAME.DIGEST.RUN.3; the
 * number is cut off. */
static bool is_left(const struct launch *launch, char *entry)
{
	static const char ours[] = "sandbox.";
	char *number = strrchr(entry, '.');
	if (number == NULL || strncmp(entry, ours, sizeof ours - 1) != 0)
		return false;
	*number = '\0';
	size_t length = strlen(entry);
	return length >= sizeof ours + RUN_ID_SIZE &&
	       strspn(entry + length - RUN_ID_SIZE, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == RUN_ID_SIZE &&
	       is_dead(launch, entry + length - RUN_ID_SIZE);
}

/* Another run may have found it at the same time. */
static int remove_unused(const char *profile)
{
	if (may_be_in_use(profile))
		return 0;
	return write_file(SECURITYFS ".remove", profile, strlen(profile)) == -1 && errno != ENOENT ? -1 : 0;
}

int remove_left_profiles(struct launch *launch)
{
	DIR *list = opendir(SECURITYFS "policy/profiles");
	if (list == NULL)
		return -1;
	int left = 0;
	for (struct dirent *entry = readdir(list); entry != NULL && left < LEFT_MOST; entry = readdir(list)) {
		if (!is_left(launch, entry->d_name))
			continue;
		left++;
		if (remove_unused(entry->d_name) == -1)
			return -1;
	}
	return closedir(list);
}
