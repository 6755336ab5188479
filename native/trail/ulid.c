/*
 * ulid.c - names of runs: 48 bits of milliseconds, 80 random bits, in
 * Crockford's base 32, so that names sort by time.
 *
 * @see https://github.com/ulid/spec
 */
#include <sys/random.h>

#include "trail/append.h"

enum { RANDOM_SIZE = 10, TIME_DIGITS = 10, NS_PER_MS = 1000000 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool make_ulid(char ulid[TRAIL_RUN_SIZE], uint64_t nanoseconds)
{
	unsigned char random[RANDOM_SIZE];
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return false;
	uint64_t milliseconds = nanoseconds / NS_PER_MS;
	for (int i = TIME_DIGITS - 1; i >= 0; i--) {
		ulid[i] = alphabet[milliseconds & 31];
		milliseconds >>= 5;
	}
	unsigned pending = 0, bits = 0;
	char *at = ulid + TIME_DIGITS;
	for (size_t i = 0; i < sizeof random; i++) {
		pending = (pending << 8 | random[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			*at++ = alphabet[pending >> (bits - 5) & 31];
	}
	*at = '\0';
	return true;
}
