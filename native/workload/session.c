/*
 * session.c - a session, streams, limits, and a clean signal state of the workload's own.
 *
 * Before: just forked from init, with init's descriptors and blocked signals.
 * After:  leader of a new session (of the terminal's, where there is one); 0, 1 and 2 are its streams; of
 *         init's descriptors it has only the exec pipe, the streams and the Landlock canary's folder,
 *         which close at exec; no signal is blocked; limits are the plan's.
 *
 * setsid(2), close_range(2) CLOSE_RANGE_CLOEXEC, setrlimit(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptors.h"
#include "steps.h"

int begin_session(struct launch *launch)
{
	sigset_t none;
	sigemptyset(&none);
	if (setsid() == -1)
		return -1;
	if (launch->plan->terminal != 0 && ioctl(launch->streams[0], TIOCSCTTY, 0) == -1)
		return -1;
	umask(022);
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

int take_streams(struct launch *launch)
{
	for (int number = 0; number <= 2; number++)
		if (replace_descriptor(launch->streams[number], number) == -1)
			return -1;
	/*
	 * Closed now, not at exec: init's end of the control socket tells of init's death, and the layers and
	 * sources are folders of the host, to which a path of the image's choice (/proc/self/fd/4) could
	 * lead.
	 */
	int kept[] = { launch->exec_write, launch->scratch, launch->streams[0], launch->streams[1],
		       launch->streams[2] };
	if (close_all_but(kept, sizeof kept / sizeof *kept) == -1)
		return -1;
	return (int)syscall(SYS_close_range, 3u, ~0u, (unsigned)CLOSE_RANGE_CLOEXEC);
}

int set_limits(struct launch *launch)
{
	const struct plan *plan = launch->plan;
	for (size_t i = 0; i < plan->rlimit_count; i++) {
		const struct rlimit limit = { plan->rlimit[i].soft, plan->rlimit[i].hard };
		set_detail(launch, plan->rlimit[i].name);
		if (syscall(SYS_prlimit64, 0, plan->rlimit[i].resource, &limit, NULL) == -1)
			return -1;
	}
	return 0;
}
