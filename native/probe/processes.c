/*
 * processes.c - other processes, and a larger share of the machine.
 *
 * Signal 0 reaches nobody; limits, masks and priorities of others are set to
 * what they are. What the probe gains for itself ends with its process.
 * kill(2), prlimit(2), sched(7), ptrace(2).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { INIT = 1, PARENT = -1, ITSELF = 0, SIGNAL_NOTHING = 0 };

static long process_of(const struct probe *probe)
{
	return probe->arguments[0] == PARENT ? getppid() : probe->arguments[0];
}

/* Whether a process can be reached that is neither the probe, its parents nor pid 1. */
static int reaches_stranger(void)
{
	DIR *processes = opendir("/proc");
	int found = 0;
	for (struct dirent *entry = processes == NULL ? NULL : readdir(processes); entry != NULL && !found;
	     entry = readdir(processes)) {
		pid_t process = (pid_t)atoi(entry->d_name);
		found = process > INIT && process != getpid() && process != getppid() &&
			getsid(process) != getsid(0) && kill(process, SIGNAL_NOTHING) == 0;
	}
	if (processes != NULL)
		closedir(processes);
	return found;
}

/* Any process beside pid 1, the probe and its parent. */
static void look_around(const struct probe *probe, struct outcome *outcome)
{
	DIR *processes = opendir("/proc");
	int others = 0;
	(void)probe;
	for (struct dirent *entry = processes == NULL ? NULL : readdir(processes); entry != NULL;
	     entry = readdir(processes)) {
		pid_t process = (pid_t)atoi(entry->d_name);
		others += process > INIT && process != getpid() && process != getppid();
	}
	if (processes != NULL)
		closedir(processes);
	judge_state(outcome, others == 0, others == 0 ? "" : "others are visible");
}

static void reach_all(const struct probe *probe, struct outcome *outcome)
{
	(void)probe;
	if (kill(-1, SIGNAL_NOTHING) == -1)
		conclude(outcome, DENIED, errno, "nobody can be reached");
	else
		judge_state(outcome, !reaches_stranger(), "signal 0 to all");
}

static long open_process(long process)
{
	char path[32];
	long found = syscall(SYS_pidfd_open, process, 0);
	snprintf(path, sizeof path, "/proc/%ld", process);
	return found != -1 ? found : open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
}

/* Without any descriptor for the process, EBADF says nothing about it. */
static void signal_through(const struct probe *probe, struct outcome *outcome)
{
	long process = open_process(process_of(probe));
	int why = errno;
	judge(outcome, probe, syscall(SYS_pidfd_send_signal, process, SIGNAL_NOTHING, NULL, 0));
	if (process == -1 && outcome->verdict == ALLOWED)
		conclude(outcome, means_denied(why) ? DENIED : ERROR, why, "no descriptor of the process");
}

static void queue_signal(const struct probe *probe, struct outcome *outcome)
{
	siginfo_t information;
	memset(&information, 0, sizeof information);
	information.si_code = SI_QUEUE;
	judge(outcome, probe, syscall(SYS_rt_sigqueueinfo, process_of(probe), SIGNAL_NOTHING, &information));
}

static void read_limits(const struct probe *probe, struct outcome *outcome)
{
	struct rlimit limit;
	judge(outcome, probe, syscall(SYS_prlimit64, process_of(probe), RLIMIT_NOFILE, NULL, &limit));
}

/* Where there is no hard limit, one cannot be raised, and there was nothing to gain. */
static void raise_limit(const struct probe *probe, struct outcome *outcome)
{
	struct rlimit limit;
	int resource = (int)probe->arguments[0];
	if (getrlimit((__rlimit_resource_t)resource, &limit) == -1) {
		judge_with(outcome, -1, NULL, 0);
		return;
	}
	if (limit.rlim_max == RLIM_INFINITY) {
		conclude(outcome, ALLOWED, 0, "there is no limit");
		return;
	}
	limit.rlim_max++;
	judge(outcome, probe, syscall(SYS_prlimit64, 0, resource, &limit, NULL));
}

static void schedule(const struct probe *probe, struct outcome *outcome)
{
	struct sched_param parameter = { .sched_priority = (int)probe->arguments[2] };
	judge(outcome, probe,
	      syscall(SYS_sched_setscheduler, process_of(probe), probe->arguments[1], &parameter));
}

static void schedule_by_attributes(const struct probe *probe, struct outcome *outcome)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attributes = { .size = 48,
			 .policy = (uint32_t)probe->arguments[1],
			 .nice = (int32_t)probe->arguments[2],
			 .priority = (uint32_t)probe->arguments[3],
			 .runtime = 1000000,
			 .deadline = 10000000,
			 .period = 10000000 };
	judge(outcome, probe, syscall(SYS_sched_setattr, process_of(probe), &attributes, 0));
}

static void keep_affinity(const struct probe *probe, struct outcome *outcome)
{
	cpu_set_t processors;
	CPU_ZERO(&processors);
	if (sched_getaffinity((pid_t)process_of(probe), sizeof processors, &processors) == -1)
		CPU_SET(0, &processors);
	judge(outcome, probe,
	      syscall(SYS_sched_setaffinity, process_of(probe), sizeof processors, &processors));
}

/* A stopped child of its own, ended afterwards. */
static void trace_child(const struct probe *probe, struct outcome *outcome)
{
	pid_t child = fork();
	if (child == 0)
		for (;;)
			pause();
	if (child == -1) {
		conclude(outcome, ERROR, errno, "no process");
		return;
	}
	judge(outcome, probe, syscall(SYS_ptrace, probe->arguments[0], child, 0, 0));
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
}

#define ON(name, call, nr, said, ...) CALL("process." name, call, said, nr, ARGS(__VA_ARGS__))
#define IOPRIO(class, level)	      ((class) << 13 | (level))

static const struct probe probes[] = {
	PROBE("process.kill-all", "kill", "signal 0 to all: only its own are there", reach_all),
	PROBE("process.visible", "state", "no process of others in /proc", look_around),
	ON("kill-init", "kill", SYS_kill, "signal 0 to pid 1", INIT, SIGNAL_NOTHING),
	ON("tgkill-init", "tgkill", SYS_tgkill, "signal 0 to pid 1's thread", INIT, INIT, SIGNAL_NOTHING),
	PROBE("process.sigqueue-init", "rt_sigqueueinfo", "signal 0 to pid 1 with a value", queue_signal,
	      ARGS(INIT)),
	ON("pidfd-init", "pidfd_open", SYS_pidfd_open, "a pidfd of pid 1", INIT, 0),
	CALL("process.pidfd-none", "pidfd_open", "a pidfd of no process (a filter's to stop)", SYS_pidfd_open,
	     ARGS(-1, 0), THROUGH(EINVAL, ESRCH)),
	PROBE("process.pidfd-signal-init", "pidfd_send_signal", "signal 0 to pid 1 through a pidfd",
	      signal_through, ARGS(INIT), THROUGH(EBADF)),
	PROBE("process.prlimit-init", "prlimit64", "pid 1's limits, read", read_limits, ARGS(INIT)),
	PROBE("process.prlimit-parent", "prlimit64", "its parent's limits, read", read_limits, ARGS(PARENT)),
	PROBE("process.prlimit-raise.nofile", "prlimit64", "its hard limit of descriptors raised",
	      raise_limit, ARGS(RLIMIT_NOFILE)),
	PROBE("process.prlimit-raise.nproc", "prlimit64", "its hard limit of processes raised", raise_limit,
	      ARGS(RLIMIT_NPROC)),
	PROBE("process.prlimit-raise.memlock", "prlimit64", "its hard limit of locked memory raised",
	      raise_limit, ARGS(RLIMIT_MEMLOCK)),
	PROBE("process.prlimit-raise.core", "prlimit64", "its hard limit of core files raised", raise_limit,
	      ARGS(RLIMIT_CORE)),
	PROBE("process.sched-fifo", "sched_setscheduler", "SCHED_FIFO for itself", schedule,
	      ARGS(ITSELF, SCHED_FIFO, 1)),
	PROBE("process.sched-rr", "sched_setscheduler", "SCHED_RR for itself", schedule,
	      ARGS(ITSELF, SCHED_RR, 1)),
	PROBE("process.sched-init", "sched_setscheduler", "SCHED_OTHER for pid 1", schedule,
	      ARGS(INIT, SCHED_OTHER, 0), .who = NEVER_AS_ROOT),
	PROBE("process.sched-deadline", "sched_setattr", "SCHED_DEADLINE for itself", schedule_by_attributes,
	      ARGS(ITSELF, SCHED_DEADLINE)),
	PROBE("process.sched-attr-fifo", "sched_setattr", "SCHED_FIFO for itself, by attributes",
	      schedule_by_attributes, ARGS(ITSELF, SCHED_FIFO, 0, 1)),
	PROBE("process.sched-attr-nice", "sched_setattr", "nice -20 for itself, by attributes",
	      schedule_by_attributes, ARGS(ITSELF, SCHED_OTHER, -20)),
	PROBE("process.affinity-init", "sched_setaffinity", "pid 1's processors to what they are",
	      keep_affinity, ARGS(INIT)),
	ON("setpriority", "setpriority", SYS_setpriority, "nice -20 for itself", PRIO_PROCESS, ITSELF, -20),
	ON("setpriority-group", "setpriority", SYS_setpriority, "nice -20 for its group", PRIO_PGRP, ITSELF,
	   -20),
	ON("ioprio", "ioprio_set", SYS_ioprio_set, "real-time I/O priority for itself", IOPRIO_WHO_PROCESS,
	   ITSELF, IOPRIO(IOPRIO_CLASS_RT, 4)),
	CALL("process.ptrace.traceme", "ptrace", "to be traced by its parent", SYS_ptrace,
	     ARGS(PTRACE_TRACEME)),
	CALL("process.ptrace.init", "ptrace", "to trace pid 1", SYS_ptrace, ARGS(PTRACE_SEIZE, INIT),
	     .who = NEVER_AS_ROOT),
	PROBE("process.ptrace.attach", "ptrace", "to trace a child of its own", trace_child,
	      ARGS(PTRACE_ATTACH)),
	PROBE("process.ptrace.seize", "ptrace", "to trace a child of its own without stopping it",
	      trace_child, ARGS(PTRACE_SEIZE)),
	CALL("process.ptrace.none", "ptrace", "an unknown request of no process (a filter's to stop)",
	     SYS_ptrace, ARGS(9999, -1), THROUGH(ESRCH, EIO)),
	CALL("process.sysv.msgget", "msgget",
	     "a message queue of any key that is not there (a filter's to stop)", SYS_msgget,
	     ARGS(0x70726f62, 0), THROUGH(ENOENT)),
	CALL("process.sysv.semget", "semget", "semaphores of a key that is not there (a filter's to stop)",
	     SYS_semget, ARGS(0x70726f62, 0, 0), THROUGH(ENOENT)),
	CALL("process.sysv.shmget", "shmget", "shared memory of a key that is not there (a filter's to stop)",
	     SYS_shmget, ARGS(0x70726f62, 0, 0), THROUGH(ENOENT)),
	CALL("process.mq_open", "mq_open", "a message queue that is not there (a filter's to stop)",
	     SYS_mq_open, ARGS((long)"probe-none", 0, 0, 0), THROUGH(ENOENT)),
};

const struct category process_probes = CATEGORY("process", probes);
