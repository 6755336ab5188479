/*
 * judge.c - turns the result of a call into a verdict.
 *
 * Before: errno is that of the call whose result is judged.
 * After: the outcome says verdict, errno and, where it helps, why.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

int means_denied(int error)
{
	return error == EPERM || error == EACCES || error == ENOSYS || error == EROFS;
}

static int means_absent(int error)
{
	return error == ENOENT || error == ENXIO || error == ENODEV || error == ENOTDIR ||
	       error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT ||
	       error == EPROTOTYPE;
}

static int contains(const int *errors, size_t count, int error)
{
	for (size_t i = 0; i < count; i++)
		if (errors[i] != 0 && errors[i] == error)
			return 1;
	return 0;
}

void conclude(struct outcome *outcome, enum verdict verdict, int error, const char *detail)
{
	outcome->verdict = verdict;
	outcome->error = error;
	snprintf(outcome->detail, sizeof outcome->detail, "%s", detail);
}

void judge_with(struct outcome *outcome, long result, const int *through, size_t count)
{
	int error = errno;
	if (result != -1)
		conclude(outcome, ALLOWED, 0, "");
	else if (contains(through, count, error))
		conclude(outcome, ALLOWED, error, "got through to the argument");
	else if (means_denied(error))
		conclude(outcome, DENIED, error, "");
	else
		conclude(outcome, ERROR, error, "an errno that was not expected");
}

void judge(struct outcome *outcome, const struct probe *probe, long result)
{
	judge_with(outcome, result, probe->through, COUNT(probe->through));
}

/* For what may not be there at all: the runner compares with what is there outside. */
void judge_presence(struct outcome *outcome, long result)
{
	static const int busy[] = { EBUSY, ETXTBSY, EIO, EOPNOTSUPP };
	int error = errno;
	if (result == -1 && means_absent(error))
		conclude(outcome, UNSUPPORTED, error, "absent");
	else
		judge_with(outcome, result, busy, COUNT(busy));
}

void judge_state(struct outcome *outcome, int safe, const char *detail)
{
	conclude(outcome, safe ? DENIED : ALLOWED, 0, detail);
}
