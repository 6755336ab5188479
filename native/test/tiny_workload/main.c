/*
 * main.c - the smallest workloads that tests of the launcher need.
 *
 *   tiny_workload mark            prints "the workload ran"
 *   tiny_workload status N        exits with N
 *   tiny_workload wait            waits for a signal
 *   tiny_workload crowd N         N children that wait, then waits too
 *   tiny_workload refused FILE    makes a refused call without end and counts the answers in FILE
 *   tiny_workload refuse N        makes N refused calls, prints how many answers were EPERM
 *   tiny_workload name FILE       makes a unix socket of that name
 *   tiny_workload socket N        makes a socket of the family N
 *   tiny_workload bind PORT       binds a TCP socket of IPv4 to it
 *   tiny_workload connect PORT    connects one to it; that nobody listens there is as good
 *
 * The last four end with 0 where they may do it, and with 1 otherwise.
 *
 * The count is in a shared mapping: it outlives whoever is killed, and an answer is counted after it came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Answers so far: as the policy has them, and all others (the kernel's own ENOSYS, above all). */
struct answers {
	_Atomic uint64_t refused, others;
};

static _Noreturn void wait_forever(void)
{
	for (;;)
		pause();
}

static int make_crowd(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		if (child == -1)
			return 1;
		if (child == 0)
			wait_forever();
	}
	wait_forever();
}

/* The answer to a call that no shipped policy allows. */
static int ask_refused(void)
{
	return mount("none", "/", NULL, MS_REMOUNT, NULL) == -1 ? errno : 0;
}

static int count_answers(const char *path)
{
	int file = open(path, O_RDWR | O_CLOEXEC);
	if (file == -1)
		return 1;
	struct answers *answers = mmap(NULL, sizeof *answers, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (answers == MAP_FAILED)
		return 1;
	for (;;)
		atomic_fetch_add(ask_refused() == EPERM ? &answers->refused : &answers->others, 1);
}

static int refuse_some(int count)
{
	int refused = 0;
	for (int i = 0; i < count; i++)
		if (ask_refused() == EPERM)
			refused++;
	return printf("%d\n", refused) > 0 ? 0 : 1;
}

static int make_socket(int family)
{
	return socket(family, (family == AF_NETLINK ? SOCK_RAW : SOCK_STREAM) | SOCK_CLOEXEC, 0);
}

static int name_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return 1;
	strcpy(address.sun_path, path);
	int end = make_socket(AF_UNIX);
	return end == -1 || bind(end, (struct sockaddr *)&address, sizeof address) == -1;
}

static int use_port(int port, int (*call)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int end = make_socket(AF_INET);
	if (end == -1)
		return 1;
	return call(end, (struct sockaddr *)&address, sizeof address) == -1 && errno != ECONNREFUSED;
}

int main(int argc, char *argv[])
{
	const char *what = argc < 2 ? "" : argv[1], *value = argc < 3 ? "" : argv[2];
	if (strcmp(what, "mark") == 0)
		return puts("the workload ran") == EOF ? 1 : 0;
	if (strcmp(what, "status") == 0)
		return atoi(value);
	if (strcmp(what, "wait") == 0)
		wait_forever();
	if (strcmp(what, "crowd") == 0)
		return make_crowd(atoi(value));
	if (strcmp(what, "refused") == 0)
		return count_answers(value);
	if (strcmp(what, "refuse") == 0)
		return refuse_some(atoi(value));
	if (strcmp(what, "name") == 0)
		return name_socket(value);
	if (strcmp(what, "socket") == 0)
		return make_socket(atoi(value)) == -1;
	if (strcmp(what, "bind") == 0)
		return use_port(atoi(value), bind);
	if (strcmp(what, "connect") == 0)
		return use_port(atoi(value), connect);
	fprintf(stderr, "tiny_workload: unknown: %s\n", what);
	return 2;
}
