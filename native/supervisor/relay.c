/*
 * relay.c - the workload's streams and the caller's, byte for byte.
 *
 * Before: poll(2) said that the end which the relay waits for is ready.
 * After:  no byte is lost or doubled, and no call has waited: pipes are spliced without blocking, to
 *         anything else at most PIPE_BUF bytes are written after it said that it has room.
 *
 * splice(2), pipe(7).
 */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPLICE_MOST = 1 << 20 };

static bool can_splice(int descriptor)
{
	struct stat file;
	if (fstat(descriptor, &file) == -1)
		return false;
	if (S_ISFIFO(file.st_mode))
		return true;
	int flags = fcntl(descriptor, F_GETFL);
	return S_ISREG(file.st_mode) && flags != -1 && (flags & O_APPEND) == 0;
}

void begin_relay(struct relay *relay, int from, int to, bool close_to)
{
	relay->from = from;
	relay->to = to;
	relay->close_to = close_to;
	relay->splices = from != -1 && can_splice(from) && can_splice(to);
}

static void end_relay(struct relay *relay)
{
	if (relay->close_to)
		close(relay->to);
	close(relay->from);
	relay->from = -1;
	relay->start = relay->end = 0;
}

struct pollfd relay_wait(const struct relay *relay)
{
	if (relay->from == -1)
		return (struct pollfd){ .fd = -1 };
	if (relay->awaits_room || relay->start < relay->end)
		return (struct pollfd){ .fd = relay->to, .events = POLLOUT };
	return (struct pollfd){ .fd = relay->from, .events = POLLIN };
}

static bool is_passing(int error)
{
	return error == EAGAIN || error == EINTR;
}

static void splice_bytes(struct relay *relay)
{
	ssize_t moved =
		splice(relay->from, NULL, relay->to, NULL, SPLICE_MOST, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (moved > 0) {
		relay->awaits_room = false;
	} else if (moved == -1 && errno == EINVAL) {
		relay->splices = false;
		relay->awaits_room = false;
	} else if (moved == -1 && is_passing(errno)) {
		/* The side we did not wait for is the one that is not ready. */
		relay->awaits_room = !relay->awaits_room;
	} else {
		end_relay(relay);
	}
}

static void fill_buffer(struct relay *relay)
{
	ssize_t got = read(relay->from, relay->buffer, sizeof relay->buffer);
	if (got > 0) {
		relay->start = 0;
		relay->end = (size_t)got;
	} else if (got == 0 || !is_passing(errno)) {
		end_relay(relay);
	}
}

static void empty_buffer(struct relay *relay)
{
	size_t size = relay->end - relay->start;
	ssize_t put = write(relay->to, relay->buffer + relay->start, size < PIPE_BUF ? size : PIPE_BUF);
	if (put > 0)
		relay->start += (size_t)put;
	else if (put == -1 && !is_passing(errno))
		end_relay(relay);
}

void move_bytes(struct relay *relay)
{
	if (relay->splices)
		splice_bytes(relay);
	else if (relay->start < relay->end)
		empty_buffer(relay);
	else
		fill_buffer(relay);
}
