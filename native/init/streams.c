/*
 * streams.c - the workload's standard streams: pipes or a terminal of its own, never the caller's
 * descriptors.
 *
 * Before: the new root is entered; ids are the setup ids.
 * After:  launch->streams are the workload's ends, owned by its user, so that /proc/self/fd/1 can be opened
 *         by it; the supervisor has the other ends.
 *
 * pipe(7), pts(4), ioctl_tty(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "launcher/message.h"
#include "steps.h"

static int own(const struct launch *launch, int descriptor)
{
	return fchown(descriptor, launch->plan->uid, launch->plan->gid);
}

static int open_terminal(struct launch *launch)
{
	int unlocked = 0;
	/* Never waiting: a workload that does not read its terminal would stop the supervisor. */
	int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (master == -1)
		return -1;
	if (ioctl(master, TIOCSPTLCK, &unlocked) == -1)
		return -1;
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave == -1 || own(launch, slave) == -1)
		return -1;
	for (int i = 0; i < 3; i++)
		launch->streams[i] = slave;
	if (send_message(launch->control_init, MESSAGE_TERMINAL, &master, 1) == -1)
		return -1;
	return close(master);
}

static int open_pipe(struct launch *launch, int *read_end, int *write_end, bool workload_reads)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	*read_end = ends[0];
	*write_end = ends[1];
	return own(launch, workload_reads ? ends[0] : ends[1]);
}

static bool has_devices(const struct plan *plan)
{
	for (size_t i = 0; i < plan->mount_count; i++)
		if (plan->mount[i].kind == PLAN_MOUNT_DEV)
			return true;
	return false;
}

/* Without a /dev of ours what stands at /dev/null is the image's: never opened, it may be a pipe that waits.
 */
int open_nothing(const struct launch *launch)
{
	int ends[2];
	if (has_devices(launch->plan))
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	return close(ends[1]) == -1 ? -1 : ends[0];
}

static int open_pipes(struct launch *launch)
{
	int sent[3];
	size_t count = 0;
	if (open_pipe(launch, &sent[count++], &launch->streams[1], false) == -1)
		return -1;
	launch->streams[2] = launch->streams[1];
	if (!launch->one_output && open_pipe(launch, &sent[count++], &launch->streams[2], false) == -1)
		return -1;
	if (launch->plan->interactive != 0) {
		if (open_pipe(launch, &launch->streams[0], &sent[count++], true) == -1)
			return -1;
	} else {
		launch->streams[0] = open_nothing(launch);
		if (launch->streams[0] == -1)
			return -1;
	}
	if (send_message(launch->control_init, MESSAGE_STREAMS, sent, count) == -1)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (close(sent[i]) == -1)
			return -1;
	return 0;
}

int open_streams(struct launch *launch)
{
	return launch->plan->terminal != 0 ? open_terminal(launch) : open_pipes(launch);
}
