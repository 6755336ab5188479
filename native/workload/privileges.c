/*
 * privileges.c - ids and the five capability sets as the plan has them.
 *
 * Before: setup ids, every capability of the user namespace.
 * After:  bounding, permitted, effective, inheritable and ambient sets are exactly the plan's; root has no
 *         capabilities by being root, and these bits are locked; ids and groups are the plan's.
 *
 * capabilities(7) "The securebits flags", setresuid(2), setgroups(2), apparmor(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/capability_sets.h"
#include "steps.h"

static const unsigned long locked_bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
					 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
					 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

/*
 * Programs that become another user while they keep some capabilities (setpriv does so always) set
 * SECBIT_KEEP_CAPS for a moment; it gives nothing that they had not. Without capabilities it is locked.
 */
static unsigned long bits_to_lock(const struct plan *plan)
{
	return locked_bits | (plan->capability_permitted == 0 ? (unsigned long)SECBIT_KEEP_CAPS_LOCKED : 0);
}

int limit_bounding_set(struct launch *launch)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == -1)
		return -1;
	return drop_bounding_set(launch->plan->capability_bounding);
}

int take_ids(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	if (plan->id_map_method != PLAN_ID_MAP_METHOD_SINGLE &&
	    setgroups(plan->group_count, plan->group) == -1)
		return -1;
	if (setresgid(plan->gid, plan->gid, plan->gid) == -1)
		return -1;
	return setresuid(plan->uid, plan->uid, plan->uid);
}

int set_capability_sets(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	const uint64_t changing = 1ull << CAP_SETPCAP;
	if (set_capabilities(plan->capability_permitted | changing, plan->capability_effective | changing,
			     plan->capability_inheritable) == -1)
		return -1;
	if (set_ambient(plan->capability_ambient) == -1)
		return -1;
	if (prctl(PR_SET_SECUREBITS, bits_to_lock(plan), 0, 0, 0) == -1)
		return -1;
	if (set_capabilities(plan->capability_permitted, plan->capability_effective,
			     plan->capability_inheritable) == -1)
		return -1;
	if (prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == (int)bits_to_lock(plan))
		return 0;
	set_detail(launch, "securebits are not what was set");
	errno = EPERM;
	return -1;
}

int forbid_new_privileges(struct launch *launch)
{
	(void)launch;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int read_label(const char *path, char *label, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file == -1)
		return -1;
	ssize_t got = read(file, label, size - 1);
	label[got > 0 ? got : 0] = '\0';
	label[strcspn(label, "\n")] = '\0';
	return got == -1 ? -1 : close(file);
}

/* Only the process itself is told: 6.1 answers another with that one’s own. */
static int read_back(struct launch *launch)
{
	char label[LABEL_SIZE], wanted[LABEL_SIZE + 16];
	if (read_label("/proc/thread-self/attr/apparmor/exec", label, sizeof label) == -1)
		return -1;
	snprintf(wanted, sizeof wanted, "%s (enforce)", launch->label);
	add_check(&launch->shared->inside, "apparmor", launch->label, label,
		  "/proc/thread-self/attr/apparmor/exec", strcmp(label, wanted) == 0);
	return 0;
}

int label_exec(struct launch *launch)
{
	char own[LABEL_SIZE], text[LABEL_SIZE + 8];
	if (launch->label[0] == '\0')
		return 0;
	set_detail(launch, launch->label);
	if (read_label("/proc/thread-self/attr/apparmor/current", own, sizeof own) == -1)
		return -1;
	/*
	 * A launcher under a profile of its own, as Ubuntu wants one, keeps that: the kernel enforces both. A
	 * profile of another policy namespace can only be added to what holds in this one.
	 */
	bool adds = strcmp(own, "unconfined") != 0 || launch->plan->apparmor_namespace[0] != '\0';
	int length = snprintf(text, sizeof text, "%s %s", adds ? "stack" : "exec", launch->label);
	if (length < 0 || (size_t)length >= sizeof text) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int file = open("/proc/thread-self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
	if (file == -1)
		return -1;
	if (write(file, text, (size_t)length) != length || close(file) == -1)
		return -1;
	return read_back(launch);
}
