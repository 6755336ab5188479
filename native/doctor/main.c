/*
 * main.c - tries each mechanism and prints one JSON line for it.
 *
 *	doctor METHOD UID-RANGES GID-RANGES NEWUIDMAP NEWGIDMAP FOLDER [CONTROLLER PARENT FILE VALUE]...
 *
 * METHOD is single, subordinate or direct; ranges are INNER:OUTER:COUNT, with
 * commas between. Before: FOLDER is prepared (doctor.h). After: nothing is
 * left but what stood there before. Ends with 0 whatever was found.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"

enum { TRIAL_SECONDS = 12, USAGE_STATUS = 2 };

struct mechanism {
	const char *name;
	const char *how; /* completes "tried by" */
	trial *run;
};

static const struct mechanism mechanisms[] = {
	{ "user-namespace", "making one with this user's own id and setting a host name inside",
	  try_user_namespace },
	{ "id-map", "writing the whole map for a new user namespace and becoming its last id", try_id_map },
	{ "mount-namespace", "mounting a tmpfs in a new one", try_mount_namespace },
	{ "pid-namespace", "being process 1 of a new one", try_pid_namespace },
	{ "network-namespace", "starting the loopback interface of a new one", try_network_namespace },
	{ "ipc-namespace", "making a message queue in a new one", try_ipc_namespace },
	{ "uts-namespace", "setting the host name of a new one", try_uts_namespace },
	{ "cgroup-namespace", "entering a new one", try_cgroup_namespace },
	{ "root-switch", "pivot_root into a tmpfs and unmounting the old root", try_root_switch },
	{ "device-files", "binding /dev/null into a tmpfs and writing to it", try_device_files },
	{ "overlay", "mounting two lower folders with userxattr and reading through them",
	  try_read_only_overlay },
	{ "writable-overlay", "removing and replacing files and folders of a lower folder",
	  try_writable_overlay },
	{ "process-view", "mounting proc with subset=pid in a new pid namespace", try_process_view },
	{ "masked-process-view", "mounting a whole proc in a new pid namespace", try_masked_process_view },
	{ "pseudo-terminal", "mounting a devpts of its own and opening a terminal pair",
	  try_pseudo_terminal },
	{ "seccomp-notification", "answering a process's call from another process", try_notification },
	{ "seccomp-sync-wake-up", "the same with SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP", try_sync_wake_up },
	{ "seccomp-wait-killable", "the same with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	  try_wait_killable },
	{ "landlock", "opening a folder that a ruleset denies", try_landlock },
	{ "confined-lookup", "openat2 with RESOLVE_IN_ROOT on a path that leads out", try_confined_lookup },
	{ "pidfd", "signalling a child through its descriptor", try_pidfd },
	{ "descriptor-transfer", "taking a descriptor of a child by pidfd_getfd", try_descriptor_transfer },
	{ "argument-reading", "reading the memory of a process of another id by process_vm_readv",
	  try_argument_reading },
	{ "process-limit", "RLIMIT_NPROC in a user namespace: two children, not three", try_process_limit },
};

long tried(struct finding *finding, const char *step, long result)
{
	if (result < 0)
		failed(finding, step, errno);
	return result;
}

int failed(struct finding *finding, const char *step, int error)
{
	if (finding->step == NULL) {
		finding->error = error;
		finding->step = step;
	}
	return -1;
}

/* Kills the trial's process group and reaps it, grandchildren included: we are their subreaper. */
static void end_trial(pid_t child)
{
	kill(-child, SIGKILL);
	kill(child, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* Waits for the child's end, at most the time limit. Returns its wait status, or -1. SIGCHLD is blocked. */
static int await_trial(pid_t child)
{
	const struct timespec limit = { .tv_sec = TRIAL_SECONDS };
	struct timespec start, now;
	sigset_t wanted;
	int status;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		pid_t ended = waitpid(child, &status, WNOHANG);
		if (ended == child)
			return status;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (ended < 0 || now.tv_sec - start.tv_sec >= TRIAL_SECONDS)
			return -1;
		sigtimedwait(&wanted, NULL, &limit);
	}
}

static void run_trial(const struct mechanism *mechanism, const struct request *request,
		      struct finding *finding)
{
	*finding = (struct finding){ 0 };
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		int result = mechanism->run(request, finding);
		_exit(result == 0 ? 0 : 1);
	}
	if (child < 0) {
		failed(finding, "fork", errno);
		return;
	}
	setpgid(child, child);
	int status = await_trial(child);
	end_trial(child);
	if (status == -1)
		failed(finding, "ending in time", ETIMEDOUT);
	else if (WIFSIGNALED(status))
		failed(finding, "not being killed", 0);
	else if (WEXITSTATUS(status) != 0)
		failed(finding, "the whole", 0);
}

static void print_finding(const char *name, const char *controller, const char *how,
			  const struct finding *finding)
{
	printf("{\"name\":\"%s%s\",\"available\":%s,\"how\":\"%s\",\"step\":\"%s\",\"errno\":%d,\"error\":\"%"
	       "s\","
	       "\"value\":%d}\n",
	       name, controller, finding->step == NULL ? "true" : "false", how,
	       finding->step == NULL ? "" : finding->step, finding->error,
	       finding->error == 0 ? "" : strerrorname_np(finding->error), finding->value);
}

static int read_ranges(const char *text, struct id_range *ranges, size_t *count)
{
	for (*count = 0; *count < ID_MAP_MAX_RANGES;) {
		struct id_range *range = &ranges[*count];
		int used = 0;
		if (sscanf(text, "%u:%u:%u%n", &range->inner, &range->outer, &range->count, &used) != 3)
			return -1;
		(*count)++;
		if (text[used] == '\0')
			return 0;
		if (text[used] != ',')
			return -1;
		text += used + 1;
	}
	return -1;
}

static int read_request(int argc, char **argv, struct request *request)
{
	static const char *const methods[] = { "single", "subordinate", "direct" };
	size_t method = 0;
	if (argc < 7 || (argc - 7) % 4 != 0 || (argc - 7) / 4 > MAX_GROUPS)
		return -1;
	while (method < 3 && strcmp(argv[1], methods[method]) != 0)
		method++;
	if (method == 3)
		return -1;
	request->ids.method = (enum id_map_method)method;
	if (read_ranges(argv[2], request->uid_ranges, &request->ids.uid_count) < 0 ||
	    read_ranges(argv[3], request->gid_ranges, &request->ids.gid_count) < 0)
		return -1;
	request->ids.uid = request->uid_ranges;
	request->ids.gid = request->gid_ranges;
	request->ids.newuidmap = argv[4];
	request->ids.newgidmap = argv[5];
	request->folder = argv[6];
	for (int i = 7; i < argc; i += 4)
		request->groups[request->group_count++] =
			(struct group_request){ argv[i], argv[i + 1], argv[i + 2], argv[i + 3] };
	request->doctor = getpid();
	return 0;
}

int main(int argc, char **argv)
{
	static struct request request;
	sigset_t ended;

	if (argc == 2 && strcmp(argv[1], reading_target) == 0)
		return be_read();
	if (read_request(argc, argv, &request) < 0) {
		fprintf(stderr, "doctor: meant to be started by `sandbox doctor`\n");
		return USAGE_STATUS;
	}
	struct finding *finding =
		mmap(NULL, sizeof *finding, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (finding == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		perror("doctor");
		return 1;
	}
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, NULL);

	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
		run_trial(&mechanisms[i], &request, finding);
		print_finding(mechanisms[i].name, "", mechanisms[i].how, finding);
	}
	const struct mechanism group = { "cgroup-",
					 "making a group, moving a process in and setting its limit",
					 try_control_group };
	for (size_t i = 0; i < request.group_count; i++) {
		request.group = &request.groups[i];
		run_trial(&group, &request, finding);
		remove_control_group(&request);
		print_finding(group.name, request.group->controller, group.how, finding);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
