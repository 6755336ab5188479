/*
 * confine.c - the sandbox around the unpacker itself.
 *
 * Before: a fresh process in its own user, mount, pid, net, ipc, uts and cgroup
 *         namespaces, ids mapped, working directory in the caller's private folder.
 * After:  it sees that folder and nothing else, holds four capabilities over
 *         the mapped ids alone, and can make no system call beyond files.
 *
 * An attacker who takes this process over can spoil the layer it unpacks.
 * See user_namespaces(7), pivot_root(2), capabilities(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine.h"

enum { MAX_DESCRIPTORS = 512 };
static const rlim_t max_memory = (rlim_t)1 << 30;

/* A change of ids clears the parent-death signal, so that it is set last; the pipe tells of a death before
 * that. */
static int die_with_parent(int lifeline, struct fault *fault)
{
	struct pollfd parent = { .fd = lifeline, .events = POLLIN };
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fail(fault, "set the parent-death signal");
	if (poll(&parent, 1, 0) != 0)
		return fail(fault, "the parent has ended");
	return 0;
}

int take_identity(const struct options *options, int lifeline, struct fault *fault)
{
	if (options->map.method != ID_MAP_SINGLE) {
		if (setgroups(0, NULL) < 0)
			return fail(fault, "clear the groups");
		if (setresgid(0, 0, 0) < 0)
			return fail(fault, "become group 0 of the namespace");
		if (setresuid(0, 0, 0) < 0)
			return fail(fault, "become user 0 of the namespace");
	}
	return die_with_parent(lifeline, fault);
}

int enter_folder(const struct options *options, struct fault *fault)
{
	umask(0);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fail(fault, "make mounts private");
	if (options->command == COMMAND_UNPACK && (mkdir("fs", 0755) < 0 || chdir("fs") < 0))
		return fail(fault, "make the layer's folder");
	/* By descriptors: the path to here leads through folders that the namespace's ids may not search. */
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || syscall(SYS_move_mount, tree, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fail(fault, "mount the layer's folder");
	if (fchdir(tree) < 0 || close(tree) < 0)
		return fail(fault, "enter the layer's folder");
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return fail(fault, "pivot_root");
	if (umount2(".", MNT_DETACH) < 0)
		return fail(fault, "let go of the host's file system");
	return chdir("/") < 0 ? fail(fault, "enter the new root") : 0;
}

static int set_limit(int resource, rlim_t most)
{
	struct rlimit limit;
	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return -1;
	if (limit.rlim_max < most)
		most = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = most;
	return setrlimit((__rlimit_resource_t)resource, &limit);
}

static int drop_capabilities(void)
{
	const uint32_t kept = 1u << CAP_CHOWN | 1u << CAP_DAC_OVERRIDE | 1u << CAP_FOWNER | 1u << CAP_FSETID;
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { .effective = kept, .permitted = kept } };
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (prctl(PR_CAPBSET_DROP, capability) < 0)
			return -1;
	return (int)syscall(SYS_capset, &header, sets);
}

int drop_privileges(int first, struct fault *fault)
{
	if (close_range((unsigned)first, ~0u, 0) < 0)
		return fail(fault, "close inherited descriptors");
	if (set_limit(RLIMIT_CORE, 0) < 0 || set_limit(RLIMIT_NOFILE, MAX_DESCRIPTORS) < 0 ||
	    set_limit(RLIMIT_AS, max_memory) < 0)
		return fail(fault, "set limits");
	if (drop_capabilities() < 0)
		return fail(fault, "drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(fault, "set no_new_privs");
	return install_filter() < 0 ? fail(fault, "install the filter") : 0;
}
