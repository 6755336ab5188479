/* check_plan.h - what the layout cannot say about a plan. */
#ifndef CHECK_PLAN_H
#define CHECK_PLAN_H

#include "plan.h"

/* NULL, or what is wrong across the fields of a decoded plan. After it every index in the plan is in range.
 */
const char *check_plan(const struct plan *plan);

#endif
