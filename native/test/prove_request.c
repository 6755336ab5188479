/*
 * prove_request.c - what the prover takes for a request, and what it refuses.
 */
#include "prove/prove.h"
#include "test/support/check.h"

/* A header that says so many instructions follow. */
static const unsigned char *header_of(uint64_t instructions)
{
	static unsigned char header[REQUEST_HEADER_SIZE];

	memcpy(header, REQUEST_MAGIC, REQUEST_MAGIC_SIZE);
	memcpy(header + REQUEST_MAGIC_SIZE, &instructions, sizeof instructions);
	return header;
}

static void counts(void)
{
	static const uint64_t refused[] = { 0, MAX_INSTRUCTIONS + 1, UINT32_MAX, 0x100000001, UINT64_MAX };

	CHECK(read_header(header_of(1)) == 1);
	CHECK(read_header(header_of(MAX_INSTRUCTIONS)) == MAX_INSTRUCTIONS);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		CHECK(read_header(header_of(refused[i])) == 0);
}

static void every_changed_magic(void)
{
	unsigned char header[REQUEST_HEADER_SIZE];

	memcpy(header, header_of(3), sizeof header);
	for (size_t at = 0; at < REQUEST_MAGIC_SIZE; at++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			header[at] ^= (unsigned char)bit;
			CHECK(read_header(header) == 0);
			header[at] ^= (unsigned char)bit;
		}
	CHECK(read_header(header) == 3);
}

static void rows(void)
{
	struct seccomp_data rows[2] = { { .arch = AUDIT_ARCH_X86_64 },
					{ .arch = AUDIT_ARCH_I386, .nr = 102 } };

	CHECK(check_rows(rows, 2) == NULL);
	CHECK(check_rows(rows, 0) == NULL);
	for (size_t at = 0; at < 2; at++) {
		const uint32_t architecture = rows[at].arch;
		rows[at].arch = AUDIT_ARCH_AARCH64;
		CHECK_TEXT(check_rows(rows, 2), "a call of another architecture than x86-64 and i386");
		rows[at].arch = architecture;
	}
	for (size_t argument = 0; argument < ARGUMENTS; argument++) {
		rows[0].args[argument] = UINT64_MAX;
		rows[1].args[argument] = UINT32_MAX;
		CHECK(check_rows(rows, 2) == NULL);
		rows[1].args[argument] = UINT64_C(1) << 32;
		CHECK_TEXT(check_rows(rows, 2), "an argument of i386 with more than 32 bits");
		CHECK(check_rows(rows, 1) == NULL);
		rows[1].args[argument] = 0;
	}
}

int main(void)
{
	counts();
	every_changed_magic();
	rows();
	return report_checks();
}
