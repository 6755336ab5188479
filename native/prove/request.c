/*
 * request.c - the request, checked before anything is done with it.
 *
 * Before: any bytes. After: the header and the rows are in order; what the program means is for the kernel
 * to judge.
 */
#include <string.h>

#include "prove/prove.h"

_Static_assert(sizeof(struct sock_filter) == 8 && sizeof(struct seccomp_data) == 64 &&
		       REQUEST_HEADER_SIZE == 16,
	       "the request has no gaps");

size_t read_header(const unsigned char *bytes)
{
	uint64_t instructions;

	memcpy(&instructions, bytes + REQUEST_MAGIC_SIZE, sizeof instructions);
	if (memcmp(bytes, REQUEST_MAGIC, REQUEST_MAGIC_SIZE) != 0 || instructions > MAX_INSTRUCTIONS)
		return 0;
	return (size_t)instructions;
}

static const char *check_row(const struct seccomp_data *row)
{
	if (row->arch != AUDIT_ARCH_X86_64 && row->arch != AUDIT_ARCH_I386)
		return "a call of another architecture than x86-64 and i386";
	for (size_t i = 0; row->arch == AUDIT_ARCH_I386 && i < ARGUMENTS; i++)
		if (row->args[i] > UINT32_MAX)
			return "an argument of i386 with more than 32 bits";
	return NULL;
}

const char *check_rows(const struct seccomp_data *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *fault = check_row(&rows[i]);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}
