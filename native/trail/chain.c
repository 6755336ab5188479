/*
 * chain.c - the per-user chain of runs: one entry when a run opens, one when it closes.
 *
 * Before: trail->chain is open for reading and appending. Many supervisors
 * write it at once: each holds the file's lock while it reads the last entry
 * and appends its own. A holder that does not let go is waited for LOCK_WAIT_MS.
 * After: the file ends in a whole entry, or an error is returned.
 * @see flock(2); audit/FORMAT.md, "The chain of runs"
 */
#include <errno.h>
#include <poll.h>
#include <sodium/crypto_hash_sha256.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "trail/append.h"

enum { TAIL_MAX = 4096, ENTRY_MAX = 2048, TORN_KEPT = 512, LOCK_WAIT_MS = 10000 };
static const char entry_start[] = "{\"v\":1,\"seq\":";

/* What the next entry follows. */
struct chain_end {
	uint64_t sequence;
	unsigned char head[TRAIL_HASH_SIZE];
	off_t size;  /* of the whole entries */
	size_t torn; /* bytes after them: what a crash left of an entry */
	char tail[TAIL_MAX];
	size_t tail_size;
};

static bool lock_chain(const struct trail *trail)
{
	for (int waited = 0; flock(trail->chain, LOCK_EX | LOCK_NB) != 0; waited++) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= LOCK_WAIT_MS)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

/* The number of the entry at `text`; false where none starts there. */
static bool read_sequence(const char *text, size_t size, uint64_t *sequence)
{
	size_t at = sizeof entry_start - 1;
	if (size <= at || memcmp(text, entry_start, at) != 0)
		return false;
	size_t first = at;
	for (*sequence = 0; at < size && text[at] >= '0' && text[at] <= '9' && at - first < 18; at++)
		*sequence = *sequence * 10 + (uint64_t)(text[at] - '0');
	return at > first && at < size && text[at] == ',';
}

/* Finds the last whole line of the tail and what hangs after it. */
static bool find_end(struct chain_end *end)
{
	const char *newline = memrchr(end->tail, '\n', end->tail_size);
	size_t whole = newline == NULL ? 0 : (size_t)(newline - end->tail) + 1;
	end->torn = end->tail_size - whole;
	end->size -= (off_t)end->torn;
	if (end->size == 0) {
		memset(end->head, 0, sizeof end->head);
		end->sequence = 0;
		return true;
	}
	if (whole == 0)
		return false;
	const char *before = whole < 2 ? NULL : memrchr(end->tail, '\n', whole - 1);
	const char *entry = before == NULL ? end->tail : before + 1;
	size_t size = (size_t)(newline - entry);
	if (before == NULL && end->size != (off_t)whole)
		return false;
	if (!read_sequence(entry, size, &end->sequence))
		return false;
	end->sequence++;
	crypto_hash_sha256(end->head, (const unsigned char *)entry, size);
	return true;
}

static bool read_end(const struct trail *trail, struct chain_end *end)
{
	end->size = lseek(trail->chain, 0, SEEK_END);
	if (end->size < 0)
		return false;
	end->tail_size = end->size < TAIL_MAX ? (size_t)end->size : TAIL_MAX;
	ssize_t got = pread(trail->chain, end->tail, end->tail_size, end->size - (off_t)end->tail_size);
	if (got != (ssize_t)end->tail_size) {
		errno = got < 0 ? errno : EIO;
		return false;
	}
	errno = EBADMSG;
	return find_end(end);
}

static struct line begin_entry(char *buffer, const struct chain_end *end, const char *kind, uint64_t time)
{
	struct line line = start_line(buffer, ENTRY_MAX);
	put_json(&line, entry_start);
	put_number(&line, end->sequence);
	put_json(&line, ",\"ts\":");
	put_time(&line, time);
	put_json(&line, ",\"kind\":\"");
	put_json(&line, kind);
	put_json(&line, "\"");
	return line;
}

static bool end_entry(const struct trail *trail, struct line *line, struct chain_end *end)
{
	put_json(line, ",\"prev\":");
	put_hash(line, end->head);
	put_json(line, "}\n");
	size_t size = (size_t)(line->at - line->start);
	ssize_t wrote = write(trail->chain, line->start, size);
	if (wrote != (ssize_t)size) {
		int why = wrote < 0 ? errno : ENOSPC;
		if (wrote > 0 && ftruncate(trail->chain, end->size) != 0)
			why = EIO; /* the next writer finds a torn tail */
		errno = why;
		return false;
	}
	crypto_hash_sha256(end->head, (const unsigned char *)line->start, size - 1);
	end->size += (off_t)size;
	end->sequence++;
	/* Appended under the lock, the entry is the file's end now. */
	off_t now = lseek(trail->chain, 0, SEEK_END);
	if (now >= 0 && now != end->size)
		errno = EIO;
	return now == end->size;
}

/* Cuts off what a crash left of an entry, and keeps it in an entry of its own. */
static bool recover(const struct trail *trail, struct chain_end *end)
{
	if (end->torn == 0)
		return true;
	const unsigned char *torn = (const unsigned char *)end->tail + end->tail_size - end->torn;
	unsigned char hash[TRAIL_HASH_SIZE];
	char buffer[ENTRY_MAX];
	crypto_hash_sha256(hash, torn, end->torn);
	struct line line = begin_entry(buffer, end, "recovered", wall_time());
	put_json(&line, ",\"bytes\":");
	put_number(&line, end->torn);
	put_json(&line, ",\"sha256\":");
	put_hash(&line, hash);
	put_json(&line, ",\"torn\":");
	put_hexadecimal_bytes(&line, torn, end->torn < TORN_KEPT ? end->torn : TORN_KEPT);
	return ftruncate(trail->chain, end->size) == 0 && end_entry(trail, &line, end);
}

static bool enter_run(const struct trail *trail, struct chain_end *end, const char *kind, uint64_t time)
{
	char buffer[ENTRY_MAX];
	if (!recover(trail, end))
		return false;
	struct line line = begin_entry(buffer, end, kind, time);
	put_json(&line, ",\"run\":\"");
	put_json(&line, trail->run);
	put_json(&line, "\",\"records\":");
	put_number(&line, trail->sequence);
	put_json(&line, ",\"head\":");
	put_hash(&line, trail->head);
	return end_entry(trail, &line, end);
}

static enum trail_result enter(struct trail *trail, const char *kind, uint64_t time, struct chain_end *end)
{
	if (!lock_chain(trail))
		return fail_trail(trail, "lock the chain of runs");
	bool entered = read_end(trail, end) && enter_run(trail, end, kind, time);
	int why = errno;
	bool unlocked = flock(trail->chain, LOCK_UN) == 0;
	errno = entered ? errno : why;
	return entered && unlocked
		       ? TRAIL_OK
		       : fail_trail(trail, why == EBADMSG ? "continue the chain of runs, which is damaged"
							  : "write the chain of runs");
}

enum trail_result enter_opening(struct trail *trail)
{
	struct chain_end end;
	enum trail_result result = enter(trail, "opened", wall_time(), &end);
	memcpy(trail->head, end.head, sizeof trail->head);
	return result;
}

enum trail_result enter_closing(struct trail *trail)
{
	struct chain_end end;
	return enter(trail, "closed", trail->last_time, &end);
}
