/*
 * line.c - numbers, hashes and times of a record. Texts are in text.c.
 *
 * Before: *line describes a buffer. After: line->at <= line->end, and
 * line->full where something was left out.
 * gmtime_r() is not used: it reads the time zone's file, and the supervisor
 * cannot open anything when it writes records.
 */
#include "trail/line.h"

#include <string.h>
enum { NS_PER_SECOND = 1000000000, SECONDS_PER_DAY = 86400 };

static const char digits[] = "0123456789abcdef";

struct line start_line(char *buffer, size_t size)
{
	return (struct line){ buffer, buffer, buffer + size, false };
}

size_t line_space(const struct line *line)
{
	return (size_t)(line->end - line->at);
}

void put_json_bytes(struct line *line, const char *json, size_t size)
{
	if (line->full || line_space(line) < size) {
		line->full = true;
		return;
	}
	memcpy(line->at, json, size);
	line->at += size;
}

void put_json(struct line *line, const char *json)
{
	put_json_bytes(line, json, strlen(json));
}

static void put_in_base(struct line *line, uint64_t value, unsigned base)
{
	char text[24];
	char *at = text + sizeof text;
	do {
		*--at = digits[value % base];
		value /= base;
	} while (value != 0);
	put_json_bytes(line, at, (size_t)(text + sizeof text - at));
}

void put_number(struct line *line, uint64_t value)
{
	put_in_base(line, value, 10);
}

void put_signed(struct line *line, int64_t value)
{
	if (value < 0)
		put_json(line, "-");
	put_in_base(line, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

void put_hexadecimal(struct line *line, uint64_t value)
{
	put_json(line, "\"0x");
	put_in_base(line, value, 16);
	put_json(line, "\"");
}

void put_octal(struct line *line, uint64_t value)
{
	put_json(line, "\"0");
	put_in_base(line, value, 8);
	put_json(line, "\"");
}

void put_hexadecimal_bytes(struct line *line, const unsigned char *bytes, size_t size)
{
	put_json(line, "\"");
	for (size_t i = 0; i < size; i++)
		put_json_bytes(line, (char[]){ digits[bytes[i] >> 4], digits[bytes[i] & 15] }, 2);
	put_json(line, "\"");
}

void put_hash(struct line *line, const unsigned char hash[32])
{
	put_hexadecimal_bytes(line, hash, 32);
}

/* Year, month and day of a day since 1970, after the civil calendar's 400-year cycle of 146097 days. */
static void date_of_day(uint64_t day, unsigned *year, unsigned *month, unsigned *of_month)
{
	uint64_t shifted = day + 719468; /* days since 0000-03-01 */
	uint64_t cycle = shifted / 146097;
	unsigned of_cycle = (unsigned)(shifted % 146097);
	unsigned year_of_cycle = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
	unsigned of_year = of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
	unsigned march_month = (5 * of_year + 2) / 153;
	*of_month = of_year - (153 * march_month + 2) / 5 + 1;
	*month = march_month < 10 ? march_month + 3 : march_month - 9;
	*year = (unsigned)(cycle * 400) + year_of_cycle + (*month <= 2 ? 1 : 0);
}

static void write_padded(char *at, unsigned value, int width)
{
	for (int i = width - 1; i >= 0; i--) {
		at[i] = digits[value % 10];
		value /= 10;
	}
}

void put_time(struct line *line, uint64_t nanoseconds)
{
	char text[] = "\"0000-00-00T00:00:00.000000000Z\"";
	uint64_t seconds = nanoseconds / NS_PER_SECOND;
	unsigned of_day = (unsigned)(seconds % SECONDS_PER_DAY);
	unsigned year, month, day;
	date_of_day(seconds / SECONDS_PER_DAY, &year, &month, &day);
	write_padded(text + 1, year, 4);
	write_padded(text + 6, month, 2);
	write_padded(text + 9, day, 2);
	write_padded(text + 12, of_day / 3600, 2);
	write_padded(text + 15, of_day / 60 % 60, 2);
	write_padded(text + 18, of_day % 60, 2);
	write_padded(text + 21, (unsigned)(nanoseconds % NS_PER_SECOND), 9);
	put_json(line, text);
}
