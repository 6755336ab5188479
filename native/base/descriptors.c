/*
 * descriptors.c - closing what is not needed, in as few calls as there are gaps.
 *
 * close_range(2).
 */
#include "descriptors.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int close_all_but(int *kept, size_t count)
{
	qsort(kept, count, sizeof *kept, compare_numbers);
	unsigned next = 3;
	for (size_t i = 0; i < count; i++) {
		if (kept[i] < 3)
			continue;
		unsigned number = (unsigned)kept[i];
		if (number > next && syscall(SYS_close_range, next, number - 1, 0u) == -1)
			return -1;
		next = number + 1;
	}
	return (int)syscall(SYS_close_range, next, ~0u, 0u);
}
