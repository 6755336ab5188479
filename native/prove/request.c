/*
 * request.c - the request, checked before anything is done with it.
 *
 * Before: any bytes. After: counts and sizes agree to the byte; what the program means is for the kernel to
 * judge.
 */
#include <string.h>

#include "prove/prove.h"

_Static_assert(sizeof(struct sock_filter) == 8 && sizeof(struct row) == 56, "the request has no gaps");

static uint32_t number_at(const unsigned char *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof number);
	return number;
}

static const char *check_row(const struct row *row)
{
	if (row->kind != CALL_X86_64 && row->kind != CALL_I386)
		return "a call of an unknown kind";
	for (size_t i = 0; row->kind == CALL_I386 && i < ARGUMENTS; i++)
		if (row->args[i] > UINT32_MAX)
			return "an argument of i386 with more than 32 bits";
	return NULL;
}

const char *read_request(const unsigned char *bytes, size_t size, struct request *request)
{
	if (size < REQUEST_HEADER_SIZE || memcmp(bytes, REQUEST_MAGIC, REQUEST_MAGIC_SIZE) != 0)
		return "no request";
	size_t instructions = number_at(bytes + REQUEST_MAGIC_SIZE);
	size_t rows = number_at(bytes + REQUEST_MAGIC_SIZE + sizeof(uint32_t));
	if (instructions < 1 || instructions > MAX_INSTRUCTIONS)
		return "a program that no kernel takes";
	if (rows < 1 || rows > MAX_ROWS)
		return "no calls, or too many";
	if (size !=
	    REQUEST_HEADER_SIZE + instructions * sizeof(struct sock_filter) + rows * sizeof(struct row))
		return "another size than it says";
	request->program = (const void *)(bytes + REQUEST_HEADER_SIZE);
	request->instruction_count = instructions;
	request->rows = (const void *)(request->program + instructions);
	request->row_count = rows;
	for (size_t i = 0; i < rows; i++) {
		const char *fault = check_row(&request->rows[i]);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}
