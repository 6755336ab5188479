/*
 * paths.c - what keeps a process from paths: Landlock for the workload, RESOLVE_IN_ROOT for our unpacker.
 *
 * See landlock(7), openat2(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor.h"

int try_landlock(const struct request *request, struct finding *finding)
{
	(void)request;
	const struct landlock_ruleset_attr everything = { .handled_access_fs = LANDLOCK_ACCESS_FS_READ_DIR |
									       LANDLOCK_ACCESS_FS_READ_FILE };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (tried(finding, "ask for the version", version) < 0)
		return -1;
	finding->value = (int)version;
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &everything, sizeof everything, 0);
	if (tried(finding, "make a ruleset", ruleset) < 0)
		return -1;
	if (tried(finding, "no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) < 0 ||
	    tried(finding, "enforce the ruleset", syscall(SYS_landlock_restrict_self, ruleset, 0)) < 0)
		return -1;
	if (open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0)
		return failed(finding, "deny a folder", 0);
	return errno == EACCES ? 0 : failed(finding, "deny a folder with EACCES", errno);
}

int try_confined_lookup(const struct request *request, struct finding *finding)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	struct stat root, found;
	int folder = open(request->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tried(finding, "open the folder of the trial", folder) < 0)
		return -1;
	int escaped = (int)syscall(SYS_openat2, folder, "../../..", &how, sizeof how);
	if (tried(finding, "openat2", escaped) < 0)
		return -1;
	if (tried(finding, "fstat", fstat(folder, &root)) < 0 ||
	    tried(finding, "fstat", fstat(escaped, &found)) < 0)
		return -1;
	return root.st_ino == found.st_ino && root.st_dev == found.st_dev ? 0
									  : failed(finding, "stay inside", 0);
}
