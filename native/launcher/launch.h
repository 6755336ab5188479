/* launch.h - what the launcher's processes know: supervisor, init and workload before its exec. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/plan.h"
#include "trail/trail.h"

enum { EXIT_SANDBOX_FAILED = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };
/* Memory for the mount points that a read-only image lacks. */
enum { SEALED_ROOT_SIZE = 1 << 20 };
enum {
	STEP_SIZE = 32,
	DETAIL_SIZE = 256,
	CHECK_TEXT_SIZE = 128,
	LABEL_SIZE = 256,
	CHECK_MAX = 128,
	CGROUP_MAX = 16
};

/* What was asked for, what the kernel says, and how it was asked. */
struct check {
	char control[STEP_SIZE];
	char requested[CHECK_TEXT_SIZE];
	char effective[CHECK_TEXT_SIZE];
	char how[CHECK_TEXT_SIZE];
	bool holds;
};

struct checks {
	size_t count;
	struct check list[CHECK_MAX];
};

/* One page range that supervisor, init and the workload before its exec share. */
struct shared {
	_Atomic int listener; /* number of the listener in the workload, -1 before, < -1: -1 - errno */
	_Atomic int failed;   /* 1: the next three say where the launch ended */
	int failure_errno;
	char failure_step[STEP_SIZE];
	char failure_detail[DETAIL_SIZE];
	_Atomic int keeper_ready; /* 1: the cgroup keeper holds what it needs and waits */
	_Atomic int exec_errno;	  /* why the workload's own execve failed */
	_Atomic int ended;	  /* 1: workload_status is that of the workload */
	int workload_status;	  /* as wait(2) gives it */
	struct checks inside;	  /* what the workload found when it looked around */
};

/* What a bind mount comes from; the numbers outlive the descriptor, which the workload's process has not. */
struct mount_source {
	int descriptor; /* O_PATH; -1 where the mount is no bind */
	dev_t device;
	ino_t inode;
};

struct launch {
	const struct plan *plan;
	int argument_count;
	char **arguments;  /* the user's command, if it is not the plan's */
	char *const *argv; /* what is executed, and its environment; each ends with NULL */
	char *const *envp;
	int plan_descriptor;
	struct shared *shared;
	struct trail *trail;
	const char *step;	  /* the one that runs now */
	char detail[DETAIL_SIZE]; /* what it was about, where that helps: a path, a control */

	int signals;		/* signalfd of the supervisor */
	int control_supervisor; /* the two ends of one socket; its end tells of the other's death */
	int control_init;
	int exec_read; /* ends when the workload has executed its program or has died */
	int exec_write;
	int init_pidfd;
	pid_t init_pid;
	int workload_pidfd;
	int listener;
	int console; /* pty master, or -1 */
	int output;  /* read ends of the workload's standard output and error, write end of its input */
	int error_output;
	int input;
	bool one_output; /* output and error are one file for the caller, so one pipe keeps their order */
	int cgroup_folder[CGROUP_MAX];
	char cgroup_name[64];
	int keeper_read;  /* both ends of one pipe */
	int keeper_write; /* held by supervisor and init: its end wakes the keepers of cgroup and profile */
	char label[LABEL_SIZE]; /* of AppArmor, as the supervisor sees it; empty: none */
	int profile_end;	/* ends when the profile's keeper has removed it; -1: there is none */
	int ending_signal;	/* came before there was a workload */
	int timer;		/* of the time limit, or -1 */

	int mountpoint; /* O_PATH descriptors that were opened with the caller's rights */
	int *layer_folders;
	struct mount_source *mount_sources;
	int scratch; /* the memory below the root: upper, work and the Landlock canary */
	int root;
	dev_t root_device;
	ino_t root_inode;
	int streams[3]; /* the workload's ends */
};

/* One thing that is done. Returns 0, or -1 with errno set. It never prints, retries or goes on after a
 * failure. */
struct step {
	const char *name;
	int (*run)(struct launch *);
};

/* Runs the steps in order; on a failure notes step, errno and detail in launch->shared and returns -1. */
int run_steps(const struct step *steps, size_t count, struct launch *launch);

/* Says what the present step is about; cut to DETAIL_SIZE. */
void set_detail(struct launch *launch, const char *text);

/* Adds a check; one too many is dropped and makes receipt taking fail (the count says so). */
void add_check(struct checks *checks, const char *control, const char *requested, const char *effective,
	       const char *how, bool holds);

_Noreturn void run_init(struct launch *launch);	    /* init/init.c */
_Noreturn void run_workload(struct launch *launch); /* workload/workload.c */

#endif
