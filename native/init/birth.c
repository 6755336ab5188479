/*
 * birth.c - init's first steps: what it keeps of its parent, its namespaces, its ids.
 *
 * Before: just cloned into a user and a pid namespace, with every descriptor of the supervisor.
 * After:  none of the supervisor's descriptors is left, so that its death can be seen;
 *         all namespaces are new; ids are the plan's setup ids.
 *
 * clone(2), namespaces(7), prctl(2) PR_SET_PDEATHSIG, setresuid(2), netdevice(7).
 */
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "launcher/message.h"
#include "steps.h"

int keep_init_descriptors(struct launch *launch)
{
	int kept[] = { launch->control_init, launch->exec_write, launch->keeper_write };
	return close_all_but(kept, sizeof kept / sizeof *kept);
}

int ask_death_signal(int signal)
{
	int set = 0;
	if (prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) == -1 || prctl(PR_GET_PDEATHSIG, &set, 0, 0, 0) == -1)
		return -1;
	if (set == signal)
		return 0;
	errno = EPERM;
	return -1;
}

/* Until init can listen for the end of its socket, the kernel is told to end it. A change of ids clears this.
 */
int die_with_supervisor(struct launch *launch)
{
	(void)launch;
	return ask_death_signal(SIGKILL);
}

int leave_namespaces(struct launch *launch)
{
	(void)launch;
	return unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS);
}

int await_id_map(struct launch *launch)
{
	int descriptors[MESSAGE_MOST_DESCRIPTORS];
	size_t count;
	int kind = receive_message(launch->control_init, descriptors, &count);
	if (kind == MESSAGE_MAPPED)
		return 0;
	if (kind != -1)
		errno = EPROTO;
	return -1;
}

int take_setup_ids(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	/* With a map of one's own single id the kernel forbids setgroups(2). */
	if (plan->id_map_method != PLAN_ID_MAP_METHOD_SINGLE && setgroups(0, NULL) == -1)
		return -1;
	if (setresgid(plan->setup_gid, plan->setup_gid, plan->setup_gid) == -1)
		return -1;
	if (setresuid(plan->setup_uid, plan->setup_uid, plan->setup_uid) == -1)
		return -1;
	return ask_death_signal(SIGKILL);
}

/* Only now: the new namespace's root is the group that the supervisor has put us into. */
int leave_cgroup_namespace(struct launch *launch)
{
	(void)launch;
	return unshare(CLONE_NEWCGROUP);
}

int name_host(struct launch *launch)
{
	const char *name = launch->plan->hostname;
	return sethostname(name, strlen(name));
}

int raise_loopback(struct launch *launch)
{
	(void)launch;
	int socket_descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (socket_descriptor == -1)
		return -1;
	struct ifreq interface;
	memset(&interface, 0, sizeof interface);
	memcpy(interface.ifr_name, "lo", 3);
	interface.ifr_flags = IFF_UP | IFF_RUNNING;
	int result = ioctl(socket_descriptor, SIOCSIFFLAGS, &interface);
	if (result == -1)
		return -1;
	return close(socket_descriptor);
}
