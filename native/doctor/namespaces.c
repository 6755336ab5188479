/*
 * namespaces.c - each namespace is made and something is done in it that only its owner may.
 *
 * Making one is not enough: Ubuntu lets everyone make a user namespace and takes its capabilities away.
 * See namespaces(7).
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"

static const char host_name[] = "sandbox-doctor";

static int set_host_name(struct finding *finding)
{
	return tried(finding, "sethostname", sethostname(host_name, sizeof host_name - 1)) < 0 ? -1 : 0;
}

/* With the one id that needs no helper, so that this tells the namespace from its map. */
int try_user_namespace(const struct request *request, struct finding *finding)
{
	struct request own = *request;
	const struct id_range uid = { 0, getuid(), 1 }, gid = { 0, getgid(), 1 };
	own.ids = (struct id_map){
		.method = ID_MAP_SINGLE, .uid = &uid, .uid_count = 1, .gid = &gid, .gid_count = 1
	};
	if (enter_namespaces(&own, CLONE_NEWUTS, finding) < 0)
		return -1;
	return set_host_name(finding);
}

int try_id_map(const struct request *request, struct finding *finding)
{
	if (enter_namespaces(request, 0, finding) < 0)
		return -1;
	const struct id_range *uid = &request->ids.uid[request->ids.uid_count - 1];
	const struct id_range *gid = &request->ids.gid[request->ids.gid_count - 1];
	const gid_t last_group = gid->inner + gid->count - 1;
	const uid_t last_user = uid->inner + uid->count - 1;
	if (tried(finding, "setresgid to the last id", setresgid(last_group, last_group, last_group)) < 0)
		return -1;
	return tried(finding, "setresuid to the last id", setresuid(last_user, last_user, last_user)) < 0 ? -1
													  : 0;
}

int try_mount_namespace(const struct request *request, struct finding *finding)
{
	if (enter_namespaces(request, CLONE_NEWNS, finding) < 0)
		return -1;
	return tried(finding, "mount tmpfs",
		     mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=64k")) < 0
		       ? -1
		       : 0;
}

int try_pid_namespace(const struct request *request, struct finding *finding)
{
	if (enter_namespaces(request, CLONE_NEWPID, finding) < 0)
		return -1;
	pid_t child = fork_bound();
	if (tried(finding, "fork", child) < 0)
		return -1;
	if (child == 0)
		_exit(getpid() == 1 ? 0 : 1);
	return await_success(child, "being process 1", finding);
}

int try_network_namespace(const struct request *request, struct finding *finding)
{
	struct ifreq loopback;
	if (enter_namespaces(request, CLONE_NEWNET, finding) < 0)
		return -1;
	int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (tried(finding, "socket", socket_fd) < 0)
		return -1;
	memset(&loopback, 0, sizeof loopback);
	strcpy(loopback.ifr_name, "lo");
	loopback.ifr_flags = IFF_UP;
	return tried(finding, "start loopback", ioctl(socket_fd, SIOCSIFFLAGS, &loopback)) < 0 ? -1 : 0;
}

int try_ipc_namespace(const struct request *request, struct finding *finding)
{
	if (enter_namespaces(request, CLONE_NEWIPC, finding) < 0)
		return -1;
	int queue = msgget(IPC_PRIVATE, 0600);
	if (tried(finding, "msgget", queue) < 0)
		return -1;
	/* The first object of a namespace has index 0: this is a new one. */
	if (queue != 0)
		return failed(finding, "an empty namespace", 0);
	return 0;
}

int try_uts_namespace(const struct request *request, struct finding *finding)
{
	if (enter_namespaces(request, CLONE_NEWUTS, finding) < 0)
		return -1;
	return set_host_name(finding);
}

int try_cgroup_namespace(const struct request *request, struct finding *finding)
{
	return enter_namespaces(request, CLONE_NEWCGROUP, finding);
}
