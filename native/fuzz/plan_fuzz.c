/*
 * plan_fuzz.c - any bytes as a launch plan: refused, or decoded into something that can be read to its end.
 *
 * What was decoded is dumped, so that every pointer is followed and every count believed; what was checked
 * is used as the launcher uses it: indexes without a second look. The input has exactly its size, and so has
 * the memory for lists, so that one byte too far is seen; with half of that memory it must be refused.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/check_plan.h"
#include "test/support/dump_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t largest, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t largest);

enum { LIST_MEMORY = 1 << 16, MAGIC_SIZE = 8, HEADER_SIZE = 16 };

static FILE *nowhere;
static volatile uint64_t sum;

static void use_indexes(const struct plan *plan)
{
	for (size_t i = 0; i < plan->refusal_count; i++)
		for (uint32_t k = 0; k < plan->refusal[i].condition_count; k++)
			sum += plan->condition[plan->refusal[i].first_condition + k].value;
	for (size_t i = 0; i < plan->cgroup_value_count; i++)
		sum += (uint64_t)plan->cgroup[plan->cgroup_value[i].index].parent[0];
	for (size_t i = 0; i < plan->known_calls_size; i++)
		sum += plan->known_calls[i];
	for (size_t i = 0; i < plan->uid_range_count; i++)
		sum += plan->uid_range[i].count;
}

/* Decodes with `memory` bytes for lists. Returns how many were used, or -1: refused. */
static long decode(const unsigned char *bytes, size_t size, size_t memory)
{
	struct plan plan;
	unsigned char *lists = malloc(memory == 0 ? 1 : memory);
	if (lists == NULL)
		abort();
	struct plan_memory room = { lists, memory };
	const char *fault = read_plan(bytes, size, &room, &plan);
	if (fault == NULL) {
		dump_plan(&plan, nowhere);
		if (check_plan(&plan) == NULL)
			use_indexes(&plan);
	}
	free(lists);
	return fault == NULL ? (long)(memory - room.left) : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	unsigned char *copy = malloc(size == 0 ? 1 : size);
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "we");
	if (copy == NULL || nowhere == NULL)
		abort();
	memcpy(copy, bytes, size);
	long used = decode(copy, size, LIST_MEMORY);
	if (used > 0 &&
	    (decode(copy, size, (size_t)used) != used || decode(copy, size, (size_t)used / 2) != -1))
		abort();
	free(copy);
	return 0;
}

/* A plan of another length than its header says is refused at once: most mutations get the right one. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t largest, unsigned seed)
{
	size = LLVMFuzzerMutate(bytes, size, largest);
	if (seed % 8 == 0 || size < HEADER_SIZE)
		return size;
	const uint32_t header[2] = { PLAN_VERSION, (uint32_t)size };
	memcpy(bytes, PLAN_MAGIC, MAGIC_SIZE);
	memcpy(bytes + MAGIC_SIZE, header, sizeof header);
	return size;
}
