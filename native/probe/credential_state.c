/*
 * credential_state.c - what the process is. Nothing is tried, only read.
 *
 * "Allowed" means that the state is the one that a sandbox should not leave.
 * proc_pid_status(5), user_namespaces(7).
 */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

enum { MAX_GROUPS = 128, SECCOMP_FILTERS = 2 };

/* A field of /proc/self/status that should be `arguments[0]`. */
static void check_status(const struct probe *probe, struct outcome *outcome)
{
	unsigned long long value = 0;
	char detail[64];
	if (status_field(probe->path, 16, &value) == -1) {
		conclude(outcome, ERROR, errno, "no /proc/self/status");
		return;
	}
	snprintf(detail, sizeof detail, "%s: %llx", probe->path, value);
	judge_state(outcome, value == (unsigned long long)probe->arguments[0], detail);
}

static void check_number(const struct probe *probe, struct outcome *outcome)
{
	char detail[32];
	long id = syscall(probe->number);
	snprintf(detail, sizeof detail, "%ld", id);
	judge_state(outcome, id != 0, detail);
}

static void check_all_ids(const struct probe *probe, struct outcome *outcome)
{
	uid_t ids[3] = { 0, 0, 0 };
	if (syscall(probe->number, &ids[0], &ids[1], &ids[2]) == -1)
		judge_with(outcome, -1, NULL, 0);
	else
		judge_state(outcome, ids[0] != 0 && ids[1] != 0 && ids[2] != 0, "");
}

/* Root's group, or one more than its own. */
static void check_groups(const struct probe *probe, struct outcome *outcome)
{
	(void)probe;
	gid_t groups[MAX_GROUPS];
	int count = getgroups(MAX_GROUPS, groups);
	int safe = 1;
	for (int i = 0; i < count; i++)
		if (groups[i] != getgid())
			safe = 0;
	char detail[32];
	snprintf(detail, sizeof detail, "%d groups", count);
	judge_state(outcome, safe, detail);
}

/* Whether our effective id is `arguments[0]` in the namespace that ours was made in. */
static void check_outer_id(const struct probe *probe, struct outcome *outcome)
{
	unsigned long first, outer, count, own = probe->arguments[0] != 0 ? getegid() : geteuid();
	FILE *map = fopen(probe->path, "re");
	char detail[64] = "no map";
	int safe = 1;
	while (map != NULL && fscanf(map, "%lu %lu %lu", &first, &outer, &count) == 3)
		if (own >= first && own - first < count) {
			snprintf(detail, sizeof detail, "outer id %lu", outer + (own - first));
			safe = outer + (own - first) != 0;
		}
	if (map != NULL)
		fclose(map);
	judge_state(outcome, safe, detail);
}

static void check_dumpable(const struct probe *probe, struct outcome *outcome)
{
	(void)probe;
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	if (dumpable == -1)
		judge_with(outcome, -1, NULL, 0);
	else
		judge_state(outcome, dumpable == 0, dumpable == 0 ? "0" : "an exec resets it");
}

static void check_hard_limit(const struct probe *probe, struct outcome *outcome)
{
	struct rlimit limit;
	char detail[48];
	if (syscall(SYS_prlimit64, 0, probe->arguments[0], NULL, &limit) == -1) {
		judge_with(outcome, -1, NULL, 0);
		return;
	}
	snprintf(detail, sizeof detail, "hard limit %lld", (long long)limit.rlim_max);
	judge_state(outcome, limit.rlim_max <= (rlim_t)probe->arguments[1], detail);
}

#define STATUS(name, field, value, said)                                                                     \
	PROBE("cred.state." name, "state", said, check_status, .path = field, ARGS(value))

static const struct probe probes[] = {
	STATUS("no-new-privs", "NoNewPrivs", 1, "no_new_privs is set"),
	STATUS("seccomp", "Seccomp", SECCOMP_FILTERS, "a seccomp filter is in force"),
	STATUS("cap-eff", "CapEff", 0, "no effective capability"),
	STATUS("cap-prm", "CapPrm", 0, "no permitted capability"),
	STATUS("cap-inh", "CapInh", 0, "no inheritable capability"),
	STATUS("cap-bnd", "CapBnd", 0, "no capability in the bounding set"),
	STATUS("cap-amb", "CapAmb", 0, "no ambient capability"),
	PROBE("cred.state.uid", "geteuid", "the user id is not 0", check_number, .number = SYS_geteuid),
	PROBE("cred.state.gid", "getegid", "the group id is not 0", check_number, .number = SYS_getegid),
	PROBE("cred.state.uids", "getresuid", "no user id of it is 0", check_all_ids,
	      .number = SYS_getresuid),
	PROBE("cred.state.gids", "getresgid", "no group id of it is 0", check_all_ids,
	      .number = SYS_getresgid),
	PROBE("cred.state.groups", "getgroups", "no supplementary group", check_groups),
	PROBE("cred.state.host-root", "state", "the user id is not the host's root", check_outer_id,
	      .path = "/proc/self/uid_map"),
	PROBE("cred.state.host-root-group", "state", "the group id is not that of the host's root",
	      check_outer_id, .path = "/proc/self/gid_map", ARGS(1)),
	PROBE("cred.state.dumpable", "prctl", "the process is not dumpable", check_dumpable),
	PROBE("cred.state.core-limit", "prlimit64", "no core file: its hard limit is 0", check_hard_limit,
	      ARGS(RLIMIT_CORE, 0)),
	PROBE("cred.state.realtime-limit", "prlimit64", "no real-time priority: its hard limit is 0",
	      check_hard_limit, ARGS(RLIMIT_RTPRIO, 0)),
	PROBE("cred.state.nice-limit", "prlimit64", "no higher priority: its hard limit is 0",
	      check_hard_limit, ARGS(RLIMIT_NICE, 0)),
};

const struct category credential_state_probes = CATEGORY("credentials", probes);
