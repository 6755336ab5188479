/*
 * records.c - the records that frame a run: opened, receipt, lifecycle, closed.
 *
 * Before: open_trail() succeeded. After: the record is in the file.
 * The order of fields is that of audit/event.schema.json.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "trail/append.h"
#include "trail/attempt_record.h"
#include "trail/redact.h"

/* Bytes of the spelled text; the sum of an `opened` record's stays below TRAIL_LINE_MAX. */
enum {
	NAME_LIMIT = 128,
	REFERENCE_LIMIT = 512,
	ARGUMENTS_LIMIT = 5500,
	ENVIRONMENT_LIMIT = 2000,
	REMARKS_LIMIT = 3000,
	REMARK_LIMIT = 600,
	VARIABLE_LIMIT = 128,
	RECEIPT_TEXT_LIMIT = 400,
	RECEIPT_ENTRY_MAX = 4 * (RECEIPT_TEXT_LIMIT + 24),
	DETAIL_LIMIT = 2048
};

static void put_program(struct line *line, const struct plan_program *program)
{
	put_json(line, "{\"name\":");
	put_text(line, program->name, NAME_LIMIT);
	put_json(line, ",\"digest\":");
	put_text(line, program->digest, NAME_LIMIT);
	put_json(line, "}");
}

static void put_image(struct line *line, const struct plan *plan)
{
	put_json(line, ",\"image\":{\"reference\":");
	put_text(line, plan->image_reference, REFERENCE_LIMIT);
	put_json(line, ",\"digest\":");
	put_text_or_null(line, plan->image_digest, NAME_LIMIT);
	put_json(line, plan->image_signed != 0 ? ",\"signed\":true" : ",\"signed\":false");
	put_json(line, ",\"signer\":");
	put_text_or_null(line, plan->signer, REFERENCE_LIMIT);
	put_json(line, ",\"trust_rule\":");
	put_text_or_null(line, plan->trust_rule, REFERENCE_LIMIT);
	put_json(line, "}");
}

/* How many arguments are left out is said in the record: a command may be longer than a line. */
static void put_command(struct line *line, const char *const *arguments)
{
	struct redaction redaction = { 0 };
	size_t left_out = 0;
	const char *limit = line->at + ARGUMENTS_LIMIT;
	put_json(line, ",\"command\":{\"arguments\":[");
	for (size_t i = 0; arguments[i] != NULL; i++) {
		if (limit - line->at < 16) {
			left_out++;
			continue;
		}
		put_json(line, i == 0 ? "" : ",");
		put_redacted(line, &redaction, arguments[i], (size_t)(limit - line->at) - 4);
	}
	put_json(line, "],\"redacted\":");
	put_number(line, redaction.count);
	put_json(line, ",\"left_out\":");
	put_number(line, left_out);
	put_json(line, "}");
}

static void put_environment(struct line *line, const char *const *environment)
{
	size_t left_out = 0;
	const char *limit = line->at + ENVIRONMENT_LIMIT;
	put_json(line, ",\"environment\":{\"names\":[");
	for (size_t i = 0; environment[i] != NULL; i++) {
		if (limit - line->at < VARIABLE_LIMIT + 4) {
			left_out++;
			continue;
		}
		put_json(line, i == 0 ? "" : ",");
		put_text_bytes(line, environment[i], strcspn(environment[i], "="), VARIABLE_LIMIT);
	}
	put_json(line, "],\"left_out\":");
	put_number(line, left_out);
	put_json(line, "}");
}

static void put_remarks(struct line *line, const struct plan *plan)
{
	size_t left_out = 0;
	const char *limit = line->at + REMARKS_LIMIT;
	put_json(line, ",\"remarks\":{\"texts\":[");
	for (size_t i = 0; i < plan->remark_count; i++) {
		if (limit - line->at < REMARK_LIMIT + 4) {
			left_out++;
			continue;
		}
		put_json(line, i == 0 ? "" : ",");
		put_text(line, plan->remark[i], REMARK_LIMIT);
	}
	put_json(line, "],\"left_out\":");
	put_number(line, left_out);
	put_json(line, "}");
}

enum trail_result record_opened(struct trail *trail, const char *const *arguments,
				const char *const *environment)
{
	const struct plan *plan = trail->plan;
	struct line line = begin_record(trail, "opened");
	put_json(&line, ",\"product\":");
	put_text(&line, plan->product_version, NAME_LIMIT);
	put_json(&line, ",\"policy\":{\"name\":");
	put_text(&line, plan->policy_name, NAME_LIMIT);
	put_json(&line, ",\"digest\":");
	put_text(&line, plan->policy_digest, NAME_LIMIT);
	put_json(&line, "}");
	put_image(&line, plan);
	put_command(&line, arguments);
	put_environment(&line, environment);
	put_json(&line, ",\"user\":");
	put_text(&line, plan->invoking_user, NAME_LIMIT);
	put_json(&line, ",\"kernel\":");
	put_text(&line, trail->kernel, NAME_LIMIT);
	put_json(&line, ",\"boot\":");
	put_text_or_null(&line, trail->boot, NAME_LIMIT);
	put_json(&line, ",\"programs\":[");
	for (size_t i = 0; i < plan->program_count; i++) {
		put_json(&line, i == 0 ? "" : ",");
		put_program(&line, &plan->program[i]);
	}
	put_json(&line, "]");
	put_remarks(&line, plan);
	put_json(&line, ",\"quota\":\"");
	put_number(&line, plan->audit_quota);
	put_json(&line, plan->audit_sync != 0 ? "\",\"durability\":\"sync\"" : "\",\"durability\":\"batch\"");
	return end_record(trail, &line);
}

static void put_entry(struct line *line, const struct receipt_entry *entry)
{
	put_json(line, "{\"control\":");
	put_text(line, entry->control, RECEIPT_TEXT_LIMIT);
	put_json(line, ",\"requested\":");
	put_text(line, entry->requested, RECEIPT_TEXT_LIMIT);
	put_json(line, ",\"effective\":");
	put_text(line, entry->effective, RECEIPT_TEXT_LIMIT);
	put_json(line, ",\"how\":");
	put_text(line, entry->how, RECEIPT_TEXT_LIMIT);
	put_json(line, entry->ok ? ",\"ok\":true}" : ",\"ok\":false}");
}

enum trail_result record_receipt(struct trail *trail, const struct receipt_entry *entries, size_t count)
{
	size_t next = 0;
	do {
		struct line line = begin_record(trail, "receipt");
		put_json(&line, ",\"controls\":[");
		for (bool first = true; next < count && record_space(&line) > RECEIPT_ENTRY_MAX;
		     first = false) {
			put_json(&line, first ? "" : ",");
			put_entry(&line, &entries[next++]);
		}
		put_json(&line, next < count ? "],\"more\":true" : "],\"more\":false");
		enum trail_result result = end_record(trail, &line);
		if (result != TRAIL_OK)
			return result;
	} while (next < count);
	return TRAIL_OK;
}

enum trail_result record_lifecycle(struct trail *trail, const char *event, const char *detail)
{
	struct line line = begin_record(trail, "lifecycle");
	put_json(&line, ",\"event\":");
	put_text(&line, event, NAME_LIMIT);
	put_json(&line, ",\"detail\":");
	put_text_or_null(&line, detail, DETAIL_LIMIT);
	return end_record(trail, &line);
}

static enum trail_result record_closed(struct trail *trail, int status, int signal)
{
	const char *name = signal == 0 ? NULL : sigabbrev_np(signal);
	struct line line = begin_record(trail, "closed");
	put_json(&line, ",\"status\":");
	if (signal == 0)
		put_signed(&line, status);
	else
		put_json(&line, "null");
	put_json(&line, ",\"signal\":");
	if (signal == 0) {
		put_json(&line, "null");
	} else if (name != NULL) {
		put_json(&line, "\"SIG");
		put_json(&line, name);
		put_json(&line, "\"");
	} else {
		put_json(&line, "\"SIG");
		put_signed(&line, signal);
		put_json(&line, "\"");
	}
	put_json(&line, ",\"attempts\":{\"denied\":");
	put_number(&line, trail->denied);
	put_json(&line, ",\"killed\":");
	put_number(&line, trail->killed);
	put_json(&line, ",\"continued\":");
	put_number(&line, trail->continued);
	put_json(&line, "},\"records\":");
	put_number(&line, trail->sequence + 1);
	return end_record(trail, &line);
}

enum trail_result close_trail(struct trail *trail, int status, int signal)
{
	enum trail_result result = flush_counts(trail);
	if (result == TRAIL_OK)
		result = record_closed(trail, status, signal);
	/* With attempts waiting for the disk the end waits with them. */
	if (result == TRAIL_OK && (trail->unsynced > 0 || trail->plan->audit_sync != 0)) {
		trail->unsynced++;
		result = trail_sync(trail);
	}
	if (result == TRAIL_OK)
		result = enter_closing(trail);
	if (result == TRAIL_OK && trail->plan->audit_sync != 0 && fdatasync(trail->chain) != 0)
		result = fail_trail(trail, "bring the chain of runs to the disk");
	/* The counts are all in records now; an emptied table says so. */
	if (result == TRAIL_OK && ftruncate(trail->counts_file, 0) != 0)
		result = fail_trail(trail, "empty the table of counts");
	trail->broken = true;
	return result;
}
