/*
 * main.c - sandbox: what users type.
 *
 * Where a plan for the same words is still good, this process becomes the launcher at once. Otherwise it
 * starts the control plane (Node) with the same arguments and a memory file for a launch plan. Node has
 * exited when this goes on: if it left a plan, this process becomes the launcher and executes it;
 * otherwise the command is done. There is no option parser here.
 *
 * memfd_create(2), execve(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan_cache.h"

enum { EXIT_SANDBOX_FAILED = 125, SIGNAL_BASE = 128, PLAN_DESCRIPTOR = 3 };

static volatile sig_atomic_t control_plane;

static int refuse(const char *code, const char *what, const char *to_do)
{
	dprintf(STDERR_FILENO, "sandbox: %s: %s: %s\n  to do: %s\n", code, what, strerror(errno), to_do);
	return EXIT_SANDBOX_FAILED;
}

/* The folder above the one that holds this program, as the kernel names it. */
static int find_installation(char *folder, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", folder, size - 1);
	if (length == -1)
		return -1;
	folder[length] = '\0';
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(folder, '/');
		if (slash == NULL || slash == folder) {
			errno = ENOENT;
			return -1;
		}
		*slash = '\0';
	}
	return 0;
}

static int open_plan(void)
{
	int plan = (int)syscall(SYS_memfd_create, "sandbox-plan", 0u);
	if (plan == -1 || plan == PLAN_DESCRIPTOR)
		return plan;
	if (dup2(plan, PLAN_DESCRIPTOR) == -1)
		return -1;
	return close(plan) == -1 ? -1 : PLAN_DESCRIPTOR;
}

static void pass_on(int signal)
{
	if (control_plane > 0)
		kill(control_plane, signal);
}

/* The terminal sends its signals to Node as well; others are passed on. */
static int handle_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, forward = { .sa_handler = pass_on };
	if (sigaction(SIGINT, &ignore, NULL) == -1 || sigaction(SIGQUIT, &ignore, NULL) == -1)
		return -1;
	if (sigaction(SIGTERM, &forward, NULL) == -1)
		return -1;
	return sigaction(SIGHUP, &forward, NULL);
}

static int restore_signals(void)
{
	const int changed[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
		if (sigaction(changed[i], &usual, NULL) == -1)
			return -1;
	return 0;
}

static _Noreturn void run_control_plane(const char *program, int argc, char *argv[])
{
	char node[] = "node";
	char *arguments[argc + 2];
	union {
		const char *from;
		char *to;
	} path = { .from = program };
	arguments[0] = node;
	arguments[1] = path.to;
	for (int i = 1; i <= argc; i++)
		arguments[i + 1] = argv[i];
	if (restore_signals() == 0 && setenv("SANDBOX_PLAN_DESCRIPTOR", "3", 1) == 0)
		execvp(node, arguments);
	_exit(refuse("NODE_MISSING", "node could not be started",
		     "install Node 20 or newer and put it into PATH"));
}

static int await_control_plane(void)
{
	int status;
	while (waitpid(control_plane, &status, 0) == -1)
		if (errno != EINTR)
			return -1;
	return status;
}

/*
 * The modules, or the copy of them in one file that scripts/after-tsc.mjs made: it loads faster, and is
 * taken while it is newer than the modules.
 */
static void choose_control_plane(const char *folder, char *program, size_t size)
{
	char copy[PATH_MAX + 64];
	struct stat modules, copied;

	snprintf(program, size, "%s/build/src/cli/main.js", folder);
	snprintf(copy, sizeof copy, "%s/build/bundle/cli/main.cjs", folder);
	if (stat(copy, &copied) == -1 || stat(program, &modules) == -1)
		return;
	if (copied.st_mtim.tv_sec > modules.st_mtim.tv_sec ||
	    (copied.st_mtim.tv_sec == modules.st_mtim.tv_sec &&
	     copied.st_mtim.tv_nsec >= modules.st_mtim.tv_nsec))
		snprintf(program, size, "%s", copy);
}

/* The plan is at PLAN_DESCRIPTOR; `command` replaces the plan's own where it is not empty. */
static int become_launcher(const char *program, int count, char *command[])
{
	char name[] = "sandbox-launcher", descriptor[] = "3";
	char *arguments[count + 3];
	arguments[0] = name;
	arguments[1] = descriptor;
	for (int i = 0; i < count; i++)
		arguments[i + 2] = command[i];
	arguments[count + 2] = NULL;
	execv(program, arguments);
	return refuse("LAUNCHER_MISSING", program, "build or install sandbox again");
}

int main(int argc, char *argv[])
{
	char folder[PATH_MAX], program[PATH_MAX + 64], launcher[PATH_MAX + 64];
	struct stat plan;
	if (syscall(SYS_close_range, 3u, ~0u, 0u) == -1 || find_installation(folder, sizeof folder) == -1)
		return refuse("LAUNCH_FRONT_END", "the installation was not found",
			      "run sandbox from where it is installed");
	snprintf(launcher, sizeof launcher, "%s/build/native/launcher", folder);
	struct cached_plan cached;
	if (find_cached_plan(folder, argc, argv, &cached) == 0) {
		if (dup2(cached.descriptor, PLAN_DESCRIPTOR) == -1 ||
		    fcntl(PLAN_DESCRIPTOR, F_SETFD, 0) == -1)
			return refuse("LAUNCH_FRONT_END", "the plan could not be passed on", "try again");
		return become_launcher(launcher, argc - cached.rest, argv + cached.rest);
	}
	choose_control_plane(folder, program, sizeof program);
	if (open_plan() == -1 || handle_signals() == -1)
		return refuse("LAUNCH_FRONT_END", "no memory file for the plan", "free some memory");

	pid_t supervisor = getpid();
	control_plane = fork();
	if (control_plane == -1)
		return refuse("LAUNCH_FRONT_END", "no process could be made", "end some processes");
	if (control_plane == 0) {
		/* Killed before the parent-death signal was set: then the parent is another already. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1 || getppid() != supervisor)
			_exit(EXIT_SANDBOX_FAILED);
		run_control_plane(program, argc, argv);
	}
	int status = await_control_plane();
	if (status == -1)
		return refuse("LAUNCH_FRONT_END", "the control plane was lost", "try again");
	if (WIFSIGNALED(status))
		return SIGNAL_BASE + WTERMSIG(status);
	if (WEXITSTATUS(status) != 0 || fstat(PLAN_DESCRIPTOR, &plan) == -1 || plan.st_size == 0)
		return WEXITSTATUS(status);
	if (restore_signals() == -1)
		return refuse("LAUNCH_FRONT_END", "signals could not be restored", "try again");
	return become_launcher(launcher, 0, NULL);
}
