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

void read_argument_texts(struct argument_texts *texts, const struct syscall_entry *entry,
			 const struct seccomp_data *call, pid_t thread)
{
	forget_argument_texts(texts);
	for (int i = 0; i < entry->argument_count; i++) {
		size_t index = (size_t)i;
		if (find_syscall_argument(entry, index).kind == ARGUMENT_STRING && call->args[i] != 0)
			texts->present[i] = read_text(texts, index, call->args[i], thread);
	}
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
