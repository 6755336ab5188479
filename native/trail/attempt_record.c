/*
 * attempt_record.c - attempts become records: single ones, or counts of a kind.
 *
 * Before: open_trail() succeeded. After: the record is in the file, or it is
 * not and the result is not TRAIL_OK.
 */
#include "trail/attempt_record.h"

#include <stdio.h>
#include <string.h>

#include "trail/append.h"
#include "trail/counts.h"
#include "trail/decide.h"

enum { RULE_LIMIT = 600, EXECUTABLE_LIMIT = 1500, X32_BIT = 0x40000000 };

static const char *verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_DENIED:
		return "denied";
	case VERDICT_KILLED:
		return "killed";
	case VERDICT_CONTINUED:
		return "continued";
	}
	return "";
}

static const char *architecture_name(uint32_t architecture, uint32_t number)
{
	if (architecture != 0xc000003e)
		return architecture == 0x40000003 ? "i386" : "other";
	return (number & X32_BIT) != 0 ? "x32" : "x86_64";
}

static void name_errno(char *name, size_t size, int value)
{
	const char *known = strerrorname_np(value);
	if (known != NULL)
		snprintf(name, size, "%s", known);
	else
		snprintf(name, size, "E%d", value);
}

static void put_call(struct line *line, uint32_t architecture, uint32_t number,
		     const struct syscall_entry *entry)
{
	put_json(line, ",\"call\":");
	put_text_or_null(line, entry->name, 64);
	put_json(line, ",\"number\":");
	put_number(line, number);
	put_json(line, ",\"architecture\":\"");
	put_json(line, architecture_name(architecture, number));
	put_json(line, "\"");
}

static void put_pid(struct line *line, const char *field, pid_t pid)
{
	put_json(line, field);
	if (pid > 0)
		put_signed(line, pid);
	else
		put_json(line, "null");
}

static void put_caller(struct line *line, const struct caller *caller)
{
	put_pid(line, ",\"pid\":", caller->process);
	put_pid(line, ",\"tid\":", caller->thread);
	put_pid(line, ",\"inner_pid\":", caller->inner_process);
	put_json(line, ",\"executable\":");
	put_text_or_null(line, caller->executable, EXECUTABLE_LIMIT);
}

static void put_decision(struct line *line, const struct decision *decision,
			 const struct syscall_entry *entry)
{
	char name[24];
	put_json(line, ",\"verdict\":\"");
	put_json(line, verdict_name(decision->verdict));
	put_json(line, "\",\"errno\":");
	if (decision->verdict == VERDICT_DENIED) {
		name_errno(name, sizeof name, decision->errno_value);
		put_text(line, name, sizeof name);
	} else {
		put_json(line, "null");
	}
	put_json(line, ",\"rule\":");
	put_text(line, decision->rule, RULE_LIMIT);
	put_json(line, ",\"severity\":\"");
	put_json(line, syscall_severity_name(entry->severity));
	put_json(line, "\",\"technique\":");
	put_text_or_null(line, entry->technique, 16);
}

static void put_optional_time(struct line *line, uint64_t time)
{
	if (time == 0)
		put_json(line, "null");
	else
		put_time(line, time);
}

/* How many attempts the record stands for; of counts also the first record of their kind, and when they were.
 */
static void put_count(struct line *line, uint64_t count, const struct count_slot *slot)
{
	put_json(line, ",\"count\":");
	put_number(line, count);
	put_json(line, ",\"same_as\":");
	if (slot == NULL)
		put_json(line, "null,\"total\":null");
	else {
		put_number(line, slot->first);
		put_json(line, ",\"total\":");
		put_number(line, slot->total);
	}
	put_json(line, ",\"since\":");
	put_optional_time(line, slot == NULL ? 0 : slot->since);
	put_json(line, ",\"until\":");
	put_optional_time(line, slot == NULL ? 0 : slot->until);
}

enum trail_result record_attempt(struct trail *trail, const struct attempt *attempt)
{
	const struct seccomp_data *call = attempt->call;
	struct syscall_entry entry = find_syscall(call->arch, (uint32_t)call->nr);
	struct line line = begin_record(trail, "attempt");
	put_call(&line, call->arch, (uint32_t)call->nr, &entry);
	put_arguments(&line, &entry, call, &attempt->texts);
	put_caller(&line, &attempt->caller);
	put_decision(&line, &attempt->decision, &entry);
	put_count(&line, 1, NULL);
	return end_record(trail, &line);
}

/* The decision that a kind's rule number stands for. */
static struct decision decision_of(const struct plan *plan, uint32_t rule)
{
	switch (rule) {
	case RULE_ON_DENY:
		return (struct decision){ VERDICT_DENIED, (int)plan->on_deny.errno_value,
					  plan->on_deny.rule };
	case RULE_ON_UNKNOWN:
		return (struct decision){ VERDICT_DENIED, (int)plan->on_unknown.errno_value,
					  plan->on_unknown.rule };
	case RULE_ON_FOREIGN:
		return (struct decision){ VERDICT_DENIED, (int)plan->on_foreign.errno_value,
					  plan->on_foreign.rule };
	}
	return decide_refusal(&plan->refusal[rule]);
}

enum trail_result flush_count(struct trail *trail, struct count_slot *slot)
{
	uint64_t count = slot->total - slot->flushed;
	if (slot->first == 0 || count == 0)
		return TRAIL_OK;
	struct syscall_entry entry = find_syscall(slot->key.architecture, slot->key.number);
	struct decision decision = decision_of(trail->plan, slot->key.rule);
	bool known = (slot->key.process & KEY_IS_THREAD) == 0;
	pid_t id = (pid_t)(slot->key.process & ~KEY_IS_THREAD);
	struct caller caller = { known ? id : 0, known ? 0 : id, (pid_t)slot->inner_process, "" };
	struct line line = begin_record(trail, "attempt");
	put_call(&line, slot->key.architecture, slot->key.number, &entry);
	put_json(&line, ",\"arguments\":[]");
	put_caller(&line, &caller);
	put_decision(&line, &decision, &entry);
	put_count(&line, count, slot);
	enum trail_result result = end_record(trail, &line);
	if (result == TRAIL_OK)
		slot->flushed = slot->total;
	return result;
}

enum trail_result flush_counts(struct trail *trail)
{
	for (int i = 0; i < COUNTS_BUCKETS * COUNTS_WAYS; i++) {
		enum trail_result result = flush_count(trail, &trail->counts[i]);
		if (result != TRAIL_OK)
			return result;
	}
	return TRAIL_OK;
}
