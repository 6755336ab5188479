/*
 * profile.c - the run's AppArmor label; and, where the user has a policy namespace, the profile behind it.
 *
 * Before: the trail is open, so that the run has its id; there is no init yet.
 * After:  launch->label names the profile as the supervisor sees it. Where the plan brings the profile
 *         along, it is loaded under a name that no other run has, and a keeper waits to remove it: a process
 *         outside of the sandbox, which the end of a pipe tells that supervisor and init are gone. Until
 *         then it holds the lock of the run's trail: so a profile that lost its keeper can be told from one
 *         in use.
 *
 * Policy can be loaded by user 0 of a user namespace that lies as deep as the policy namespace: the keeper
 * makes one for itself, in which that user is the caller.
 *
 * apparmor(7); kernel security/apparmor/apparmorfs.c, policy.c; user_namespaces(7), flock(2).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/allow_list.h"
#include "base/capability_sets.h"
#include "base/descriptors.h"
#include "host.h"

enum { RUN_ID_SIZE = 26, REMOVE_LIMIT_MS = 10000 };
#define SECURITYFS "/sys/kernel/security/apparmor/"

static char profile_name[LABEL_SIZE]; /* within its policy namespace */
static int removing = -1;	      /* the file that a removed profile's name is written to */
static int loaded_end =
	-1; /* tells the supervisor that the profile is there, and by its end that it is gone */

int name_label(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	const char *label = plan->apparmor_label, *run = trail_run_id(launch->trail);
	size_t length = strlen(label);
	int size;
	if (plan->apparmor_namespace[0] == '\0') {
		size = snprintf(launch->label, sizeof launch->label, "%s", label);
	} else {
		if (length < RUN_ID_SIZE || strlen(run) != RUN_ID_SIZE) {
			errno = EINVAL;
			return -1;
		}
		snprintf(profile_name, sizeof profile_name, "%.*s%s", (int)(length - RUN_ID_SIZE), label,
			 run);
		size = snprintf(launch->label, sizeof launch->label, ":%s:%s", plan->apparmor_namespace,
				profile_name);
	}
	if (size >= 0 && (size_t)size < sizeof launch->label)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int write_all(int file, const void *bytes, size_t size)
{
	ssize_t written = write(file, bytes, size);
	if (written == (ssize_t)size)
		return 0;
	if (written != -1)
		errno = EIO;
	return -1;
}

static int write_file(const char *path, const void *bytes, size_t size)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file == -1)
		return -1;
	return write_all(file, bytes, size) == -1 ? -1 : close(file);
}

static int enter_policy_namespace(struct launch *launch)
{
	char command[LABEL_SIZE], map[32];
	set_detail(launch, launch->plan->apparmor_namespace);
	int length = snprintf(map, sizeof map, "0 %u 1", (unsigned)geteuid());
	if (unshare(CLONE_NEWUSER) == -1 || write_file("/proc/self/uid_map", map, (size_t)length) == -1)
		return -1;
	int size =
		snprintf(command, sizeof command, "stack :%s:unconfined", launch->plan->apparmor_namespace);
	if (size < 0 || (size_t)size >= sizeof command) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return write_file("/proc/thread-self/attr/apparmor/current", command, (size_t)size);
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

/* An entry of the kernel's list is a profile's name with a number behind: sandbox.NAME.DIGEST.RUN.3 */
static int remove_if_left(const struct launch *launch, char *entry)
{
	static const char ours[] = "sandbox.";
	char *number = strrchr(entry, '.');
	if (number == NULL || strncmp(entry, ours, sizeof ours - 1) != 0)
		return 0;
	*number = '\0';
	size_t length = strlen(entry);
	if (length < sizeof ours + RUN_ID_SIZE ||
	    strspn(entry + length - RUN_ID_SIZE, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != RUN_ID_SIZE ||
	    !is_dead(launch, entry + length - RUN_ID_SIZE))
		return 0;
	/* Another run may have found it at the same time. */
	return write_file(SECURITYFS ".remove", entry, length) == -1 && errno != ENOENT ? -1 : 0;
}

/* Profiles whose keeper was killed. */
static int remove_left_profiles(struct launch *launch)
{
	DIR *list = opendir(SECURITYFS "policy/profiles");
	if (list == NULL)
		return -1;
	for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list))
		if (remove_if_left(launch, entry->d_name) == -1)
			return -1;
	return closedir(list);
}

/* The control plane made sure that the name stands in the program once. */
static int write_program(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	size_t size = plan->apparmor_program_size, length = strlen(plan->apparmor_label);
	set_detail(launch, profile_name);
	char *program = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (program == MAP_FAILED)
		return -1;
	memcpy(program, plan->apparmor_program, size);
	char *place = memmem(program, size, plan->apparmor_label, length + 1);
	if (place == NULL) {
		errno = EINVAL;
		return -1;
	}
	memcpy(place, profile_name, length);
	removing = open(SECURITYFS ".remove", O_WRONLY | O_CLOEXEC);
	if (removing == -1 || write_file(SECURITYFS ".replace", program, size) == -1)
		return -1;
	return munmap(program, size);
}

/* What the keeper keeps: the end that it waits for, the trail's lock, the file to write to, and the right to.
 */
static int confine_keeper(struct launch *launch)
{
	static const int calls[] = { SYS_read, SYS_write, SYS_exit_group, SYS_restart_syscall };
	const uint64_t right = 1ull << CAP_MAC_ADMIN;
	for (int number = 0; number <= 2; number++)
		if (replace_descriptor(launch->keeper_read, number) == -1)
			return -1;
	int kept[] = { loaded_end, removing, trail_lock(launch->trail) };
	if (close_all_but(kept, sizeof kept / sizeof *kept) == -1)
		return -1;
	if (drop_bounding_set(right) == -1 || set_capabilities(right, right, 0) == -1)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	return install_allow_list(calls, sizeof calls / sizeof *calls);
}

static const struct step keeper_steps[] = {
	{ "apparmor-namespace", enter_policy_namespace },
	{ "apparmor-leftovers", remove_left_profiles },
	{ "apparmor-load", write_program },
	{ "apparmor-keeper", confine_keeper },
};

static _Noreturn void keep_profile(struct launch *launch)
{
	char byte = 0;
	if (run_steps(keeper_steps, sizeof keeper_steps / sizeof *keeper_steps, launch) == -1)
		_exit(EXIT_SANDBOX_FAILED);
	if (write_all(loaded_end, &byte, 1) == 0)
		while (read(0, &byte, 1) == -1 && errno == EINTR)
			continue;
	_exit(write_all(removing, profile_name, strlen(profile_name)) == -1 ? EXIT_SANDBOX_FAILED : 0);
}

int load_profile(struct launch *launch)
{
	int ends[2];
	char byte;
	if (launch->plan->apparmor_namespace[0] == '\0')
		return 0;
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	loaded_end = ends[1];
	struct clone_args arguments = { .flags = CLONE_CLEAR_SIGHAND };
	long keeper = syscall(SYS_clone3, &arguments, sizeof arguments);
	if (keeper == -1)
		return -1;
	if (keeper == 0)
		keep_profile(launch);
	launch->profile_end = ends[0];
	if (close(ends[1]) == -1)
		return -1;
	ssize_t got = read(launch->profile_end, &byte, 1);
	if (got == 0)
		errno = ECHILD;
	return got == 1 ? 0 : -1;
}

/* The keeper is waited for, so that who sees the run's end finds no profile of it. */
void drop_profile(struct launch *launch)
{
	if (launch->profile_end == -1)
		return;
	struct pollfd gone = { .fd = launch->profile_end, .events = POLLIN };
	(void)close(launch->keeper_write);
	launch->keeper_write = -1;
	while (poll(&gone, 1, REMOVE_LIMIT_MS) == -1 && errno == EINTR)
		continue;
}
