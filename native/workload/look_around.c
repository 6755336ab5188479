/*
 * look_around.c - the workload's process asks the kernel whether the sandbox is what the plan says.
 *
 * Before: everything but the filter is done.
 * After:  launch->shared->inside holds a check for each question; whether they suffice is the supervisor's
 *         decision. Each question goes to the kernel, not to our own variables: a step that silently did
 *         nothing is found here, or by the supervisor from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "steps.h"

enum { MOST_GROUPS = 256, GAP_AFTER_LAST = 32 };

static void look_at_limits(const struct plan *plan, struct checks *checks)
{
	char requested[CHECK_TEXT_SIZE], effective[CHECK_TEXT_SIZE];
	for (size_t i = 0; i < plan->rlimit_count; i++) {
		struct rlimit limit = { 0, 0 };
		const struct plan_rlimit *wanted = &plan->rlimit[i];
		bool read = syscall(SYS_prlimit64, 0, wanted->resource, NULL, &limit) == 0;
		snprintf(requested, sizeof requested, "%s %llu:%llu", wanted->name,
			 (unsigned long long)wanted->soft, (unsigned long long)wanted->hard);
		snprintf(effective, sizeof effective, "%s %llu:%llu", wanted->name,
			 (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
		add_check(checks, "resource-limits", requested, effective, "prlimit(2)",
			  read && limit.rlim_cur == wanted->soft && limit.rlim_max == wanted->hard);
	}
}

static void look_at_groups(const struct plan *plan, struct checks *checks)
{
	gid_t groups[MOST_GROUPS];
	char requested[CHECK_TEXT_SIZE], effective[CHECK_TEXT_SIZE];
	int count = getgroups(MOST_GROUPS, groups);
	bool same = count >= 0 && (size_t)count == plan->group_count;
	for (size_t i = 0; same && i < plan->group_count; i++)
		same = groups[i] == plan->group[i];
	snprintf(requested, sizeof requested, "%zu supplementary groups", plan->group_count);
	snprintf(effective, sizeof effective, "%d supplementary groups", count);
	/* With a single id the kernel forbids dropping the caller's groups; the receipt says that they are
	 * there. */
	bool kept = plan->id_map_method == PLAN_ID_MAP_METHOD_SINGLE;
	add_check(checks, "groups", kept ? "the caller's, which a single id cannot drop" : requested,
		  effective, "getgroups(2)", same || kept);
}

/* Nothing but the streams may survive the exec. */
static void look_at_descriptors(struct checks *checks)
{
	int unused = 0, inherited = 0;
	for (int number = 3; unused < GAP_AFTER_LAST; number++) {
		int flags = fcntl(number, F_GETFD);
		unused = flags == -1 ? unused + 1 : 0;
		if (flags == -1 ? errno != EBADF : (flags & FD_CLOEXEC) == 0)
			inherited++;
	}
	char effective[CHECK_TEXT_SIZE];
	snprintf(effective, sizeof effective, "%d beside the standard streams", inherited);
	add_check(checks, "descriptors", "0 beside the standard streams", effective, "fcntl(2) F_GETFD",
		  inherited == 0);
}

static void look_at_streams(const struct launch *launch, struct checks *checks)
{
	bool own = true;
	for (int number = 0; number <= 2; number++) {
		struct stat stream, wanted;
		own = own && fstat(number, &stream) == 0 && fstat(launch->streams[number], &wanted) == 0 &&
		      stream.st_dev == wanted.st_dev && stream.st_ino == wanted.st_ino;
	}
	add_check(checks, "streams", "the sandbox's own", own ? "the sandbox's own" : "the caller's",
		  "fstat(2)", own);
}

static void look_at_signals(struct checks *checks)
{
	sigset_t blocked;
	sigemptyset(&blocked);
	bool none = sigprocmask(SIG_SETMASK, NULL, &blocked) == 0 && sigisemptyset(&blocked) == 1;
	add_check(checks, "signals", "none is blocked", none ? "none is blocked" : "some are blocked",
		  "sigprocmask(2)", none);
}

static void look_at_session(const struct plan *plan, struct checks *checks)
{
	pid_t session = 0;
	bool leads = getsid(0) == getpid();
	if (plan->terminal != 0)
		leads = leads && ioctl(STDIN_FILENO, TIOCGSID, &session) == 0 && session == getpid();
	add_check(checks, "session", "its own", leads ? "its own" : "another", "getsid(2)", leads);
}

static void look_at_names(const struct plan *plan, struct checks *checks)
{
	struct utsname name;
	bool read = uname(&name) == 0;
	add_check(checks, "hostname", plan->hostname, read ? name.nodename : "", "uname(2)",
		  read && strcmp(name.nodename, plan->hostname) == 0);
}

static void look_at_working_directory(const struct plan *plan, struct checks *checks)
{
	struct stat here, wanted;
	char path[PATH_MAX];
	/* The kernel says "(unreachable)" of a folder that is not below the root; getcwd(3) then fails. */
	bool inside = getcwd(path, sizeof path) != NULL;
	bool same = inside && stat(".", &here) == 0 && stat(plan->working_directory, &wanted) == 0 &&
		    here.st_dev == wanted.st_dev && here.st_ino == wanted.st_ino;
	add_check(checks, "working-directory", plan->working_directory,
		  same ? plan->working_directory : "another", "stat(2), getcwd(3)", same);
}

int look_around(struct launch *launch)
{
	struct checks *checks = &launch->shared->inside;
	look_at_root(launch, checks);
	look_at_mounts(launch, checks);
	look_at_limits(launch->plan, checks);
	look_at_groups(launch->plan, checks);
	look_at_session(launch->plan, checks);
	look_at_streams(launch, checks);
	look_at_signals(checks);
	look_at_names(launch->plan, checks);
	look_at_working_directory(launch->plan, checks);
	look_at_descriptors(checks);
	look_at_landlock(launch, checks);
	if (checks->count <= CHECK_MAX)
		return 0;
	errno = E2BIG;
	return -1;
}
