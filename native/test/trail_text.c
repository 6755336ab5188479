/*
 * trail_text.c - what the writer of records spells.
 */
#include "test/support/check.h"
#include "trail/append.h"
#include "trail/line.h"

static char buffer[4096];

static const char *spelled(const char *bytes, size_t size, size_t limit)
{
	struct line line = start_line(buffer, sizeof buffer - 1);
	put_text_bytes(&line, bytes, size, limit);
	*line.at = '\0';
	CHECK(!line.full);
	return buffer;
}

static const char *spelled_time(uint64_t seconds, uint64_t nanoseconds)
{
	struct line line = start_line(buffer, sizeof buffer - 1);
	put_time(&line, seconds * 1000000000 + nanoseconds);
	*line.at = '\0';
	return buffer;
}

static void texts(void)
{
	CHECK_TEXT(spelled("plain", 5, 100), "\"plain\"");
	CHECK_TEXT(spelled("a\"b", 3, 100), "\"a\\\"b\"");
	CHECK_TEXT(spelled("a\\b", 3, 100), "\"a\\\\\\\\b\"");
	CHECK_TEXT(spelled("\n\t\r\b\f\0\x1b\x7f", 8, 100), "\"\\n\\t\\r\\b\\f\\u0000\\u001b\\u007f\"");
	CHECK_TEXT(spelled("\xc3\xa4", 2, 100), "\"\\u00e4\"");
	CHECK_TEXT(spelled("\xe2\x80\xae", 3, 100), "\"\\u202e\"");
	CHECK_TEXT(spelled("\xf0\x9f\x98\x80", 4, 100), "\"\\ud83d\\ude00\"");
	CHECK_TEXT(spelled("\xff", 1, 100), "\"\\\\xff\"");
	/* Overlong, surrogate, beyond Unicode, cut off: no valid sequence, byte by byte. */
	CHECK_TEXT(spelled("\xc0\xaf", 2, 100), "\"\\\\xc0\\\\xaf\"");
	CHECK_TEXT(spelled("\xed\xa0\x80", 3, 100), "\"\\\\xed\\\\xa0\\\\x80\"");
	CHECK_TEXT(spelled("\xf4\x90\x80\x80", 4, 100), "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"");
	CHECK_TEXT(spelled("\xe2\x80", 2, 100), "\"\\\\xe2\\\\x80\"");
}

static void cuts(void)
{
	CHECK_TEXT(spelled("0123456789", 10, 10), "\"0123456789\"");
	CHECK_TEXT(spelled("0123456789a", 11, 10), "\"0123\\u2026\"");
	CHECK_TEXT(spelled("\n\n\n\n\n\n", 6, 11), "\"\\n\\n\\u2026\"");
	/* Never in the middle of an escape: every cut is a whole string. */
	for (size_t limit = 6; limit < 60; limit++) {
		size_t length = strlen(spelled("a\n\xff\xe2\x80\xae\\\xf0\x9f\x98\x80z", 12, limit));
		CHECK(length <= limit + 2 && buffer[length - 1] == '"');
	}
}

static void bounds(void)
{
	char small[8] = "#######";
	struct line line = start_line(small, 4);
	put_json(&line, "abc");
	put_number(&line, 12345);
	put_text(&line, "text", 100);
	CHECK(line.full && line.at == small + 3);
	CHECK(memcmp(small + 4, "###", 4) == 0);
}

static void times(void)
{
	CHECK_TEXT(spelled_time(0, 0), "\"1970-01-01T00:00:00.000000000Z\"");
	CHECK_TEXT(spelled_time(951782400, 1), "\"2000-02-29T00:00:00.000000001Z\"");
	CHECK_TEXT(spelled_time(951868799, 999999999), "\"2000-02-29T23:59:59.999999999Z\"");
	CHECK_TEXT(spelled_time(4107542399, 0), "\"2100-02-28T23:59:59.000000000Z\"");
	CHECK_TEXT(spelled_time(4107542400, 0), "\"2100-03-01T00:00:00.000000000Z\"");
	CHECK_TEXT(spelled_time(1795291445, 123456789), "\"2026-11-21T20:04:05.123456789Z\"");
}

static void numbers(void)
{
	struct line line = start_line(buffer, sizeof buffer - 1);
	put_number(&line, UINT64_MAX);
	put_signed(&line, INT64_MIN);
	put_hexadecimal(&line, 0xdeadbeefcafe0123);
	put_octal(&line, 01777);
	*line.at = '\0';
	CHECK_TEXT(buffer, "18446744073709551615-9223372036854775808\"0xdeadbeefcafe0123\"\"01777\"");
}

static void run_names(void)
{
	char first[TRAIL_RUN_SIZE], second[TRAIL_RUN_SIZE];
	CHECK(make_ulid(first, 1469918176385000000ull) && make_ulid(second, 1469918176385000000ull));
	CHECK(strlen(first) == 26 && strncmp(first, "01ARYZ6S41", 10) == 0);
	CHECK(strcmp(first, second) != 0);
	CHECK(strspn(first, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == 26);
}

int main(void)
{
	texts();
	cuts();
	bounds();
	times();
	numbers();
	run_names();
	return report_checks();
}
