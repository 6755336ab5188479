/*
 * attempt.c - one notification: decided, described, recorded, answered.
 *
 * Before: watch_workload() knows the listener. After: the record is written,
 * or counted where its kind was written often enough, and only then is the
 * response filled. What was read from the process's memory is kept only if
 * the notification is still valid afterwards: else it may be another's.
 * @see seccomp_unotify(2)
 */
#include "trail/attempt.h"
#include "syscalls.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "trail/append.h"
#include "trail/attempt_record.h"
#include "trail/caller.h"
#include "trail/counts.h"
#include "trail/decide.h"

static bool is_still_valid(const struct trail *trail, const struct seccomp_notif *notification)
{
	uint64_t id = notification->id;
	return trail->listener < 0 || ioctl(trail->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* The parts that cost something: strings and the executable. */
static void describe(const struct trail *trail, const struct seccomp_notif *notification,
		     struct attempt *attempt)
{
	struct syscall_entry entry = find_syscall(notification->data.arch, (uint32_t)notification->data.nr);
	read_argument_texts(&attempt->texts, &entry, &notification->data, attempt->caller.thread);
	find_executable(trail, &attempt->caller);
	if (!is_still_valid(trail, notification)) {
		forget_argument_texts(&attempt->texts);
		attempt->caller.executable[0] = '\0';
	}
}

static void remember_worst(struct trail *trail, const struct attempt *attempt)
{
	const struct seccomp_data *call = attempt->call;
	struct syscall_entry entry = find_syscall(call->arch, (uint32_t)call->nr);
	if (attempt->decision.verdict == VERDICT_CONTINUED ||
	    (trail->worst.call[0] != '\0' && entry.severity <= trail->worst.severity))
		return;
	const char *answer = attempt->decision.verdict == VERDICT_KILLED
				     ? "killed"
				     : strerrorname_np(attempt->decision.errno_value);
	trail->worst.severity = entry.severity;
	if (entry.name[0] != '\0')
		snprintf(trail->worst.call, sizeof trail->worst.call, "%s", entry.name);
	else
		snprintf(trail->worst.call, sizeof trail->worst.call, "call %u", (uint32_t)call->nr);
	snprintf(trail->worst.answer, sizeof trail->worst.answer, "%s", answer == NULL ? "refused" : answer);
	snprintf(trail->worst.rule, sizeof trail->worst.rule, "%s", attempt->decision.rule);
}

static void add_verdict(struct trail *trail, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_DENIED:
		trail->denied++;
		return;
	case VERDICT_KILLED:
		trail->killed++;
		return;
	case VERDICT_CONTINUED:
		trail->continued++;
		return;
	}
}

/* Makes room for a new kind and writes its first record. */
static enum trail_result record_new_kind(struct trail *trail, const struct attempt *attempt,
					 const struct count_key *key)
{
	struct count_slot *slot = choose_count(trail, key);
	enum trail_result result = flush_count(trail, slot);
	if (result != TRAIL_OK)
		return result;
	uint64_t sequence = trail->sequence;
	result = record_attempt(trail, attempt);
	if (result == TRAIL_OK)
		start_count(slot, key, sequence, (uint32_t)attempt->caller.inner_process, trail->last_time);
	return result;
}

static enum trail_result count_attempt(struct trail *trail, struct count_slot *slot)
{
	if (add_count(slot, wall_time()) < COUNTS_FLUSH_EVERY)
		return TRAIL_OK;
	return flush_count(trail, slot);
}

static bool quota_is_used_up(const struct trail *trail)
{
	return trail->plan->audit_quota != 0 && trail->bytes >= trail->plan->audit_quota;
}

static enum trail_result record_or_count(struct trail *trail, const struct seccomp_notif *notification,
					 struct attempt *attempt)
{
	if (quota_is_used_up(trail))
		return TRAIL_QUOTA;
	pid_t process = attempt->caller.process, thread = attempt->caller.thread;
	struct count_key key = { notification->data.arch, (uint32_t)notification->data.nr, attempt->rule,
				 process > 0 ? (uint32_t)process : (uint32_t)thread | KEY_IS_THREAD };
	struct count_slot *slot = find_count(trail, &key);
	if (slot != NULL && slot->written >= COUNTS_WRITTEN_SINGLY)
		return count_attempt(trail, slot);
	describe(trail, notification, attempt);
	remember_worst(trail, attempt);
	if (slot == NULL)
		return record_new_kind(trail, attempt, &key);
	enum trail_result result = record_attempt(trail, attempt);
	if (result == TRAIL_OK) {
		slot->written++;
		slot->until = trail->last_time;
	}
	return result;
}

static void fill_response(const struct seccomp_notif *notification, const struct decision *decision,
			  struct seccomp_notif_resp *response)
{
	memset(response, 0, sizeof *response);
	response->id = notification->id;
	if (decision->verdict == VERDICT_CONTINUED)
		response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		response->error = -decision->errno_value;
}

enum trail_result answer_attempt(struct trail *trail, const struct plan *plan,
				 const struct seccomp_notif *notification,
				 struct seccomp_notif_resp *response)
{
	struct attempt attempt;
	attempt.call = &notification->data;
	attempt.decision = decide_numbered(plan, &notification->data, &attempt.rule);
	find_process(trail, (pid_t)notification->pid, &attempt.caller);
	uint64_t before = trail->sequence;
	enum trail_result result = record_or_count(trail, notification, &attempt);
	if (result == TRAIL_OK)
		result = settle_attempt(trail, trail->sequence == before);
	if (result != TRAIL_OK)
		return result;
	add_verdict(trail, attempt.decision.verdict);
	/* While the notification is valid its thread waits for us: the id cannot be another's. */
	if (attempt.decision.verdict == VERDICT_KILLED && is_still_valid(trail, notification))
		kill((pid_t)notification->pid, SIGKILL);
	fill_response(notification, &attempt.decision, response);
	return TRAIL_OK;
}

uint64_t trail_refused(const struct trail *trail)
{
	return trail->denied + trail->killed;
}

bool summarise_attempts(const struct trail *trail, char *text, size_t size)
{
	uint64_t refused = trail_refused(trail);
	if (size > 0)
		*text = '\0';
	/* What every C library tries and does without is in the trail; it is nothing to tell the user at each
	 * run. */
	if (refused == 0 || trail->worst.severity == SEVERITY_INFO)
		return false;
	int wrote = snprintf(text, size,
			     "%llu attempt%s refused; most severe: %s(2) %s, rule %s; sandbox audit show %s",
			     (unsigned long long)refused, refused == 1 ? "" : "s", trail->worst.call,
			     trail->worst.answer, trail->worst.rule, trail->run);
	/* A rule's text comes from a policy file's name: it may hold anything. */
	for (char *at = text; wrote > 0 && *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
	return true;
}
