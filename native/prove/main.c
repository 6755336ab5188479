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
		      MAX_ROWS * sizeof(struct seccomp_data),
};

static void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Some more of standard input behind the `size` bytes that are there: 0 at its end, -1 with errno. */
static ssize_t read_more(unsigned char *input, size_t size)
{
	ssize_t got;

	do
		got = read(STDIN_FILENO, input + size, MAX_REQUEST + 1 - size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Until `wanted` bytes are there: 1, 0 where standard input ends before, -1 with errno. */
static int read_at_least(unsigned char *input, size_t *size, size_t wanted)
{
	while (*size < wanted) {
		ssize_t got = read_more(input, *size);
		if (got <= 0)
			return (int)got;
		*size += (size_t)got;
	}
	return 1;
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

static int refuse(const char *fault)
{
	fprintf(stderr, "the request: %s\n", fault);
	return FAULTY_REQUEST;
}

static int answer(const struct proof *proof)
{
	const void *verdicts = (const void *)(uintptr_t)proof->verdicts;

	return write_all(verdicts, proof->row_count * sizeof *proof->verdicts) == 0
		       ? 0
		       : say("answer", NOT_PROVED);
}

/* The rows begin at `start` of the input, of which `size` bytes are there. */
static int prove_rows(struct proof *proof, unsigned char *input, size_t start, size_t size)
{
	ssize_t got = 1;

	for (; got > 0; size += (size_t)got) {
		const size_t first = proof->row_count;
		proof->row_count = (size - start) / sizeof *proof->rows;
		if (proof->row_count > MAX_ROWS)
			return refuse("too many calls");
		const char *fault = check_rows(proof->rows + first, proof->row_count - first);
		if (fault != NULL)
			return refuse(fault);
		const char *failed = proof->row_count > first ? settle_rows(proof, first) : NULL;
		if (failed != NULL)
			return say(failed, NOT_PROVED);
		got = read_more(input, size);
		if (got < 0)
			return say("read the request", NOT_PROVED);
	}
	if (proof->row_count == 0 || size != start + proof->row_count * sizeof *proof->rows)
		return refuse("no calls, or half a one at its end");
	return answer(proof);
}

static int prove(unsigned char *input, struct proof *proof)
{
	size_t size = 0;

	int got = read_at_least(input, &size, REQUEST_HEADER_SIZE);
	const size_t instructions = got == 1 ? read_header(input) : 0;
	const size_t start = REQUEST_HEADER_SIZE + instructions * sizeof(struct sock_filter);
	if (instructions > 0)
		got = read_at_least(input, &size, start);
	if (got == -1)
		return say("read the request", NOT_PROVED);
	if (got == 0 || instructions == 0)
		return refuse("it is none, or has no program that a kernel takes");
	proof->program.len = (unsigned short)instructions;
	proof->program.filter = (struct sock_filter *)(void *)(input + REQUEST_HEADER_SIZE);
	proof->rows = (const struct seccomp_data *)(const void *)(input + start);
	return prove_rows(proof, input, start, size);
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
	unsigned char *input = shared_memory(MAX_REQUEST + 1);
	struct proof *proof = shared_memory(sizeof *proof);
	uint32_t *verdicts = shared_memory(MAX_ROWS * sizeof *verdicts);

	if (input == NULL || proof == NULL || verdicts == NULL || reset_signals() == -1)
		return say("begin", NOT_PROVED);
	proof->verdicts = verdicts;
	alarm(TIME_LIMIT_SECONDS);
	return prove(input, proof);
}
