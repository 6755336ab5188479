/*
 * counts.h - attempts that repeat, counted in a shared mapping instead of written.
 *
 * The mapping outlives the supervisor: what was counted before an answer is
 * there for every reader, however the supervisor ended. audit/FORMAT.md,
 * "The table of counts", describes the same bytes.
 */
#ifndef COUNTS_H
#define COUNTS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct trail;
struct plan;

enum { COUNTS_BUCKETS = 32, COUNTS_WAYS = 8, COUNTS_WRITTEN_SINGLY = 8, COUNTS_HEADER_SIZE = 64 };
enum { COUNTS_FLUSH_EVERY = 1000000 };

/* What makes attempts one kind. */
struct count_key {
	uint32_t architecture, number, rule, process;
};

/* One kind of attempt. Little-endian, 64 bytes. */
struct count_slot {
	_Atomic uint64_t first; /* sequence of the kind's first record; 0: the slot is free */
	struct count_key key;
	uint32_t written;	/* records of single attempts, up to COUNTS_WRITTEN_SINGLY */
	uint32_t inner_process; /* in the workload's pid namespace; 0: unknown */
	_Atomic uint64_t total; /* attempts counted and not written singly */
	uint64_t flushed;	/* how many of them are in records of counts already */
	uint64_t since, until;	/* wall time of the first one not flushed, and of the last attempt */
};

_Static_assert(sizeof(struct count_slot) == 64, "audit/FORMAT.md says 64 bytes");

enum {
	COUNTS_FILE_SIZE = COUNTS_HEADER_SIZE + COUNTS_BUCKETS * COUNTS_WAYS * (int)sizeof(struct count_slot)
};

/* Makes the file of `trail->counts_file` and maps it. Returns 0, or -1 with errno. */
int open_counts(struct trail *trail);

/* The slot of `key`; NULL where there is none yet. */
struct count_slot *find_count(const struct trail *trail, const struct count_key *key);

/* The slot that a new kind with `key` would take: a free one, else the longest unused of its bucket. */
struct count_slot *choose_count(const struct trail *trail, const struct count_key *key);

/* Makes `slot`, whose counts are flushed, that of a kind whose first record is `first`. */
void start_count(struct count_slot *slot, const struct count_key *key, uint64_t first, uint32_t inner_process,
		 uint64_t time);

/* One attempt more. Returns how many are not flushed. */
uint64_t add_count(struct count_slot *slot, uint64_t time);

#endif
