/*
 * decide.c - what the plan says to one call. Looks at registers alone.
 *
 * Before: open_trail() found the plan's conditions sound.
 */
#include <errno.h>
#include <linux/audit.h>

#include "trail/attempt_record.h"
#include "trail/decide.h"

enum { X32_BIT = 0x40000000 };

static bool condition_holds(const struct plan_condition *condition, const struct seccomp_data *call)
{
	uint64_t left = call->args[condition->argument] & condition->mask, right = condition->value;
	switch (condition->compare) {
	case PLAN_CONDITION_EQUAL:
		return left == right;
	case PLAN_CONDITION_NOT_EQUAL:
		return left != right;
	case PLAN_CONDITION_LESS:
		return left < right;
	case PLAN_CONDITION_LESS_OR_EQUAL:
		return left <= right;
	case PLAN_CONDITION_GREATER:
		return left > right;
	case PLAN_CONDITION_GREATER_OR_EQUAL:
		return left >= right;
	}
	return false;
}

static bool refusal_applies(const struct plan *plan, const struct plan_refusal *refusal,
			    const struct seccomp_data *call)
{
	if (refusal->number != (uint32_t)call->nr)
		return false;
	const struct plan_condition *first = plan->condition + refusal->first_condition;
	for (uint32_t i = 0; i < refusal->condition_count; i++)
		if (!condition_holds(&first[i], call))
			return false;
	return true;
}

struct decision decide_refusal(const struct plan_refusal *refusal)
{
	switch (refusal->answer) {
	case PLAN_REFUSAL_CONTINUE:
		return (struct decision){ VERDICT_CONTINUED, 0, refusal->rule };
	case PLAN_REFUSAL_KILL:
		return (struct decision){ VERDICT_KILLED, EPERM, refusal->rule };
	}
	return (struct decision){ VERDICT_DENIED, (int)refusal->errno_value, refusal->rule };
}

static bool is_known(const struct plan *plan, uint32_t number)
{
	return number / 8 < plan->known_calls_size && (plan->known_calls[number / 8] >> number % 8 & 1) != 0;
}

struct decision decide_numbered(const struct plan *plan, const struct seccomp_data *call, uint32_t *rule)
{
	if (call->arch != AUDIT_ARCH_X86_64 || (call->nr & X32_BIT) != 0) {
		*rule = RULE_ON_FOREIGN;
		return (struct decision){ VERDICT_DENIED, (int)plan->on_foreign.errno_value,
					  plan->on_foreign.rule };
	}
	for (size_t i = 0; i < plan->refusal_count; i++)
		if (refusal_applies(plan, &plan->refusal[i], call)) {
			*rule = (uint32_t)i;
			return decide_refusal(&plan->refusal[i]);
		}
	bool known = is_known(plan, (uint32_t)call->nr);
	*rule = known ? RULE_ON_DENY : RULE_ON_UNKNOWN;
	if (known)
		return (struct decision){ VERDICT_DENIED, (int)plan->on_deny.errno_value,
					  plan->on_deny.rule };
	return (struct decision){ VERDICT_DENIED, (int)plan->on_unknown.errno_value, plan->on_unknown.rule };
}

struct decision decide_call(const struct plan *plan, const struct seccomp_data *call)
{
	uint32_t rule;
	return decide_numbered(plan, call, &rule);
}
