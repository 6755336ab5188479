/*
 * notifications.c - takes what the filter hands over; gives the answer only after the record.
 *
 * Before: the supervisor holds the listener and an open trail.
 * After:  every notification that was answered is in the trail, but for two of our own: the canary call,
 *         and the execve that starts the workload, which no policy has to allow.
 *
 * seccomp_unotify(2).
 */
#include "notifications.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "supervisor.h"
#include "trail/attempt.h"

static struct seccomp_notif canary;
static bool exec_was_let_through;

int receive_notification(int listener, struct seccomp_notif *notification)
{
	memset(notification, 0, sizeof *notification);
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, notification);
}

void keep_canary(const struct seccomp_notif *notification)
{
	canary = *notification;
}

int release_workload(struct launch *launch)
{
	struct seccomp_notif_resp response = { .id = canary.id, .val = launch->plan->canary_answer };
	return ioctl(launch->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Whether the workload still is our own code: its end of the exec pipe closes at exec. */
static bool is_before_exec(const struct launch *launch)
{
	struct pollfd wait = { .fd = launch->exec_read, .events = POLLIN };
	return launch->exec_read != -1 && poll(&wait, 1, 0) == 0;
}

static bool is_first_exec(const struct launch *launch, const struct seccomp_notif *notification)
{
	return !exec_was_let_through && notification->data.nr == SYS_execve &&
	       notification->pid == canary.pid && is_before_exec(launch);
}

enum ending answer_notifications(struct launch *launch)
{
	static struct seccomp_notif notification;
	if (receive_notification(launch->listener, &notification) == -1)
		return errno == ENOENT || errno == EINTR || errno == EAGAIN ? ENDED_BY_ITSELF
									    : ENDED_BY_FAULT;
	struct seccomp_notif_resp response = { .id = notification.id };
	const bool first_exec = is_first_exec(launch, &notification);
	if (first_exec) {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else {
		switch (answer_attempt(launch->trail, launch->plan, &notification, &response)) {
		case TRAIL_OK:
			break;
		case TRAIL_QUOTA:
			return ENDED_BY_QUOTA;
		case TRAIL_FAILED:
			return ENDED_BY_TRAIL;
		}
	}
	if (ioctl(launch->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == -1)
		return errno == ENOENT ? ENDED_BY_ITSELF : ENDED_BY_FAULT;
	/* Once and no more, even if the end of the exec pipe should never come. */
	exec_was_let_through |= first_exec;
	return ENDED_BY_ITSELF;
}
