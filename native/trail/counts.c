/*
 * counts.c - the table: buckets of slots, one writer, readers after its death.
 *
 * Before: counts_file is a new file. After: its blocks exist, so that no full
 * disk can turn an update into SIGBUS. A slot is free until `first` is set,
 * which happens last; `total` changes after `since` and `until`.
 */
#include "trail/counts.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trail/trail.h"

static const char magic[16] = "sandbox counts 1";

int open_counts(struct trail *trail)
{
	char bytes[COUNTS_FILE_SIZE] = { 0 };
	uint32_t shape[2] = { sizeof(struct count_slot), COUNTS_BUCKETS * COUNTS_WAYS };
	memcpy(bytes, magic, sizeof magic);
	memcpy(bytes + sizeof magic, shape, sizeof shape);
	memcpy(bytes + sizeof magic + sizeof shape, trail->run, TRAIL_RUN_SIZE);
	ssize_t wrote = write(trail->counts_file, bytes, sizeof bytes);
	if (wrote != (ssize_t)sizeof bytes) {
		errno = wrote < 0 ? errno : ENOSPC;
		return -1;
	}
	struct stat file;
	if (fstat(trail->counts_file, &file) != 0)
		return -1;
	if (file.st_size != (off_t)sizeof bytes) {
		errno = EIO;
		return -1;
	}
	void *mapped = mmap(NULL, sizeof bytes, PROT_READ | PROT_WRITE, MAP_SHARED, trail->counts_file, 0);
	if (mapped == MAP_FAILED)
		return -1;
	trail->counts = (struct count_slot *)((char *)mapped + COUNTS_HEADER_SIZE);
	return 0;
}

static struct count_slot *find_bucket(const struct trail *trail, const struct count_key *key)
{
	uint64_t mixed = ((uint64_t)key->number << 32 | key->process) * 0x9e3779b97f4a7c15u;
	mixed ^= ((uint64_t)key->architecture << 32 | key->rule) * 0xc2b2ae3d27d4eb4fu;
	return trail->counts + (size_t)(mixed >> 40) % COUNTS_BUCKETS * COUNTS_WAYS;
}

struct count_slot *find_count(const struct trail *trail, const struct count_key *key)
{
	struct count_slot *bucket = find_bucket(trail, key);
	for (int i = 0; i < COUNTS_WAYS; i++)
		if (bucket[i].first != 0 && memcmp(&bucket[i].key, key, sizeof *key) == 0)
			return &bucket[i];
	return NULL;
}

struct count_slot *choose_count(const struct trail *trail, const struct count_key *key)
{
	struct count_slot *bucket = find_bucket(trail, key), *chosen = bucket;
	for (int i = 0; i < COUNTS_WAYS; i++) {
		if (bucket[i].first == 0)
			return &bucket[i];
		if (bucket[i].until < chosen->until)
			chosen = &bucket[i];
	}
	return chosen;
}

void start_count(struct count_slot *slot, const struct count_key *key, uint64_t first, uint32_t inner_process,
		 uint64_t time)
{
	slot->first = 0;
	slot->key = *key;
	slot->written = 1;
	slot->inner_process = inner_process;
	slot->total = 0;
	slot->flushed = 0;
	slot->since = 0;
	slot->until = time;
	slot->first = first;
}

uint64_t add_count(struct count_slot *slot, uint64_t time)
{
	if (slot->total == slot->flushed)
		slot->since = time;
	slot->until = time;
	return ++slot->total - slot->flushed;
}
