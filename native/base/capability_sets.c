/*
 * capability_sets.c - changing the five capability sets.
 *
 * Before: the caller has the capabilities that it wants to keep, and CAP_SETPCAP.
 * After:  the named sets are exactly as asked; capabilities that this kernel does not know are left alone.
 *
 * capabilities(7), capget(2), prctl(2).
 */
#include "capability_sets.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_CAPABILITIES = 64 };

int set_capabilities(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	const struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
	};
	return (int)syscall(SYS_capset, &header, data);
}

int drop_bounding_set(uint64_t kept)
{
	for (int capability = 0; capability < MOST_CAPABILITIES; capability++) {
		int there = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
		if (there == -1)
			return errno == EINVAL && capability > CAP_LAST_CAP / 2 ? 0 : -1;
		if (there == 1 && (kept >> capability & 1) == 0 &&
		    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == -1)
			return -1;
	}
	return 0;
}

int set_ambient(uint64_t wanted)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return -1;
	for (int capability = 0; capability < MOST_CAPABILITIES; capability++)
		if ((wanted >> capability & 1) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == -1)
			return -1;
	return 0;
}
