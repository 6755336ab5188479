/*
 * plan.h - reading a launch plan.
 *
 * The plan is the only contract between the control plane and the launcher.
 * Its layout is native/plan_layout.json; struct plan is generated from it.
 */
#ifndef PLAN_H
#define PLAN_H

#include <stddef.h>

#include "plan_layout.h"

/* Memory that a decoded plan needs beside its bytes: pointers and records. */
struct plan_memory {
	unsigned char *next;
	size_t left;
};

/*
 * Decodes `size` bytes at `bytes` (aligned to 8) into *plan, taking memory for lists from *memory.
 * Returns NULL, or what is wrong with the plan, in words that name the field's tag or the fault.
 * On a fault *plan must not be used. Nothing is allocated, nothing is read beyond `size`.
 */
const char *read_plan(const unsigned char *bytes, size_t size, struct plan_memory *memory, struct plan *plan);

#endif
