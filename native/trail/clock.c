/*
 * clock.c - the two clocks of a record. Apart, so that the test vectors can stop them.
 */
#include <time.h>

#include "trail/line.h"

enum { NS_PER_SECOND = 1000000000 };

/* These clocks exist on every Linux: the call cannot fail. */
static uint64_t read_clock(clockid_t clock)
{
	struct timespec now = { 0, 0 };
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t wall_time(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t steady_time(void)
{
	return read_clock(CLOCK_MONOTONIC);
}
