/*
 * caller.c - process and executable of a thread, without opening anything.
 *
 * A notification names a thread. Which process it belongs to, and what its id
 * is inside, nsfs tells since Linux 6.11. Before, tgkill(2) with signal 0 tells
 * whether a thread leads its process; another thread's process stays unknown.
 * @see ioctl_ns(2), proc_pid_exe(5)
 */
#include "trail/caller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/nsfs.h since 6.11; Debian 12's header is older. */
#define SANDBOX_NS_GET_TGID_FROM_PIDNS _IOR(0xb7, 0x7, int)
#define SANDBOX_NS_GET_TGID_IN_PIDNS   _IOR(0xb7, 0x9, int)

static pid_t ask_namespace(int namespace, unsigned long question, pid_t thread)
{
	int answer = namespace < 0 ? -1 : ioctl(namespace, question, (unsigned long)thread);
	return answer > 0 ? answer : 0;
}

static bool leads_its_process(pid_t thread)
{
	return syscall(SYS_tgkill, thread, thread, 0) == 0 || errno == EPERM;
}

void find_process(const struct trail *trail, pid_t thread, struct caller *caller)
{
	caller->thread = thread;
	caller->executable[0] = '\0';
	caller->inner_process = ask_namespace(trail->inner_namespace, SANDBOX_NS_GET_TGID_IN_PIDNS, thread);
	caller->process = ask_namespace(trail->own_namespace, SANDBOX_NS_GET_TGID_FROM_PIDNS, thread);
	if (caller->process == 0 && leads_its_process(thread))
		caller->process = thread;
}

void find_executable(const struct trail *trail, struct caller *caller)
{
	char path[32];
	snprintf(path, sizeof path, "%d/exe", caller->thread);
	ssize_t got = readlinkat(trail->proc, path, caller->executable, sizeof caller->executable - 1);
	caller->executable[got > 0 ? got : 0] = '\0';
}
