/*
 * prove_fuzz.c - any bytes as a request of the prover: refused, or read to their end.
 *
 * The input has exactly its size, so that one byte too far is seen; most get a header that fits it.
 */
#include <stdlib.h>
#include <string.h>

#include "prove/prove.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t largest, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t largest);

static volatile uint64_t sum;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct request request;
	unsigned char *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, size);
	if (read_request(copy, size, &request) == NULL) {
		for (size_t i = 0; i < request.instruction_count; i++)
			sum += request.program[i].k;
		for (size_t i = 0; i < request.row_count; i++)
			sum += request.rows[i].kind + request.rows[i].args[ARGUMENTS - 1];
		const unsigned char *end = (const void *)(request.rows + request.row_count);
		if (end != copy + size)
			abort();
	}
	free(copy);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t largest, unsigned seed)
{
	size = LLVMFuzzerMutate(bytes, size, largest);
	if (seed % 8 == 0 || size < REQUEST_HEADER_SIZE + 64)
		return size;
	const uint32_t rows = seed % 3 + 1;
	size_t left = size - REQUEST_HEADER_SIZE;
	if (left < rows * sizeof(struct row) + 8)
		return size;
	const uint32_t instructions = (uint32_t)((left - rows * sizeof(struct row)) / 8);
	memcpy(bytes, REQUEST_MAGIC, REQUEST_MAGIC_SIZE);
	memcpy(bytes + REQUEST_MAGIC_SIZE, &instructions, sizeof instructions);
	memcpy(bytes + REQUEST_MAGIC_SIZE + sizeof instructions, &rows, sizeof rows);
	return REQUEST_HEADER_SIZE + instructions * 8 + rows * sizeof(struct row);
}
