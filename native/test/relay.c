/*
 * relay.c - whatever the ends are, every byte arrives once, in order, and no call waits.
 */
#include "supervisor/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "test/support/check.h"

enum { TOTAL = 300000, PART = 7001, READ_PART = 4093 };

static unsigned char byte_at(size_t position)
{
	return (unsigned char)(position * 31 + position / 251);
}

static void set_nonblocking(int descriptor)
{
	CHECK(fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0);
}

/* Writes what fits; returns how far it is. */
static size_t feed(int descriptor, size_t done)
{
	unsigned char part[PART];
	size_t size = TOTAL - done < PART ? TOTAL - done : PART;
	for (size_t i = 0; i < size; i++)
		part[i] = byte_at(done + i);
	ssize_t put = size == 0 ? 0 : write(descriptor, part, size);
	return done + (put > 0 ? (size_t)put : 0);
}

static size_t drain(int descriptor, size_t done)
{
	unsigned char part[READ_PART];
	ssize_t got = read(descriptor, part, sizeof part);
	for (ssize_t i = 0; i < got; i++)
		if (part[i] != byte_at(done + (size_t)i)) {
			CHECK(!"a byte is another one");
		}
	return done + (got > 0 ? (size_t)got : 0);
}

/* Turns the loop of a supervisor: the relay moves only when poll(2) says so, while both ends are slow. */
static void pass_all(struct relay *relay, int feeding, int draining)
{
	size_t fed = 0, drained = 0;
	set_nonblocking(feeding);
	set_nonblocking(draining);
	for (int turns = 0; drained < TOTAL && turns < 1000000; turns++) {
		fed = feed(feeding, fed);
		struct pollfd wait = relay_wait(relay);
		CHECK(wait.fd != -1);
		if (poll(&wait, 1, 0) == 1)
			move_bytes(relay);
		if (turns % 3 == 0)
			drained = drain(draining, drained);
	}
	CHECK(drained == TOTAL);
	CHECK(close(feeding) == 0);
	for (int turns = 0; relay->from != -1 && turns < 1000; turns++)
		move_bytes(relay);
	CHECK(relay->from == -1);
	CHECK(relay_wait(relay).fd == -1);
}

static void test_pipes(void)
{
	static struct relay relay;
	int from[2], to[2];
	char byte;
	CHECK(pipe(from) == 0 && pipe(to) == 0);
	begin_relay(&relay, from[0], to[1], true);
	CHECK(relay.splices);
	pass_all(&relay, from[1], to[0]);
	CHECK(read(to[0], &byte, 1) == 0); /* the end is passed on */
	CHECK(close(to[0]) == 0);
}

static void test_sockets(void)
{
	static struct relay relay;
	int from[2], to[2];
	CHECK(pipe(from) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0);
	begin_relay(&relay, from[0], to[1], true);
	CHECK(!relay.splices);
	pass_all(&relay, from[1], to[0]);
	CHECK(close(to[0]) == 0);
}

static void test_terminal(void)
{
	static struct relay relay;
	int from[2], master, slave;
	struct termios raw;
	CHECK(pipe(from) == 0 && openpty(&master, &slave, NULL, NULL, NULL) == 0);
	CHECK(tcgetattr(slave, &raw) == 0);
	cfmakeraw(&raw);
	CHECK(tcsetattr(slave, TCSANOW, &raw) == 0);
	/* A terminal says that it has room where a single byte fits: one that waits is never given to a
	 * relay. */
	set_nonblocking(slave);
	begin_relay(&relay, from[0], slave, false);
	CHECK(!relay.splices);
	pass_all(&relay, from[1], master);
	CHECK(close(slave) == 0 && close(master) == 0);
}

/* An appending file cannot be spliced to, and must not be overwritten. */
static void test_appending_file(void)
{
	static struct relay relay;
	char path[] = "/tmp/sandbox-relay-XXXXXX", text[16] = "";
	int from[2], file = mkstemp(path);
	CHECK(file != -1 && write(file, "old ", 4) == 4 && close(file) == 0);
	file = open(path, O_WRONLY | O_APPEND);
	CHECK(file != -1 && pipe(from) == 0 && write(from[1], "new", 3) == 3 && close(from[1]) == 0);
	begin_relay(&relay, from[0], file, true);
	CHECK(!relay.splices);
	for (int turns = 0; relay.from != -1 && turns < 10; turns++)
		move_bytes(&relay);
	file = open(path, O_RDONLY);
	CHECK(read(file, text, sizeof text - 1) == 7);
	CHECK_TEXT(text, "old new");
	CHECK(close(file) == 0 && unlink(path) == 0);
}

/* Where nobody reads any more the relay is over, and the writer learns of it. */
static void test_no_reader(void)
{
	static struct relay relay;
	int from[2], to[2];
	CHECK(pipe(from) == 0 && pipe(to) == 0 && close(to[0]) == 0);
	CHECK(write(from[1], "x", 1) == 1);
	begin_relay(&relay, from[0], to[1], true);
	move_bytes(&relay);
	CHECK(relay.from == -1);
	CHECK(write(from[1], "x", 1) == -1 && errno == EPIPE);
	CHECK(close(from[1]) == 0);
}

static void test_nothing_to_relay(void)
{
	static struct relay relay;
	begin_relay(&relay, -1, -1, false);
	CHECK(relay_wait(&relay).fd == -1);
}

int main(void)
{
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	test_pipes();
	test_sockets();
	test_terminal();
	test_appending_file();
	test_no_reader();
	test_nothing_to_relay();
	return report_checks();
}
