/*
 * seccomp_filters.c - filters of the workload's own.
 *
 * To tighten itself is a process's right; to hear its own refusals, to loosen
 * what is in force or to have a child without it is not. Everything ends with
 * the probe's process. seccomp(2), ptrace(2).
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#define HIGH_GARBAGE (1L << 40)

static struct sock_filter allow_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
static struct sock_fprog program = { 1, &allow_all };

static long install(long flags)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* EBUSY: there is a listener already, and the kernel takes only one. */
static void install_filter(const struct probe *probe, struct outcome *outcome)
{
	long result = install(probe->arguments[0]);
	if (result == -1 && errno == EBUSY)
		conclude(outcome, DENIED, EBUSY, "there is a listener already");
	else
		judge(outcome, probe, result);
}

static void install_by_prctl(const struct probe *probe, struct outcome *outcome)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	judge(outcome, probe, syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void install_with_privilege(const struct probe *probe, struct outcome *outcome)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		conclude(outcome, DENIED, 0, "no_new_privs is set for good");
	else
		judge(outcome, probe, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

/* A filter that allows everything takes nothing away from the ones before it. */
static void loosen(const struct probe *probe, struct outcome *outcome)
{
	(void)install(0);
	judge(outcome, probe, syscall(SYS_reboot, 0, 0, 0, 0));
}

static void trace_without_filters(const struct probe *probe, struct outcome *outcome)
{
	pid_t child = fork();
	if (child == 0)
		for (;;)
			pause();
	if (child == -1) {
		conclude(outcome, ERROR, errno, "no process");
		return;
	}
	judge(outcome, probe, syscall(SYS_ptrace, PTRACE_SEIZE, child, 0, PTRACE_O_SUSPEND_SECCOMP));
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
}

#define FILTER(name, said, flags) PROBE("seccomp." name, "seccomp", said, install_filter, ARGS(flags))

static const struct probe probes[] = {
	FILTER("filter", "a further filter (to be allowed)", 0),
	PROBE("seccomp.filter.prctl", "prctl", "a further filter, by prctl (to be allowed)",
	      install_by_prctl),
	FILTER("filter.log", "a further filter that logs (to be allowed)", SECCOMP_FILTER_FLAG_LOG),
	FILTER("filter.tsync", "a further filter for all threads (to be allowed)", SECCOMP_FILTER_FLAG_TSYNC),
	FILTER("filter.spec-allow", "a further filter that lets speculation be (to be allowed)",
	       SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	PROBE("seccomp.filter.privileged", "seccomp", "a filter without no_new_privs",
	      install_with_privilege),
	FILTER("listener", "a filter with a listener of its own", SECCOMP_FILTER_FLAG_NEW_LISTENER),
	FILTER("listener.log", "a filter with a listener of its own: NEW_LISTENER | LOG",
	       SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_LOG),
	FILTER("listener.tsync", "a filter with a listener of its own: NEW_LISTENER | TSYNC | TSYNC_ESRCH",
	       SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC |
		       SECCOMP_FILTER_FLAG_TSYNC_ESRCH),
	FILTER("listener.killable", "a filter with a listener of its own: NEW_LISTENER | WAIT_KILLABLE_RECV",
	       SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
	FILTER("listener.high", "a filter with a listener of its own, garbage in the upper half",
	       (long)SECCOMP_FILTER_FLAG_NEW_LISTENER | HIGH_GARBAGE),
	PROBE("seccomp.relax", "reboot", "a refused call after a filter that allows everything", loosen,
	      THROUGH(EINVAL)),
	CALL("seccomp.disable", "prctl", "seccomp mode set back to 0", SYS_prctl, ARGS(PR_SET_SECCOMP, 0, 0),
	     THROUGH(EINVAL)),
	CALL("seccomp.operation", "seccomp", "an operation that does not exist (a filter's to stop)",
	     SYS_seccomp, ARGS(9999, 0, 0), THROUGH(EINVAL)),
	PROBE("seccomp.suspend", "ptrace", "to trace a child with its filters suspended",
	      trace_without_filters),
};

const struct category seccomp_probes = CATEGORY("seccomp", probes);
