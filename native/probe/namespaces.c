/*
 * namespaces.c - to make or enter a namespace.
 *
 * After: whatever namespace was made dies with the probe's process.
 * unshare(2), clone(2), setns(2), ioctl_ns(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

/* A namespace that may not be made because of a limit is denied; one that the kernel lacks is EINVAL. */
static void judge_namespace(struct outcome *outcome, long result)
{
	int error = errno;
	if (result == -1 && (error == ENOSPC || error == EUSERS))
		conclude(outcome, DENIED, error, "a limit on namespaces");
	else if (result == -1 && error == EINVAL)
		conclude(outcome, UNSUPPORTED, error, "no such kind of namespace");
	else
		judge_with(outcome, result, NULL, 0);
}

static void unshare_namespace(const struct probe *probe, struct outcome *outcome)
{
	judge_namespace(outcome, syscall(SYS_unshare, probe->arguments[0]));
}

static void reap(long child)
{
	if (child == 0)
		_exit(0);
	int error = errno;
	if (child > 0)
		(void)waitpid((pid_t)child, NULL, 0);
	errno = error;
}

static void clone_namespace(const struct probe *probe, struct outcome *outcome)
{
	long child = syscall(SYS_clone, probe->arguments[0] | SIGCHLD, 0, 0, 0, 0);
	reap(child);
	judge_namespace(outcome, child);
}

static void clone3_namespace(const struct probe *probe, struct outcome *outcome)
{
	struct clone_args arguments = { .flags = (uint64_t)probe->arguments[0], .exit_signal = SIGCHLD };
	long child = syscall(SYS_clone3, &arguments, CLONE_ARGS_SIZE_VER0);
	reap(child);
	judge_namespace(outcome, child);
}

static int open_own_namespace(const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/ns/%s", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Its own namespace: entering it changes nothing. Where it cannot be opened, a bad descriptor still meets a
 * filter. */
static void enter_own_namespace(const struct probe *probe, struct outcome *outcome)
{
	judge(outcome, probe, syscall(SYS_setns, open_own_namespace(probe->path), probe->arguments[0]));
}

static void ask_namespace(const struct probe *probe, struct outcome *outcome)
{
	uid_t owner = 0;
	int own = open_own_namespace(probe->path);
	judge(outcome, probe, ioctl(own, (unsigned long)probe->arguments[0], &owner));
}

#define UNSHARE(name, flag)                                                                                  \
	PROBE("ns.unshare." name, "unshare", "unshare a " name " namespace", unshare_namespace, ARGS(flag))
#define CLONE(name, flag)                                                                                    \
	PROBE("ns.clone." name, "clone", "clone into a new " name " namespace", clone_namespace, ARGS(flag))
#define CLONE3(name, flag)                                                                                   \
	PROBE("ns.clone3." name, "clone3", "clone3 into a new " name " namespace", clone3_namespace,         \
	      ARGS(flag))
/* EINVAL: its own user namespace is refused as such, after a filter has let the call through. */
#define SETNS(name, flag)                                                                                    \
	PROBE("ns.setns." name, "setns", "setns to its own " name " namespace", enter_own_namespace,         \
	      ARGS(flag), .path = name, THROUGH(EINVAL, EBADF, EUSERS))
#define ASK(name, request, kind, said)                                                                       \
	PROBE("ns.ioctl." name, "ioctl", said, ask_namespace, ARGS((long)request), .path = kind,             \
	      THROUGH(EINVAL, EBADF, ENOTTY))

static const struct probe probes[] = {
	UNSHARE("mnt", CLONE_NEWNS),
	UNSHARE("uts", CLONE_NEWUTS),
	UNSHARE("ipc", CLONE_NEWIPC),
	UNSHARE("net", CLONE_NEWNET),
	UNSHARE("pid", CLONE_NEWPID),
	UNSHARE("user", CLONE_NEWUSER),
	UNSHARE("cgroup", CLONE_NEWCGROUP),
	UNSHARE("time", CLONE_NEWTIME),
	CALL("ns.unshare.high-bits", "unshare",
	     "unshare a user namespace, garbage in the upper half (a filter's to stop)", SYS_unshare,
	     ARGS(CLONE_NEWUSER | (1L << 40)), THROUGH(EINVAL)),
	PROBE("ns.unshare.fs", "unshare", "unshare the working directory and umask", unshare_namespace,
	      ARGS(CLONE_FS)),
	PROBE("ns.unshare.files", "unshare", "unshare the descriptor table", unshare_namespace,
	      ARGS(CLONE_FILES)),
	PROBE("ns.unshare.nothing", "unshare", "unshare nothing", unshare_namespace, ARGS(0)),
	CLONE("mnt", CLONE_NEWNS),
	CLONE("uts", CLONE_NEWUTS),
	CLONE("ipc", CLONE_NEWIPC),
	CLONE("net", CLONE_NEWNET),
	CLONE("pid", CLONE_NEWPID),
	CLONE("user", CLONE_NEWUSER),
	CLONE("cgroup", CLONE_NEWCGROUP),
	PROBE("ns.clone.user-all", "clone", "clone into a new user namespace and all others with it",
	      clone_namespace,
	      ARGS(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		   CLONE_NEWCGROUP)),
	PROBE("ns.clone.ptrace", "clone", "clone a child that a tracer keeps", clone_namespace,
	      ARGS(CLONE_PTRACE)),
	CLONE3("mnt", CLONE_NEWNS),
	CLONE3("uts", CLONE_NEWUTS),
	CLONE3("ipc", CLONE_NEWIPC),
	CLONE3("net", CLONE_NEWNET),
	CLONE3("pid", CLONE_NEWPID),
	CLONE3("user", CLONE_NEWUSER),
	CLONE3("cgroup", CLONE_NEWCGROUP),
	CLONE3("time", CLONE_NEWTIME),
	CALL("ns.clone3.plain", "clone3", "clone3 of nothing, its arguments in memory (a filter's to stop)",
	     SYS_clone3, ARGS(0, 0), THROUGH(EINVAL, EFAULT)),
	SETNS("mnt", CLONE_NEWNS),
	SETNS("uts", CLONE_NEWUTS),
	SETNS("ipc", CLONE_NEWIPC),
	SETNS("net", CLONE_NEWNET),
	SETNS("pid", CLONE_NEWPID),
	SETNS("user", CLONE_NEWUSER),
	SETNS("cgroup", CLONE_NEWCGROUP),
	SETNS("time", CLONE_NEWTIME),
	ASK("pid-parent", NS_GET_PARENT, "pid", "NS_GET_PARENT of its pid namespace"),
	ASK("user-parent", NS_GET_PARENT, "user", "NS_GET_PARENT of its user namespace"),
	ASK("net-userns", NS_GET_USERNS, "net", "NS_GET_USERNS of its network namespace"),
	ASK("owner-uid", NS_GET_OWNER_UID, "user", "NS_GET_OWNER_UID of its user namespace"),
	ASK("nstype", NS_GET_NSTYPE, "mnt", "NS_GET_NSTYPE of its mnt namespace"),
};

const struct category namespace_probes = CATEGORY("namespaces", probes);
