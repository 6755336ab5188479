/*
 * descriptors.c - closing what a process does not need, and knowing that it is closed.
 *
 * Before: descriptors of a caller or of a parent may be open.
 * After:  above 2, only those that were named are.
 *
 * close_range(2).
 */
#include "base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* So many numbers beyond the last that is kept are looked at; what is open above is closed all the same. */
enum { FIRST = 3, LOOKED_AT_BEYOND = 16 };

static int compare_numbers(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static bool is_kept(const int *kept, size_t count, int number)
{
	for (size_t i = 0; i < count; i++)
		if (kept[i] == number)
			return true;
	return false;
}

static int require_closed(const int *kept, size_t count)
{
	int last = count == 0 ? FIRST : kept[count - 1];
	for (int number = FIRST; number < last + LOOKED_AT_BEYOND; number++) {
		if (is_kept(kept, count, number))
			continue;
		if (fcntl(number, F_GETFD) == -1 && errno == EBADF)
			continue;
		errno = EBADFD;
		return -1;
	}
	return 0;
}

int close_all_but(int *kept, size_t count)
{
	qsort(kept, count, sizeof *kept, compare_numbers);
	unsigned next = FIRST;
	for (size_t i = 0; i < count; i++) {
		unsigned number = (unsigned)kept[i];
		if (kept[i] < FIRST)
			continue;
		if (number > next && syscall(SYS_close_range, next, number - 1, 0u) == -1)
			return -1;
		next = number + 1;
	}
	if (syscall(SYS_close_range, next, ~0u, 0u) == -1)
		return -1;
	return require_closed(kept, count);
}

int replace_descriptor(int from, int number)
{
	struct stat wanted, found;
	if (dup2(from, number) == -1 || fstat(from, &wanted) == -1 || fstat(number, &found) == -1)
		return -1;
	if (wanted.st_dev == found.st_dev && wanted.st_ino == found.st_ino)
		return 0;
	errno = EBADFD;
	return -1;
}
