/*
 * dump_plan.c - reads every pointer and number of a decoded plan, by the table that the reader was led by.
 */
#include "test/support/dump_plan.h"

#include <inttypes.h>
#include <string.h>

static void dump_bytes(FILE *out, char kind, const unsigned char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	fputc(' ', out);
	fputc(kind, out);
	for (size_t i = 0; i < size; i++) {
		fputc(digits[bytes[i] >> 4], out);
		fputc(digits[bytes[i] & 15], out);
	}
}

static void dump_value(FILE *out, enum plan_kind kind, const unsigned char *at)
{
	uint32_t small;
	uint64_t large;
	const char *text;
	switch (kind) {
	case PLAN_U32:
		memcpy(&small, at, sizeof small);
		fprintf(out, " %" PRIu32, small);
		return;
	case PLAN_U64:
		memcpy(&large, at, sizeof large);
		fprintf(out, " %" PRIu64, large);
		return;
	case PLAN_TEXT:
		memcpy(&text, at, sizeof text);
		dump_bytes(out, 't', (const unsigned char *)text, strlen(text));
		return;
	case PLAN_BYTES:
	case PLAN_RECORD:
		return;
	}
}

static void dump_element(FILE *out, const struct plan_field *field, const unsigned char *at)
{
	if (field->kind != PLAN_RECORD) {
		dump_value(out, field->kind, at);
		return;
	}
	for (size_t i = 0; i < field->member_count; i++)
		dump_value(out, field->members[i].kind, at + field->members[i].offset);
}

static void dump_field(FILE *out, const struct plan_field *field, const unsigned char *plan)
{
	const unsigned char *at = plan + field->offset;
	size_t count = 1;
	if (field->many || field->kind == PLAN_BYTES) {
		memcpy(&at, plan + field->offset, sizeof at);
		memcpy(&count, plan + field->count_offset, sizeof count);
	}
	fprintf(out, "%" PRIu32, field->tag);
	if (field->kind == PLAN_BYTES) {
		dump_bytes(out, 'b', at, count);
		fputc('\n', out);
		return;
	}
	fprintf(out, " %zu", count);
	for (size_t i = 0; i < count; i++)
		dump_element(out, field, at + i * field->element_size);
	fputc('\n', out);
}

void dump_plan(const struct plan *plan, FILE *out)
{
	for (size_t i = 0; i < PLAN_FIELD_COUNT; i++)
		dump_field(out, &plan_fields[i], (const unsigned char *)plan);
}
