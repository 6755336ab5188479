/*
 * main.c - asks the live kernel what a seccomp program says about calls, without making any of them.
 *
 * Before: standard input has a request (prove.h). Needs no privilege.
 * After:  standard output has the verdicts and the status is 0; or standard error says what could not be
 *         done, and the status is 1, or 2 where the request is at fault.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "prove/prove.h"

enum {
	TIME_LIMIT_SECONDS = 60,
	NOT_PROVED = 1,
	FAULTY_REQUEST = 2,
	MAX_REQUEST = REQUEST_HEADER_SIZE + MAX_INSTRUCTIONS * sizeof(struct sock_filter) +
		      MAX_ROWS * sizeof(struct row),
};

static void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* To the end of standard input; one byte more than a request can have is read, never more. -1 with errno. */
static ssize_t read_all(unsigned char *into)
{
	size_t size = 0;

	while (size <= MAX_REQUEST) {
		ssize_t got = read(STDIN_FILENO, into + size, MAX_REQUEST + 1 - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		size += (size_t)got;
	}
	return (ssize_t)size;
}

static int write_all(const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t put = write(STDOUT_FILENO, (const char *)bytes + done, size - done);
		if (put < 0 && errno != EINTR)
			return -1;
		done += put < 0 ? 0 : (size_t)put;
	}
	return 0;
}

static int say(const char *step, int status)
{
	fprintf(stderr, "%s: %s\n", step, strerrorname_np(errno));
	return status;
}

static int prove(const struct request *request)
{
	struct proof *proof = shared_memory(sizeof *proof);
	uint32_t *verdicts = shared_memory(request->row_count * sizeof *verdicts);

	if (proof == NULL || verdicts == NULL)
		return say("get memory", NOT_PROVED);
	for (size_t i = 0; i < request->row_count; i++)
		verdicts[i] = VERDICT_OPEN;
	proof->program.len = (unsigned short)request->instruction_count;
	proof->program.filter =
		(struct sock_filter *)(uintptr_t)request->program; /* the kernel only reads it */
	proof->rows = request->rows;
	proof->row_count = request->row_count;
	proof->verdicts = verdicts;
	const char *failed = prove_all(proof);
	if (failed != NULL)
		return say(failed, NOT_PROVED);
	return write_all(verdicts, request->row_count * sizeof *verdicts) == 0 ? 0
									       : say("answer", NOT_PROVED);
}

/* What the caller ignores or blocks must not keep our children's ends from us. */
static int reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || signal(SIGALRM, SIG_DFL) == SIG_ERR)
		return -1;
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

int main(void)
{
	struct request request;
	unsigned char *bytes = shared_memory(MAX_REQUEST + 1);

	if (bytes == NULL || reset_signals() == -1)
		return say("begin", NOT_PROVED);
	alarm(TIME_LIMIT_SECONDS);
	ssize_t size = read_all(bytes);
	if (size == -1)
		return say("read the request", NOT_PROVED);
	const char *fault = read_request(bytes, (size_t)size, &request);
	if (fault != NULL) {
		fprintf(stderr, "the request: %s\n", fault);
		return FAULTY_REQUEST;
	}
	return prove(&request);
}
