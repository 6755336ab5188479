/*
 * append.h - what the files of the trail share; nobody else includes it.
 */
#ifndef APPEND_H
#define APPEND_H

#include "trail/line.h"
#include "trail/trail.h"

/* Remembers the failed step; errno stays. */
enum trail_result fail_trail(struct trail *trail, const char *fault);

/* A record of `kind` with the fields that all kinds have; what follows starts with a comma. */
struct line begin_record(struct trail *trail, const char *kind);

/* Bytes that a record can still take before end_record(). */
size_t record_space(const struct line *line);

/* Ends the record with `prev` and writes it. */
enum trail_result end_record(struct trail *trail, struct line *line);

/*
 * After an attempt was recorded, or `counted`: brings it to the disk now where the durability is `sync` or a
 * group is full, else notes that it waits.
 */
enum trail_result settle_attempt(struct trail *trail, bool counted);

/* chain.c: entries of the per-user chain of runs. */
enum trail_result enter_opening(struct trail *trail);
enum trail_result enter_closing(struct trail *trail);

/* ulid.c: 26 characters of time and randomness, and a NUL. Returns false where there is no randomness. */
bool make_ulid(char ulid[TRAIL_RUN_SIZE], uint64_t nanoseconds);

#endif
