/*
 * credentials.c - to become someone else, or to gain what was taken away.
 *
 * After: whatever was gained dies with the probe's process. Ids must be
 * mapped to reach the check: an id that the map lacks cannot be had at all.
 * setuid(2), capset(2), capabilities(7).
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

enum { NO_SUCH_CAPABILITY = 63 };

static long other_of(const struct probe *probe)
{
	long other = other_id(probe->path);
	return other != -1 ? other : (long)geteuid() + 1;
}

/* EINVAL: the id is in no map, so nothing was asked of permission and nothing was had. */
static void judge_identity(struct outcome *outcome, long result)
{
	int error = errno;
	if (result == -1 && error == EINVAL)
		conclude(outcome, DENIED, error, "no other id is mapped");
	else
		judge_with(outcome, result, NULL, 0);
}

/* The same id for each of the one, two or three arguments. */
static void change_identity(const struct probe *probe, struct outcome *outcome)
{
	long other = other_of(probe);
	judge_identity(outcome, syscall(probe->number, other, other, other));
}

static void become_root(const struct probe *probe, struct outcome *outcome)
{
	judge_identity(outcome, syscall(probe->number, 0));
}

/* setfsuid(2) and setfsgid(2) report no failure: a second call says whether the first did something. */
static void change_file_identity(const struct probe *probe, struct outcome *outcome)
{
	long other = other_of(probe);
	long result = syscall(probe->number, other);
	if (result == -1 && errno != 0)
		judge_with(outcome, result, NULL, 0);
	else if (syscall(probe->number, -1) == other)
		conclude(outcome, ALLOWED, 0, "");
	else
		conclude(outcome, DENIED, 0, "nothing changed");
}

static void reduce_groups(const struct probe *probe, struct outcome *outcome)
{
	gid_t own = getgid();
	judge(outcome, probe, syscall(SYS_setgroups, 1, &own));
}

static void keep_securebits(const struct probe *probe, struct outcome *outcome)
{
	long bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	judge(outcome, probe, syscall(SYS_prctl, PR_SET_SECUREBITS, bits == -1 ? 0 : bits, 0, 0, 0));
}

/* Each set as capset(2) takes it: CAP_SYS_ADMIN in the ones that `arguments` names. */
static void raise_capability(const struct probe *probe, struct outcome *outcome)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	const unsigned bit = 1u << CAP_SYS_ADMIN;
	sets[0].permitted = probe->arguments[0] != 0 ? bit : 0;
	sets[0].effective = probe->arguments[1] != 0 ? bit : 0;
	sets[0].inheritable = probe->arguments[2] != 0 ? bit : 0;
	judge(outcome, probe, syscall(SYS_capset, &header, sets));
}

#define IDENTITY(name, map, said)                                                                            \
	PROBE("cred." #name, #name, #name " to an id it does not have" said, change_identity,                \
	      .number = SYS_##name, .path = "/proc/self/" map)
#define FILE_IDENTITY(name, map)                                                                             \
	PROBE("cred." #name, #name, #name " to an id it does not have", change_file_identity,                \
	      .number = SYS_##name, .path = "/proc/self/" map)

static const struct probe probes[] = {
	IDENTITY(setuid, "uid_map", ""),
	IDENTITY(setgid, "gid_map", ""),
	IDENTITY(setreuid, "uid_map", ""),
	IDENTITY(setregid, "gid_map", ""),
	IDENTITY(setresuid, "uid_map", ""),
	IDENTITY(setresgid, "gid_map", ""),
	FILE_IDENTITY(setfsuid, "uid_map"),
	FILE_IDENTITY(setfsgid, "gid_map"),
	PROBE("cred.setuid.root", "setuid", "setuid to root", become_root, .number = SYS_setuid),
	PROBE("cred.setgid.root", "setgid", "setgid to root's group", become_root, .number = SYS_setgid),
	PROBE("cred.setgroups", "setgroups", "its own group as its only one", reduce_groups),
	CALL("cred.setgroups.none", "setgroups", "no group at all", SYS_setgroups, ARGS(0, 0)),
	PROBE("cred.securebits", "prctl", "its securebits to what they are", keep_securebits),
	CALL("cred.keepcaps", "prctl", "its capabilities kept over setuid", SYS_prctl,
	     ARGS(PR_SET_KEEPCAPS, 1)),
	PROBE("cred.capset.permitted", "capset", "CAP_SYS_ADMIN into its permitted set", raise_capability,
	      ARGS(1, 0, 0)),
	PROBE("cred.capset.effective", "capset", "CAP_SYS_ADMIN into its effective set", raise_capability,
	      ARGS(1, 1, 0)),
	PROBE("cred.capset.inheritable", "capset", "CAP_SYS_ADMIN into its inheritable set", raise_capability,
	      ARGS(0, 0, 1)),
	CALL("cred.ambient", "prctl", "CAP_SYS_ADMIN into its ambient set", SYS_prctl,
	     ARGS(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0)),
	CALL("cred.capbset", "prctl", "a capability that does not exist out of its bounding set", SYS_prctl,
	     ARGS(PR_CAPBSET_DROP, NO_SUCH_CAPABILITY, 0, 0, 0), THROUGH(EINVAL)),
};

const struct category credential_probes = CATEGORY("credentials", probes);
