/*
 * append.c - one record becomes one line, chained to the line before.
 *
 * Before: the trail is open. After: the whole line is in the file, or the
 * file is as it was, `broken` is set and nothing is appended any more.
 */
#include "trail/append.h"

#include <errno.h>
#include <sodium/crypto_hash_sha256.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `,"prev":"64 digits"}` and a newline, with room to spare. */
enum { TAIL_SIZE = 96, SYNC_AFTER = 1024, NS_PER_MS = 1000000 };
static const uint64_t sync_after_ns = 20 * NS_PER_MS;

enum trail_result fail_trail(struct trail *trail, const char *fault)
{
	trail->fault = fault;
	return TRAIL_FAILED;
}

struct line begin_record(struct trail *trail, const char *kind)
{
	struct line line = start_line(trail->line, sizeof trail->line - TAIL_SIZE);
	trail->last_time = wall_time();
	put_json(&line, "{\"v\":1,\"seq\":");
	put_number(&line, trail->sequence);
	put_json(&line, ",\"ts\":");
	put_time(&line, trail->last_time);
	put_json(&line, ",\"mono\":\"");
	put_number(&line, steady_time());
	put_json(&line, "\",\"run\":\"");
	put_json(&line, trail->run);
	put_json(&line, "\",\"kind\":\"");
	put_json(&line, kind);
	put_json(&line, "\"");
	return line;
}

size_t record_space(const struct line *line)
{
	return line_space(line);
}

/* All of it, or an error after which the file is as long as before. */
static bool write_whole(const struct trail *trail, const char *bytes, size_t size)
{
	size_t done = 0;
	while (done < size) {
		ssize_t wrote = write(trail->file, bytes + done, size - done);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0) {
			int why = wrote == 0 ? EIO : errno;
			if (done > 0 && ftruncate(trail->file, (off_t)trail->bytes) != 0)
				why = EIO; /* a torn tail stays; readers know how to take it */
			errno = why;
			return false;
		}
		done += (size_t)wrote;
	}
	return true;
}

enum trail_result end_record(struct trail *trail, struct line *line)
{
	if (trail->broken) {
		errno = EIO;
		return fail_trail(trail, "the trail could not be written before");
	}
	if (line->full) {
		errno = EMSGSIZE;
		return fail_trail(trail, "a record does not fit its line");
	}
	line->end += TAIL_SIZE;
	put_json(line, ",\"prev\":");
	put_hash(line, trail->head);
	put_json(line, "}\n");
	size_t size = (size_t)(line->at - line->start);
	if (!write_whole(trail, line->start, size)) {
		trail->broken = true;
		return fail_trail(trail, "write the trail");
	}
	crypto_hash_sha256(trail->head, (const unsigned char *)line->start, size - 1);
	trail->sequence++;
	trail->bytes += size;
	return TRAIL_OK;
}

/* Records are committed in groups (64 a group would cap a slow disk's flood at 64 syncs' worth a second); a
 * flood of counts, which are safe from all but a power cut, by time alone.
 */
enum trail_result settle_attempt(struct trail *trail, bool counted)
{
	uint64_t now = steady_time();
	if (trail->unsynced == 0)
		trail->unsynced_since = now;
	trail->unsynced += counted && trail->unsynced > 0 ? 0 : 1;
	if (trail->plan->audit_sync != 0 || trail->unsynced >= SYNC_AFTER ||
	    now - trail->unsynced_since >= sync_after_ns)
		return trail_sync(trail);
	return TRAIL_OK;
}

/* A new file is safe only when the folders that name it are. */
static bool sync_folders(struct trail *trail)
{
	if (trail->folders_synced)
		return true;
	if (fsync(trail->run_directory) != 0 || fsync(trail->runs_directory) != 0 ||
	    fdatasync(trail->chain) != 0)
		return false;
	trail->folders_synced = true;
	return true;
}

enum trail_result trail_sync(struct trail *trail)
{
	if (trail->unsynced == 0)
		return TRAIL_OK;
	if (fdatasync(trail->file) != 0 || fdatasync(trail->counts_file) != 0 || !sync_folders(trail))
		return fail_trail(trail, "bring the trail to the disk");
	trail->unsynced = 0;
	return TRAIL_OK;
}

enum trail_result require_written(struct trail *trail)
{
	struct stat file;
	if (fstat(trail->file, &file) != 0)
		return fail_trail(trail, "look at the trail");
	if ((uint64_t)file.st_size == trail->bytes)
		return TRAIL_OK;
	errno = EIO;
	return fail_trail(trail, "the trail is not as long as what was written");
}

int trail_deadline(const struct trail *trail)
{
	if (trail->unsynced == 0)
		return -1;
	uint64_t waited = steady_time() - trail->unsynced_since;
	if (waited >= sync_after_ns)
		return 0;
	return (int)((sync_after_ns - waited + NS_PER_MS - 1) / NS_PER_MS);
}
