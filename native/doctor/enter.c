/*
 * enter.c - a trial's way into a user namespace, with ids as the launcher would write them.
 *
 * Before: a single-threaded process outside.
 * After:  the same process is inner root of a new user namespace, and in the
 *         other namespaces asked for; its mounts propagate nowhere.
 * See user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"

pid_t fork_bound(void)
{
	pid_t parent = getpid();
	pid_t child = fork();
	if (child != 0)
		return child;
	/* In a new pid namespace the parent is 0 from the beginning. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || (getppid() != parent && getppid() != 0))
		_exit(1);
	return 0;
}

int await_success(pid_t child, const char *step, struct finding *finding)
{
	int status;
	pid_t ended;
	do
		ended = waitpid(child, &status, 0);
	while (ended < 0 && errno == EINTR);
	if (ended < 0)
		return failed(finding, step, errno);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : failed(finding, step, 0);
}

/* Outside of the new namespace: waits until it is made, then writes its maps. */
static _Noreturn void map_parent(const struct request *request, int made, struct finding *finding)
{
	char byte;
	const char *step = NULL;
	/* newuidmap tells its own reason on stderr; the finding has to be enough. */
	int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (quiet >= 0)
		dup2(quiet, STDERR_FILENO);
	if (read(made, &byte, 1) != 1)
		_exit(1);
	if (map_ids(getppid(), &request->ids, &step) < 0) {
		failed(finding, step, errno);
		_exit(1);
	}
	_exit(0);
}

static int become_root(const struct request *request, struct finding *finding)
{
	if (tried(finding, "setresgid", setresgid(0, 0, 0)) < 0)
		return -1;
	if (request->ids.method != ID_MAP_SINGLE && tried(finding, "setgroups", setgroups(0, NULL)) < 0)
		return -1;
	return tried(finding, "setresuid", setresuid(0, 0, 0)) < 0 ? -1 : 0;
}

int enter_namespaces(const struct request *request, int flags, struct finding *finding)
{
	int made[2];
	if (tried(finding, "pipe", pipe2(made, O_CLOEXEC)) < 0)
		return -1;
	pid_t mapper = fork_bound();
	if (tried(finding, "fork", mapper) < 0)
		return -1;
	if (mapper == 0) {
		close(made[1]);
		map_parent(request, made[0], finding);
	}
	close(made[0]);
	if (tried(finding, "a new user namespace", unshare(CLONE_NEWUSER)) < 0)
		return -1;
	if (tried(finding, "write to pipe", write(made[1], "m", 1)) < 0)
		return -1;
	close(made[1]);
	if (await_success(mapper, "id map", finding) < 0 || become_root(request, finding) < 0)
		return -1;
	if (flags != 0 && tried(finding, "further namespaces", unshare(flags)) < 0)
		return -1;
	if ((flags & CLONE_NEWNS) == 0)
		return 0;
	return tried(finding, "private mounts", mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL)) < 0 ? -1 : 0;
}
