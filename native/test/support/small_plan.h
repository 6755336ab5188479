/*
 * small_plan.h - a plan for tests of the trail: mount is forbidden, two calls are known.
 */
#ifndef SMALL_PLAN_H
#define SMALL_PLAN_H

#include "plan/plan.h"

/* Fills *plan; everything points to memory that lives as long as the program. */
void make_small_plan(struct plan *plan, const char *state_directory);

/* A fresh folder below /tmp; exits where there is none. */
const char *make_state_directory(void);

/* Removes it with all that is in it. */
void remove_state_directory(const char *path);

#endif
