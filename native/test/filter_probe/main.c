/*
 * Asks the live kernel what a seccomp program says about calls, without making any of them.
 *
 * Before: standard input has the program and the calls, as struct header, instructions, struct row.
 * After: standard output has one line a row: `allow`, `notify`, `errno N`, `kill`, `absent`, `unfiltered`.
 *
 * Each call is made in a child that carries two filters: the one under test, and an outer one that
 * catches what the first lets pass. The kernel obeys the stricter of two verdicts, in the order
 * kill > trap > errno > notify > trace > log > allow. Pass 1 catches with TRACE, which without a
 * tracer skips the call and gives ENOSYS; the parent answers notifications with an errno of its own.
 * A filter may say ENOSYS too, so pass 2 asks about those rows again and catches with another errno:
 * of two errno verdicts that of the filter installed last, the one under test, counts.
 *
 * seccomp(2), seccomp_unotify(2)
 */
#include "filter_probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int read_all(void *into, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = read(STDIN_FILENO, (char *)into + done, size - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		done += (size_t)got;
	}
	return 0;
}

static void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static struct probe *read_probe(void)
{
	struct header header;
	struct probe *probe = shared_memory(sizeof *probe);

	if (!probe || read_all(&header, sizeof header))
		return NULL;
	if (header.instructions < 1 || header.instructions > MAX_INSTRUCTIONS || header.rows > MAX_ROWS)
		return NULL;
	probe->program.len = (unsigned short)header.instructions;
	probe->program.filter = shared_memory(header.instructions * sizeof(struct sock_filter));
	probe->row_count = header.rows;
	probe->rows = shared_memory((header.rows + 1) * sizeof(struct row));
	probe->results = shared_memory((header.rows + 1) * sizeof(long));
	if (!probe->program.filter || !probe->rows || !probe->results)
		return NULL;
	if (read_all(probe->program.filter, header.instructions * sizeof(struct sock_filter)) ||
	    read_all(probe->rows, header.rows * sizeof(struct row)))
		return NULL;
	return probe;
}

static int print_result(long result)
{
	switch (result) {
	case RESULT_ALLOW:
		return puts("allow");
	case RESULT_NOTIFY:
		return puts("notify");
	case RESULT_KILL:
		return puts("kill");
	case RESULT_ABSENT:
		return puts("absent");
	case RESULT_UNFILTERED:
		return puts("unfiltered");
	default:
		return printf("errno %ld\n", -result);
	}
}

int main(void)
{
	struct probe *probe = read_probe();

	if (!probe) {
		fputs("filter_probe: standard input is no probe\n", stderr);
		return 2;
	}
	alarm(TIME_LIMIT_SECONDS);
	if (run_pass(probe, CATCH_WITH_TRACE) || run_pass(probe, CATCH_WITH_ERRNO)) {
		perror("filter_probe");
		return 1;
	}
	for (size_t i = 0; i < probe->row_count; i++)
		if (print_result(probe->results[i]) < 0)
			return 1;
	return fflush(stdout) ? 1 : 0;
}
