/*
 * attempt.h - deciding and recording one call that the filter handed over.
 *
 * The canary call and the workload's first execve are the caller's business:
 * what comes here is an attempt.
 */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <linux/seccomp.h>

#include "trail/trail.h"

enum verdict { VERDICT_DENIED, VERDICT_KILLED, VERDICT_CONTINUED };

struct decision {
	enum verdict verdict;
	int errno_value;  /* positive; 0 where continued */
	const char *rule; /* points into the plan */
};

/*
 * What the plan answers to `call`: another ABI → on_foreign; else the first refusal whose conditions hold;
 * else on_deny for calls that the edition knows, on_unknown for others. Pure.
 */
struct decision decide_call(const struct plan *plan, const struct seccomp_data *call);

/*
 * Decides the call of `notification`, records it and fills *response for SECCOMP_IOCTL_NOTIF_SEND.
 * On anything but TRAIL_OK the response must not be sent: kill the run.
 * Where the rule says kill, the process has its SIGKILL when this returns; sending the response is then
 * harmless (ENOENT). SEND's ENOENT is not an error: the process died meanwhile.
 */
enum trail_result answer_attempt(struct trail *trail, const struct plan *plan,
				 const struct seccomp_notif *notification,
				 struct seccomp_notif_resp *response);

#endif
