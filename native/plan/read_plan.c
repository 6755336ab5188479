/*
 * read_plan.c - bytes that may come from anywhere become a struct plan, or a refusal.
 *
 * Before: bytes and size describe readable memory, aligned to 8.
 * After:  every text ends in a NUL inside the plan and holds no other; every
 *         list has its count; fields stood in ascending order of their tags,
 *         none unknown, none twice, none missing; padding is zero; no byte is left over.
 *
 * The layout is described in native/plan_layout.json; plan_fields[] is made of it.
 */
#include <stdbool.h>
#include <string.h>

#include "plan.h"

enum { MAGIC_SIZE = 8, HEADER_SIZE = 16, FIELD_HEADER_SIZE = 8 };

struct cursor {
	const unsigned char *at;
	size_t left;
};

static size_t round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

static bool take(struct cursor *from, size_t size, const unsigned char **out)
{
	if (from->left < size)
		return false;
	*out = from->at;
	from->at += size;
	from->left -= size;
	return true;
}

static bool take_u32(struct cursor *from, uint32_t *out)
{
	const unsigned char *bytes;
	if (!take(from, sizeof *out, &bytes))
		return false;
	memcpy(out, bytes, sizeof *out);
	return true;
}

static bool take_u64(struct cursor *from, uint64_t *out)
{
	const unsigned char *bytes;
	if (!take(from, sizeof *out, &bytes))
		return false;
	memcpy(out, bytes, sizeof *out);
	return true;
}

static bool take_zeros(struct cursor *from, size_t size)
{
	const unsigned char *bytes;
	if (!take(from, size, &bytes))
		return false;
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static bool take_text(struct cursor *from, const char **out)
{
	uint32_t length;
	const unsigned char *bytes;
	if (!take_u32(from, &length) || length >= from->left || !take(from, length, &bytes))
		return false;
	if (memchr(bytes, '\0', length) != NULL)
		return false;
	*out = (const char *)bytes;
	return take_zeros(from, round_up((size_t)length + 1, 4) - length);
}

static void *reserve(struct plan_memory *memory, size_t size)
{
	size = round_up(size, 8);
	if (memory->left < size)
		return NULL;
	void *start = memory->next;
	memory->next += size;
	memory->left -= size;
	memset(start, 0, size);
	return start;
}

static bool take_value(struct cursor *from, enum plan_kind kind, unsigned char *out)
{
	switch (kind) {
	case PLAN_U32: {
		uint32_t value;
		if (!take_u32(from, &value))
			return false;
		memcpy(out, &value, sizeof value);
		return true;
	}
	case PLAN_U64: {
		uint64_t value;
		if (!take_u64(from, &value))
			return false;
		memcpy(out, &value, sizeof value);
		return true;
	}
	case PLAN_TEXT: {
		const char *value;
		if (!take_text(from, &value))
			return false;
		memcpy(out, &value, sizeof value);
		return true;
	}
	case PLAN_BYTES:
	case PLAN_RECORD:
		return false;
	}
	return false;
}

/* One element of `field` from its payload, which must be used up. */
static bool take_element(struct cursor payload, const struct plan_field *field, unsigned char *out)
{
	if (field->kind != PLAN_RECORD)
		return take_value(&payload, field->kind, out) && payload.left == 0;
	for (size_t i = 0; i < field->member_count; i++)
		if (!take_value(&payload, field->members[i].kind, out + field->members[i].offset))
			return false;
	return payload.left == 0;
}

/* The next field's tag without consuming it; 0 at the end. */
static uint32_t peek_tag(const struct cursor *from)
{
	uint32_t tag;
	if (from->left < FIELD_HEADER_SIZE)
		return 0;
	memcpy(&tag, from->at, sizeof tag);
	return tag;
}

static bool take_field(struct cursor *from, struct cursor *payload)
{
	uint32_t tag, size;
	if (!take_u32(from, &tag) || !take_u32(from, &size) || !take(from, size, &payload->at))
		return false;
	payload->left = size;
	return take_zeros(from, round_up(size, 8) - size);
}

/* How often `tag` stands here in a row, at most `max` + 1. */
static uint32_t count_elements(struct cursor from, uint32_t tag, uint32_t max)
{
	uint32_t count = 0;
	struct cursor payload;
	while (count <= max && peek_tag(&from) == tag && take_field(&from, &payload))
		count++;
	return count;
}

static const char *read_list(struct cursor *from, const struct plan_field *field, struct plan_memory *memory,
			     unsigned char *base)
{
	uint32_t count = count_elements(*from, field->tag, field->max);
	if (count > field->max)
		return "too many elements in a list";
	unsigned char *list = reserve(memory, count * field->element_size);
	if (list == NULL)
		return "more lists than there is memory for";
	for (uint32_t i = 0; i < count; i++) {
		struct cursor payload;
		if (!take_field(from, &payload) ||
		    !take_element(payload, field, list + i * field->element_size))
			return "a malformed list element";
	}
	size_t size = count;
	memcpy(base + field->offset, &list, sizeof list);
	memcpy(base + field->count_offset, &size, sizeof size);
	return NULL;
}

static const char *read_single(struct cursor *from, const struct plan_field *field, unsigned char *base)
{
	struct cursor payload;
	if (peek_tag(from) != field->tag)
		return "a field is missing, unknown or out of order";
	if (!take_field(from, &payload))
		return "a field runs beyond the end";
	if (field->kind == PLAN_BYTES) {
		memcpy(base + field->offset, &payload.at, sizeof payload.at);
		memcpy(base + field->count_offset, &payload.left, sizeof payload.left);
		return NULL;
	}
	return take_element(payload, field, base + field->offset) ? NULL : "a malformed field";
}

const char *read_plan(const unsigned char *bytes, size_t size, struct plan_memory *memory, struct plan *plan)
{
	struct cursor from = { bytes, size };
	const unsigned char *magic;
	uint32_t version, length;

	if (!take(&from, MAGIC_SIZE, &magic) || memcmp(magic, PLAN_MAGIC, MAGIC_SIZE) != 0)
		return "not a launch plan";
	if (!take_u32(&from, &version) || !take_u32(&from, &length))
		return "cut off";
	if (version != PLAN_VERSION)
		return "another version";
	if (length != size || size > PLAN_MAX_BYTES)
		return "another length than its header says";

	memset(plan, 0, sizeof *plan);
	unsigned char *base = (unsigned char *)plan;
	for (size_t i = 0; i < PLAN_FIELD_COUNT; i++) {
		const struct plan_field *field = &plan_fields[i];
		const char *fault =
			field->many ? read_list(&from, field, memory, base) : read_single(&from, field, base);
		if (fault != NULL)
			return fault;
	}
	return from.left == 0 ? NULL : "a field is unknown, twice or out of order";
}
