/*
 * open_plain.c - looking paths up without the magic links of /proc.
 *
 * Before: "/" is the sandbox's root. Paths may be chosen by the image, links on the way always are.
 * After:  what was opened lies below that root: a magic link could lead to whatever this process has open.
 *
 * openat2(2) RESOLVE_NO_MAGICLINKS, proc_pid_fd(5).
 */
#include "open_plain.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

int open_plain(const char *path, int flags)
{
	const struct open_how how = { .flags = (uint64_t)(unsigned)flags | O_PATH | O_CLOEXEC,
				      .resolve = RESOLVE_NO_MAGICLINKS };
	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}
