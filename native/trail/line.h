/*
 * line.h - writing one record: bounded, printable ASCII, one spelling for one value.
 *
 * Texts may come from the workload. What they hold, whatever it is, comes out
 * as a JSON string that cannot end its field, its line or the terminal's mood:
 * audit/FORMAT.md, "Texts".
 */
#ifndef LINE_H
#define LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_HASH_TEXT = 64, LINE_TIME_SIZE = 31 };

/* Nothing is written beyond `end`; `full` says that something did not fit. */
struct line {
	char *start, *at, *end;
	bool full;
};

struct line start_line(char *buffer, size_t size);
size_t line_space(const struct line *line);

/* Bytes of our own that are JSON already, such as `,"kind":`. */
void put_json(struct line *line, const char *json);
void put_json_bytes(struct line *line, const char *json, size_t size);

/* A JSON string of `text` up to its NUL, in at most `limit` bytes between its quotes; cut ones end in U+2026.
 */
void put_text(struct line *line, const char *text, size_t limit);
void put_text_bytes(struct line *line, const char *bytes, size_t size, size_t limit);
/* The same, with `null` for NULL and for "". */
void put_text_or_null(struct line *line, const char *text, size_t limit);
/* Without quotes, for a string in parts. Returns what is left of `limit`; 0: it was cut, or there is none. */
size_t put_text_part(struct line *line, const char *bytes, size_t size, size_t limit);

void put_number(struct line *line, uint64_t value);
void put_signed(struct line *line, int64_t value);
/* "0x1f" with its quotes. */
void put_hexadecimal(struct line *line, uint64_t value);
void put_octal(struct line *line, uint64_t value);
/* A hash as a JSON string of 64 digits. */
void put_hash(struct line *line, const unsigned char hash[32]);
void put_hexadecimal_bytes(struct line *line, const unsigned char *bytes, size_t size);
/* Nanoseconds since 1970 as RFC 3339 in UTC, with quotes. */
void put_time(struct line *line, uint64_t nanoseconds);

/* CLOCK_REALTIME and CLOCK_MONOTONIC in nanoseconds. */
uint64_t wall_time(void);
uint64_t steady_time(void);

#endif
