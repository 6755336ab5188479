/*
 * small_plan.c - the plan that tests of the trail run with.
 */
#include "test/support/small_plan.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static struct plan_condition conditions[] = {
	{ 0, PLAN_CONDITION_EQUAL, 0xffffffff, 16 },
	{ 1, PLAN_CONDITION_NOT_EQUAL, 0x10000000, 0 },
	{ 2, PLAN_CONDITION_LESS, ~0ull, 5 },
	{ 2, PLAN_CONDITION_GREATER_OR_EQUAL, ~0ull, 9 },
};

static struct plan_refusal refusals[] = {
	{ SYS_mount, PLAN_REFUSAL_ERRNO, EPERM, 0, 0, "strict.json#/syscalls/forbid/0" },
	{ SYS_socket, PLAN_REFUSAL_ERRNO, EAFNOSUPPORT, 0, 1, "strict.json#/syscalls/forbid/1" },
	{ SYS_clone, PLAN_REFUSAL_KILL, 0, 1, 1, "strict.json#/syscalls/forbid/2" },
	{ SYS_seccomp, PLAN_REFUSAL_CONTINUE, 0, 2, 1, "strict.json#/syscalls/allow/7" },
	{ SYS_seccomp, PLAN_REFUSAL_ERRNO, EACCES, 2, 2, "never: less than 5 and at least 9" },
};

static struct plan_program programs[] = {
	{ .name = "launcher",
	  .path = "/launcher",
	  .digest = "sha256:1111111111111111111111111111111111111111111111111111111111111111" },
};

static const char *remarks[] = { "apparmor: left out, this kernel has none" };

/* Calls 0 to 449 are known. */
static unsigned char known[57];

void make_small_plan(struct plan *plan, const char *state_directory)
{
	memset(plan, 0, sizeof *plan);
	memset(known, 0xff, 56);
	known[56] = 3;
	plan->product_version = "0.1.0";
	plan->policy_name = "strict";
	plan->policy_digest = "sha256:2222222222222222222222222222222222222222222222222222222222222222";
	plan->image_reference = "oci:demo:1";
	plan->image_digest = "sha256:3333333333333333333333333333333333333333333333333333333333333333";
	plan->image_signed = 1;
	plan->signer = "key team.pub";
	plan->trust_rule = "trust.json#/scopes/0";
	plan->remark = remarks;
	plan->remark_count = 1;
	plan->state_directory = state_directory;
	plan->invoking_user = "alice (1000)";
	plan->program = programs;
	plan->program_count = 1;
	plan->condition = conditions;
	plan->condition_count = sizeof conditions / sizeof *conditions;
	plan->refusal = refusals;
	plan->refusal_count = sizeof refusals / sizeof *refusals;
	plan->known_calls = known;
	plan->known_calls_size = sizeof known;
	plan->on_deny = (struct plan_on_deny){ EPERM, "strict.json#/syscalls/onDeny" };
	plan->on_unknown = (struct plan_on_unknown){ ENOSYS, "strict.json#/syscalls/onUnknown" };
	plan->on_foreign = (struct plan_on_foreign){ EPERM, "strict.json#/syscalls" };
	plan->proof = (struct plan_proof){
		"sha256:4444444444444444444444444444444444444444444444444444444444444444",
		"sha256:5555555555555555555555555555555555555555555555555555555555555555",
	};
	plan->audit_quota = 16 << 20;
}

const char *make_state_directory(void)
{
	static char path[64];
	snprintf(path, sizeof path, "/tmp/sandbox-trail-XXXXXX");
	if (mkdtemp(path) == NULL) {
		perror("mkdtemp");
		exit(1);
	}
	return path;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

void remove_state_directory(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
