/*
 * redact.h - arguments without what looks like a secret; audit/FORMAT.md, "Redaction".
 */
#ifndef REDACT_H
#define REDACT_H

#include "trail/line.h"

/* What the next word is to an option before it. */
enum next_word { NEXT_PLAIN, NEXT_SECRET, NEXT_LOGIN };

/* What one argument leaves behind for the next; start with zeros. */
struct redaction {
	size_t count; /* values replaced so far */
	enum next_word next;
};

/* Writes `argument` as a JSON string of at most `limit` bytes between its quotes, secrets as `[redacted]`. */
void put_redacted(struct line *line, struct redaction *redaction, const char *argument, size_t limit);

#endif
