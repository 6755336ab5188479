/*
 * arguments.c - registers and strings of a call, as audit/syscall-arguments.json names them.
 *
 * @see process_vm_readv(2): a read that crosses into an unmapped page stops there.
 */
#include "trail/arguments.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* The limit is what the longest text of the longest call needs at most: three of the strings of mount(2). */
enum { PAGE = 4096, TEXT_LIMIT = 1600 };

/* Bytes from `address` on, up to a NUL or the array's end, in at most two reads that each stay in one page.
 */
static bool read_text(struct argument_texts *texts, size_t index, uint64_t address, pid_t thread)
{
	char *bytes = texts->bytes[index];
	size_t got = 0;
	while (got < ARGUMENT_TEXT_MAX) {
		uint64_t from = address + got;
		size_t in_page = PAGE - (size_t)(from % PAGE);
		size_t wanted = ARGUMENT_TEXT_MAX - got < in_page ? ARGUMENT_TEXT_MAX - got : in_page;
		struct iovec ours = { bytes + got, wanted }, theirs = { (void *)(uintptr_t)from, wanted };
		ssize_t read = process_vm_readv(thread, &ours, 1, &theirs, 1, 0);
		if (read <= 0)
			return false;
		const char *end = memchr(bytes + got, '\0', (size_t)read);
		if (end != NULL) {
			texts->size[index] = (size_t)(end - bytes);
			return true;
		}
		got += (size_t)read;
	}
	texts->size[index] = got;
	texts->cut[index] = true;
	return true;
}

void forget_argument_texts(struct argument_texts *texts)
{
	memset(texts->present, 0, sizeof texts->present);
	memset(texts->cut, 0, sizeof texts->cut);
}

/* What one read from `address` on may ask for without touching the next page. */
static size_t piece_at(uint64_t address)
{
	size_t in_page = PAGE - (size_t)(address % PAGE);
	return in_page < ARGUMENT_TEXT_MAX ? in_page : ARGUMENT_TEXT_MAX;
}

/* All strings with one call, which gives all or, where one is unreadable or long, leaves them to read_text().
 */
static void read_together(struct argument_texts *texts, const bool *wanted, const uint64_t *addresses,
			  pid_t thread)
{
	struct iovec ours[ARGUMENT_COUNT], theirs[ARGUMENT_COUNT];
	size_t count = 0, sum = 0;
	for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
		if (!wanted[i])
			continue;
		size_t piece = piece_at(addresses[i]);
		ours[count] = (struct iovec){ texts->bytes[i], piece };
		theirs[count++] = (struct iovec){ (void *)(uintptr_t)addresses[i], piece };
		sum += piece;
	}
	if (count < 2 || process_vm_readv(thread, ours, count, theirs, count, 0) != (ssize_t)sum)
		return;
	for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
		const char *end = wanted[i] ? memchr(texts->bytes[i], '\0', piece_at(addresses[i])) : NULL;
		texts->present[i] = end != NULL;
		texts->size[i] = end != NULL ? (size_t)(end - texts->bytes[i]) : 0;
	}
}

void read_argument_texts(struct argument_texts *texts, const struct syscall_entry *entry,
			 const struct seccomp_data *call, pid_t thread)
{
	bool wanted[ARGUMENT_COUNT] = { false };
	uint64_t addresses[ARGUMENT_COUNT];
	forget_argument_texts(texts);
	for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
		addresses[i] = call->args[i];
		wanted[i] = (int)i < entry->argument_count && addresses[i] != 0 &&
			    find_syscall_argument(entry, i).kind == ARGUMENT_STRING;
	}
	read_together(texts, wanted, addresses, thread);
	for (size_t i = 0; i < ARGUMENT_COUNT; i++)
		if (wanted[i] && !texts->present[i])
			texts->present[i] = read_text(texts, i, addresses[i], thread);
}

static void put_decoded(struct line *line, enum syscall_argument_kind kind, uint64_t value)
{
	switch (kind) {
	case ARGUMENT_DESCRIPTOR:
		put_json(line, "\"");
		if ((int32_t)value == AT_FDCWD)
			put_json(line, "AT_FDCWD");
		else
			put_signed(line, (int32_t)value);
		put_json(line, "\"");
		return;
	case ARGUMENT_INTEGER:
		put_json(line, "\"");
		put_signed(line, (int32_t)value);
		put_json(line, "\"");
		return;
	case ARGUMENT_UNSIGNED:
		put_json(line, "\"");
		put_number(line, value);
		put_json(line, "\"");
		return;
	case ARGUMENT_MODE:
		put_octal(line, value & 0xffffffffu);
		return;
	case ARGUMENT_POINTER:
	case ARGUMENT_STRING:
	case ARGUMENT_FLAGS:
		put_json(line, "null");
		return;
	}
	put_json(line, "null");
}

static void put_read_text(struct line *line, size_t index, const struct argument_texts *texts)
{
	put_json(line, "\"");
	put_text_part(line, texts->bytes[index], texts->size[index], TEXT_LIMIT);
	put_json(line, texts->cut[index] ? "\\u2026\"" : "\"");
}

static void put_argument(struct line *line, size_t index, struct syscall_argument argument, uint64_t value,
			 const struct argument_texts *texts)
{
	put_json(line, index == 0 ? "{\"name\":\"" : ",{\"name\":\"");
	put_json(line, argument.name);
	put_json(line, "\",\"value\":");
	put_hexadecimal(line, value);
	put_json(line, ",\"advisory\":");
	if (texts->present[index])
		put_read_text(line, index, texts);
	else
		put_decoded(line, argument.kind, value);
	put_json(line, "}");
}

void put_arguments(struct line *line, const struct syscall_entry *entry, const struct seccomp_data *call,
		   const struct argument_texts *texts)
{
	static const char *const registers[ARGUMENT_COUNT] = { "a0", "a1", "a2", "a3", "a4", "a5" };
	bool known = entry->argument_count >= 0;
	size_t count = known ? (size_t)entry->argument_count : ARGUMENT_COUNT;
	put_json(line, ",\"arguments\":[");
	for (size_t i = 0; i < count; i++) {
		struct syscall_argument raw = { registers[i], ARGUMENT_POINTER };
		put_argument(line, i, known ? find_syscall_argument(entry, i) : raw, call->args[i], texts);
	}
	put_json(line, "]");
}
