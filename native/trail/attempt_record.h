/*
 * attempt_record.h - writing attempts, one by one or counted; nobody but the trail includes it.
 */
#ifndef ATTEMPT_RECORD_H
#define ATTEMPT_RECORD_H

#include "trail/arguments.h"
#include "trail/attempt.h"

/* Who made a call, as the host sees it. 0: unknown. */
struct caller {
	pid_t process, thread;
	pid_t inner_process;
	char executable[512]; /* "": unknown */
};

struct attempt {
	const struct seccomp_data *call;
	struct decision decision;
	uint32_t rule; /* decision.rule's number: of the refusal, or one of the RULE_ ones */
	struct caller caller;
	struct argument_texts texts;
};

enum { RULE_ON_DENY = 0x10000, RULE_ON_UNKNOWN, RULE_ON_FOREIGN };

/* Writes one attempt. */
enum trail_result record_attempt(struct trail *trail, const struct attempt *attempt);

/* Writes a record for every slot with counts that are in no record yet. */
enum trail_result flush_counts(struct trail *trail);

/* Set in a count_key's process where only the thread's id is known. */
#define KEY_IS_THREAD 0x80000000u

struct count_slot;
enum trail_result flush_count(struct trail *trail, struct count_slot *slot);

#endif
