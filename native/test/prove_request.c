/*
 * prove_request.c - what the prover takes for a request, and what it refuses.
 */
#include "prove/prove.h"
#include "test/support/check.h"

enum { LARGEST = 4096 };

/* As the prover has it: aligned, and of exactly its size, so that a byte too far is seen. */
static const char *read_copy(const void *bytes, size_t size, struct request *request)
{
	static void *copy;

	free(copy);
	copy = malloc(size == 0 ? 1 : size); /* aligned for any type */
	CHECK(copy != NULL);
	memcpy(copy, bytes, size);
	return read_request(copy, size, request);
}

static unsigned char bytes[LARGEST];

static void put_number(size_t at, uint32_t number)
{
	memcpy(bytes + at, &number, sizeof number);
}

/* A request of so many instructions and rows, all zeros. Returns its size. */
static size_t make_request(uint32_t instructions, uint32_t rows)
{
	memset(bytes, 0, sizeof bytes);
	memcpy(bytes, REQUEST_MAGIC, REQUEST_MAGIC_SIZE);
	put_number(8, instructions);
	put_number(12, rows);
	return REQUEST_HEADER_SIZE + instructions * 8 + rows * 56;
}

static void whole(void)
{
	struct request request;
	size_t size = make_request(3, 2);

	bytes[REQUEST_HEADER_SIZE] = 7;
	put_number(REQUEST_HEADER_SIZE + 24 + 56, CALL_I386);
	put_number(REQUEST_HEADER_SIZE + 24 + 56 + 4, 102);
	CHECK(read_copy(bytes, size, &request) == NULL);
	CHECK(request.instruction_count == 3 && request.row_count == 2);
	CHECK(request.program[0].code == 7);
	CHECK(request.rows[1].kind == CALL_I386 && request.rows[1].nr == 102);
}

static void every_other_length(void)
{
	struct request request;
	size_t size = make_request(3, 2);

	for (size_t length = 0; length < size + 64; length++)
		CHECK((read_copy(bytes, length, &request) == NULL) == (length == size));
}

static void every_changed_header(void)
{
	struct request request;
	size_t size = make_request(3, 2);

	for (size_t at = 0; at < REQUEST_HEADER_SIZE; at++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			bytes[at] ^= (unsigned char)bit;
			CHECK(read_copy(bytes, size, &request) != NULL);
			bytes[at] ^= (unsigned char)bit;
		}
}

static void counts(void)
{
	static const uint32_t instructions[] = { 0, MAX_INSTRUCTIONS + 1, UINT32_MAX, 0x20000001 };
	static const uint32_t rows[] = { 0, MAX_ROWS + 1, UINT32_MAX, 0x80000001 };
	struct request request;

	for (size_t i = 0; i < sizeof instructions / sizeof *instructions; i++) {
		size_t size = make_request(1, 1);
		put_number(8, instructions[i]);
		CHECK(read_copy(bytes, size, &request) != NULL);
		size = make_request(1, 1);
		put_number(12, rows[i]);
		CHECK(read_copy(bytes, size, &request) != NULL);
	}
}

static void rows(void)
{
	struct request request;
	size_t size = make_request(1, 1);
	size_t row = REQUEST_HEADER_SIZE + 8;

	put_number(row, 2);
	CHECK_TEXT(read_copy(bytes, size, &request), "a call of an unknown kind");
	for (size_t argument = 0; argument < ARGUMENTS; argument++) {
		make_request(1, 1);
		put_number(row + 8 + 8 * argument + 4, 1);
		CHECK(read_copy(bytes, size, &request) == NULL);
		put_number(row, CALL_I386);
		CHECK_TEXT(read_copy(bytes, size, &request), "an argument of i386 with more than 32 bits");
	}
}

int main(void)
{
	whole();
	every_other_length();
	every_changed_header();
	counts();
	rows();
	return report_checks();
}
