/*
 * main.c - launcher PLAN_DESCRIPTOR [ARGUMENT...]
 *
 * Carries out a launch plan and supervises what it started. The table is the supervisor's part in the order
 * in which it happens; init's is in init/init.c, the workload's in workload/workload.c.
 *
 * Exit status: the workload's; 128 + N where signal N ended it; 125 where nothing was run; 126 and 127 where
 * the command could not be executed or found.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "report.h"
#include "supervisor/supervisor.h"

enum { SIGNAL_BASE = 128 };

static struct trail trail;

static int share_pages(struct launch *launch)
{
	void *pages =
		mmap(NULL, sizeof *launch->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return -1;
	launch->shared = pages;
	atomic_store(&launch->shared->listener, -1);
	return 0;
}

static int open_run(struct launch *launch)
{
	if (open_trail(&trail, launch->plan) == TRAIL_OK) {
		launch->trail = &trail;
		if (record_opened(&trail, (const char *const *)launch->argv,
				  (const char *const *)launch->envp) == TRAIL_OK)
			return 0;
	}
	if (trail.fault != NULL)
		set_detail(launch, trail.fault);
	return -1;
}

static int start_timer(struct launch *launch)
{
	const struct itimerspec limit = { .it_value = { .tv_sec =
								(time_t)launch->plan->time_limit_seconds } };
	if (limit.it_value.tv_sec == 0)
		return 0;
	launch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (launch->timer == -1)
		return -1;
	struct itimerspec armed;
	if (timerfd_settime(launch->timer, 0, &limit, NULL) == -1 ||
	    timerfd_gettime(launch->timer, &armed) == -1)
		return -1;
	if (armed.it_value.tv_sec != 0 || armed.it_value.tv_nsec != 0)
		return 0;
	errno = ETIME;
	return -1;
}

static const struct step steps[] = {
	{ "descriptors", prepare_descriptors },
	{ "shared-pages", share_pages },
	{ "plan", load_plan },
	{ "program", check_programs },
	{ "command", assemble_command },
	{ "trail", open_run },
	{ "outputs", compare_outputs },
	{ "signals", take_signals },
	{ "channels", open_channels },
	{ "cgroup", make_cgroups },
	{ "apparmor", name_label },
	{ "apparmor-profile", load_profile },
	{ "channels", close_keeper_end },
	{ "user-namespace", clone_init },
	{ "apparmor-keeper", tell_keeper },
	{ "cgroup", enter_cgroups },
	{ "id-map", map_init_ids },
	{ "start", await_workload },
	{ "timer", start_timer },
	{ "receipt", take_receipt },
	{ "terminal", prepare_terminal },
	{ "relays", begin_relays },
	{ "supervisor-filter", confine_supervisor },
	{ "release", release_workload },
};

/* Init's end; after it no process of the sandbox is left. */
static void reap_init(struct launch *launch)
{
	if (launch->init_pid <= 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, launch->init_pidfd, SIGKILL, NULL, 0u);
	while (waitpid(launch->init_pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}

/* A failure of init or of the workload explains the one that the supervisor saw. */
static int fail(struct launch *launch)
{
	int error = errno, status;
	char step[STEP_SIZE], detail[DETAIL_SIZE];
	snprintf(step, sizeof step, "%s", launch->step);
	snprintf(detail, sizeof detail, "%s", launch->detail);
	reap_init(launch);
	restore_terminal();
	if (launch->shared != NULL && atomic_load(&launch->shared->failed) == 1) {
		error = launch->shared->failure_errno;
		memcpy(step, launch->shared->failure_step, sizeof step);
		memcpy(detail, launch->shared->failure_detail, sizeof detail);
	}
	remove_cgroups(launch);
	drop_profile(launch);
	status = launch->ending_signal != 0 ? SIGNAL_BASE + launch->ending_signal
					    : report_failure(launch, step, error, detail);
	if (launch->trail != NULL) {
		char told[STEP_SIZE + DETAIL_SIZE + 64];
		snprintf(told, sizeof told, "%s: %s%s%s", step, detail, detail[0] == '\0' ? "" : ": ",
			 strerror(error));
		if (record_lifecycle(launch->trail, "step_failed", told) == TRAIL_OK)
			(void)close_trail(launch->trail, status, 0);
	}
	return status;
}

/* A refusal of the workload's own exec comes to light only while it is supervised. */
static int finish_unexecuted(struct launch *launch)
{
	struct shared *shared = launch->shared;
	int error = atomic_load(&shared->exec_errno);
	int status = atomic_load(&shared->failed) == 1
			     ? report_failure(launch, shared->failure_step, shared->failure_errno,
					      shared->failure_detail)
			     : report_failure(launch, "exec", error, "");
	if (record_lifecycle(launch->trail, "exec_failed", strerror(error)) == TRAIL_OK)
		(void)close_trail(launch->trail, status, 0);
	return status;
}

static int finish(struct launch *launch, enum ending ending)
{
	struct shared *shared = launch->shared;
	reap_init(launch);
	restore_terminal();
	remove_cgroups(launch);
	drop_profile(launch);
	if (atomic_load(&shared->exec_errno) != 0 || atomic_load(&shared->failed) != 0)
		return finish_unexecuted(launch);
	int status = atomic_load(&shared->ended) != 0 ? shared->workload_status : SIGKILL;
	if (atomic_load(&shared->ended) == 0 && ending == ENDED_BY_ITSELF)
		report_line("RUN_INIT_ENDED", "pid 1 of the sandbox ended before the command, which ended it",
			    "look for who killed it; the kernel's log tells where memory was short");
	int code = WIFSIGNALED(status) ? SIGNAL_BASE + WTERMSIG(status) : WEXITSTATUS(status);
	report_attempts(launch);
	switch (ending) {
	case ENDED_BY_ITSELF:
		break;
	case ENDED_BY_TIME:
		report_line("RUN_TIME_LIMIT", "the policy's time limit ended the run",
			    "raise resources.time in the policy");
		break;
	case ENDED_BY_QUOTA:
		(void)record_lifecycle(launch->trail, "audit_quota", "");
		report_line("AUDIT_QUOTA", "the trail has reached its quota, which ended the run",
			    "raise audit.quota in the policy");
		break;
	case ENDED_BY_FAULT:
		report_line("RUN_SUPERVISE",
			    "the supervisor could not watch the run any more, which ended it",
			    "run it again; if that does not help, report it");
		return EXIT_SANDBOX_FAILED;
	case ENDED_BY_TRAIL:
		report_line("AUDIT_WRITE_FAILED", "the trail could not be written, which ended the run",
			    "make room in the state directory");
		return EXIT_SANDBOX_FAILED;
	}
	enum trail_result closed = close_trail(launch->trail, WIFSIGNALED(status) ? 0 : code,
					       WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	if (closed == TRAIL_OK)
		return code;
	report_line("AUDIT_WRITE_FAILED", "the trail could not be closed",
		    "make room in the state directory");
	return EXIT_SANDBOX_FAILED;
}

int main(int argc, char *argv[])
{
	static struct launch launch = { .signals = -1,
					.control_supervisor = -1,
					.control_init = -1,
					.exec_read = -1,
					.exec_write = -1,
					.init_pidfd = -1,
					.workload_pidfd = -1,
					.listener = -1,
					.console = -1,
					.output = -1,
					.error_output = -1,
					.input = -1,
					.keeper_read = -1,
					.keeper_write = -1,
					.profile_end = -1,
					.timer = -1 };
	umask(022);
	launch.plan_descriptor = argc < 2 ? -1 : atoi(argv[1]);
	launch.argument_count = argc < 3 ? 0 : argc - 2;
	launch.arguments = argv + 2;
	if (run_steps(steps, sizeof steps / sizeof *steps, &launch) == -1)
		return fail(&launch);
	return finish(&launch, supervise(&launch));
}
