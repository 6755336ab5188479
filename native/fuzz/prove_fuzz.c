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

/* What stands where the rows are, after the header and so many instructions. */
static void read_rows(const unsigned char *copy, size_t size, size_t start)
{
	const struct seccomp_data *rows = (const void *)(copy + start);
	const size_t count = (size - start) / sizeof *rows;

	if (check_rows(rows, count) != NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		if (rows[i].arch != AUDIT_ARCH_X86_64 && rows[i].arch != AUDIT_ARCH_I386)
			abort();
		sum += rows[i].args[ARGUMENTS - 1];
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	unsigned char *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, size);
	const size_t instructions = size < REQUEST_HEADER_SIZE ? 0 : read_header(copy);
	const size_t start = REQUEST_HEADER_SIZE + instructions * sizeof(struct sock_filter);
	if (instructions > MAX_INSTRUCTIONS)
		abort();
	if (instructions > 0 && start <= size)
		read_rows(copy, size, start);
	free(copy);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t largest, unsigned seed)
{
	size = LLVMFuzzerMutate(bytes, size, largest);
	if (seed % 8 == 0 || size < REQUEST_HEADER_SIZE + 64)
		return size;
	const uint64_t instructions = seed % ((size - REQUEST_HEADER_SIZE) / sizeof(struct sock_filter)) + 1;
	memcpy(bytes, REQUEST_MAGIC, REQUEST_MAGIC_SIZE);
	memcpy(bytes + REQUEST_MAGIC_SIZE, &instructions, sizeof instructions);
	return size;
}
