/*
 * decide.h - a decision with its rule's number, by which attempts are told apart.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include "trail/attempt.h"

/* decide_call(), and in *rule the refusal's index or a RULE_ number of attempt_record.h. */
struct decision decide_numbered(const struct plan *plan, const struct seccomp_data *call, uint32_t *rule);

/* What `refusal` answers, wherever it applies. */
struct decision decide_refusal(const struct plan_refusal *refusal);

#endif
