/*
 * attempt.c - runs one probe in a process of its own, with a time limit.
 *
 * Before: no child of ours is left from an earlier probe.
 * After: the probe's process and what it started are gone; the outcome holds
 * what it said, or how it ended without saying anything. fork(2), poll(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { USUAL_LIMIT_SECONDS = 20 }; /* far more than any needs on a machine that has other work */

static void make_attempt(const struct probe *probe, struct outcome *outcome)
{
	if (probe->attempt != NULL) {
		probe->attempt(probe, outcome);
		return;
	}
	const long *a = probe->arguments;
	judge(outcome, probe, syscall(probe->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void __attribute__((noreturn)) be_the_probe(const struct probe *probe, int answer)
{
	struct outcome outcome = { .verdict = ERROR };
	(void)setpgid(0, 0);
	make_attempt(probe, &outcome);
	_exit(write(answer, &outcome, sizeof outcome) == (ssize_t)sizeof outcome ? 0 : 1);
}

/* 1: the answer is there; 0: the probe ended without one; -1: it takes too long. */
static int read_answer(int answer, int limit_seconds, struct outcome *outcome)
{
	struct pollfd waiting = { .fd = answer, .events = POLLIN };
	int ready = poll(&waiting, 1, limit_seconds * 1000);
	if (ready == 0)
		return -1;
	return ready == 1 && read(answer, outcome, sizeof *outcome) == (ssize_t)sizeof *outcome;
}

static void judge_silence(struct outcome *outcome, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		conclude(outcome, DENIED, 0, "killed by SIGSYS");
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		conclude(outcome, DENIED, 0, "killed by SIGKILL");
	else if (WIFSIGNALED(status))
		conclude(outcome, ERROR, 0, strsignal(WTERMSIG(status)));
	else
		conclude(outcome, ERROR, 0, "the probe said nothing");
}

pid_t attempt_probe(const struct probe *probe, struct outcome *outcome)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) == -1) {
		conclude(outcome, ERROR, errno, "no pipe");
		return -1;
	}
	pid_t child = fork();
	if (child == 0)
		be_the_probe(probe, ends[1]);
	close(ends[1]);
	if (child == -1) {
		conclude(outcome, ERROR, errno, "no process");
		close(ends[0]);
		return -1;
	}
	int limit = probe->limit_seconds != 0 ? probe->limit_seconds : USUAL_LIMIT_SECONDS;
	int answered = read_answer(ends[0], limit, outcome);
	close(ends[0]);
	if (answered == -1)
		(void)kill(child, SIGKILL);
	int status = 0;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	(void)kill(-child, SIGKILL);
	if (answered == 0)
		judge_silence(outcome, status);
	else if (answered == -1)
		conclude(outcome, ERROR, 0, "no answer within the time limit");
	return child;
}
