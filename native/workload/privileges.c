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

int label_exec(struct launch *launch)
{
	char text[300];
	if (launch->plan->apparmor_label[0] == '\0')
		return 0;
	set_detail(launch, launch->plan->apparmor_label);
	int length = snprintf(text, sizeof text, "exec %s", launch->plan->apparmor_label);
	if (length < 0 || (size_t)length >= sizeof text) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int file = open("/proc/thread-self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
	if (file == -1)
		return -1;
	if (write(file, text, (size_t)length) != length)
		return -1;
	return close(file);
}
