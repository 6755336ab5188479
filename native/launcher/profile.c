/*
 * profile.c - the run's AppArmor label; and, where the user has a policy namespace, the profile behind it.
 *
 * Before: the trail is open, so that the run has its id; there is no init yet.
 * After:  launch->label names the profile as the supervisor sees it. Where the plan brings the profile
 *         along, it is loaded under a name that no other run has, and a keeper waits to remove it: a process
 *         outside of the sandbox, which the end of a pipe tells that supervisor and init have let go. Init's
 *         descriptors end a moment before the processes of its namespace do; so the keeper waits for init's
 *         whole end too, which comes after theirs: the kernel would let them go on without the profile.
 *         Until then it holds the lock of the run's trail: so a profile that lost its keeper can be told from
 *         one in use.
 *
 * Policy can be loaded by user 0 of a user namespace that lies as deep as the policy namespace: the keeper
 * makes one for itself, in which that user is the caller.
 *
 * apparmor(7); kernel security/apparmor/apparmorfs.c, policy.c; user_namespaces(7), pidfd_open(2), flock(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/allow_list.h"
#include "base/capability_sets.h"
#include "base/descriptors.h"
#include "host.h"
#include "message.h"
#include "policy_files.h"

enum { REMOVE_LIMIT_MS = 60000 };

static char profile_name[LABEL_SIZE]; /* within its policy namespace */
static int removing = -1;	      /* the file that a removed profile's name is written to */
static int keeper_end = -1;	      /* of the socket to the supervisor: what is said when is in message.h */
static bool knows_init;		      /* the keeper, since it was told */

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
	static const int calls[] = { SYS_read, SYS_write,      SYS_sendmsg,	   SYS_recvmsg,
				     SYS_poll, SYS_exit_group, SYS_restart_syscall };
	const uint64_t right = 1ull << CAP_MAC_ADMIN;
	for (int number = 0; number <= 2; number++)
		if (replace_descriptor(launch->keeper_read, number) == -1)
			return -1;
	int kept[] = { keeper_end, removing, trail_lock(launch->trail) };
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

/* Where there never was an init, or it ended before it was told of, the pipe's end is all there is to wait
 * for.
 */
static void await_end(void)
{
	int descriptors[MESSAGE_MOST_DESCRIPTORS] = { -1 };
	size_t count = 0;
	char byte;
	int kind = receive_message(keeper_end, descriptors, &count);
	while (read(0, &byte, 1) == -1 && errno == EINTR)
		continue;
	struct pollfd init = { .fd = descriptors[0], .events = POLLIN };
	while (kind == MESSAGE_INIT && count == 1 && poll(&init, 1, -1) == -1 && errno == EINTR)
		continue;
}

static _Noreturn void keep_profile(struct launch *launch)
{
	if (run_steps(keeper_steps, sizeof keeper_steps / sizeof *keeper_steps, launch) == -1)
		_exit(EXIT_SANDBOX_FAILED);
	if (send_message(keeper_end, MESSAGE_LOADED, NULL, 0) == 0)
		await_end();
	_exit(write_whole(removing, profile_name, strlen(profile_name)) == -1 ? EXIT_SANDBOX_FAILED : 0);
}

int load_profile(struct launch *launch)
{
	int ends[2], descriptors[MESSAGE_MOST_DESCRIPTORS];
	size_t count;
	if (launch->plan->apparmor_namespace[0] == '\0')
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	keeper_end = ends[1];
	struct clone_args arguments = { .flags = CLONE_CLEAR_SIGHAND };
	long keeper = syscall(SYS_clone3, &arguments, sizeof arguments);
	if (keeper == -1)
		return -1;
	if (keeper == 0)
		keep_profile(launch);
	launch->profile_end = ends[0];
	if (close(ends[1]) == -1)
		return -1;
	if (receive_message(launch->profile_end, descriptors, &count) == MESSAGE_LOADED)
		return 0;
	if (errno == EPIPE)
		errno = ECHILD;
	return -1;
}

int tell_keeper(struct launch *launch)
{
	if (launch->profile_end == -1)
		return 0;
	if (send_message(launch->profile_end, MESSAGE_INIT, &launch->init_pidfd, 1) == -1)
		return -1;
	knows_init = true;
	return 0;
}

/* The keeper is waited for, so that who sees the run's end finds no profile of it. */
void drop_profile(struct launch *launch)
{
	if (launch->profile_end == -1)
		return;
	struct pollfd gone = { .fd = launch->profile_end, .events = POLLIN };
	(void)close(launch->keeper_write);
	launch->keeper_write = -1;
	if (!knows_init)
		(void)shutdown(launch->profile_end, SHUT_WR);
	while (poll(&gone, 1, REMOVE_LIMIT_MS) == -1 && errno == EINTR)
		continue;
}
