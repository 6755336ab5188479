/* dump_plan.h - a decoded plan in words: what tests of the reader compare, and what makes a fuzzer touch it
 * all. */
#ifndef DUMP_PLAN_H
#define DUMP_PLAN_H

#include <stdio.h>

#include "plan/plan.h"

/*
 * A line for each field, in their order: its tag, the number of its elements, and then of each element all
 * values: numbers in decimal, texts as t and bytes as b before their hexadecimal digits.
 */
void dump_plan(const struct plan *plan, FILE *out);

#endif
