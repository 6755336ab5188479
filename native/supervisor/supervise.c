/*
 * supervise.c - the loop in which the supervisor lives.
 *
 * Before: the workload has been released; this process is confined.
 * After:  init is gone and with it every process of the sandbox; what the workload wrote was passed on.
 *
 * poll(2), signalfd(2), timerfd_create(2), pidfd_send_signal(2).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "relay.h"
#include "supervisor.h"

enum { INPUT, OUTPUT, ERROR_OUTPUT, RELAYS };
enum { MOST_ANSWERS = 64 };
enum { LISTENER = RELAYS, INIT, SIGNALS, EXECUTED, TIMER, WAITS };

/* How long somebody who has been asked to end waits for who does not read. */
enum { UNREAD_LIMIT_MS = 1000 };

static struct relay relays[RELAYS];
static bool asked_to_end;

int begin_relays(struct launch *launch)
{
	if (launch->console != -1) {
		begin_relay(&relays[INPUT], launch->plan->interactive != 0 ? STDIN_FILENO : -1,
			    launch->console, false);
		begin_relay(&relays[OUTPUT], launch->console, open_unwaiting(STDOUT_FILENO), false);
		begin_relay(&relays[ERROR_OUTPUT], -1, -1, false);
		return 0;
	}
	begin_relay(&relays[INPUT], launch->input == -1 ? -1 : STDIN_FILENO, launch->input, true);
	begin_relay(&relays[OUTPUT], launch->output, open_unwaiting(STDOUT_FILENO), false);
	begin_relay(&relays[ERROR_OUTPUT], launch->error_output, open_unwaiting(STDERR_FILENO), false);
	return 0;
}

static void end_init(struct launch *launch)
{
	(void)syscall(SYS_pidfd_send_signal, launch->init_pidfd, SIGKILL, NULL, 0u);
}

static bool is_to_forward(unsigned signal)
{
	switch (signal) {
	case SIGCHLD:
	case SIGPIPE:
	case SIGWINCH:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGCONT:
	case SIGURG:
		return false;
	default:
		return true;
	}
}

static bool asks_to_end(unsigned signal)
{
	return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

static enum ending take_signals_in(struct launch *launch)
{
	struct signalfd_siginfo signal;
	char name[16];
	while (read(launch->signals, &signal, sizeof signal) == sizeof signal) {
		if (signal.ssi_signo == SIGWINCH)
			resize_terminal(launch);
		if (!is_to_forward(signal.ssi_signo))
			continue;
		asked_to_end = asked_to_end || asks_to_end(signal.ssi_signo);
		snprintf(name, sizeof name, "%u", signal.ssi_signo);
		if (record_lifecycle(launch->trail, "signal", name) != TRAIL_OK)
			return ENDED_BY_TRAIL;
		(void)syscall(SYS_pidfd_send_signal, launch->workload_pidfd, (int)signal.ssi_signo, NULL, 0u);
	}
	return ENDED_BY_ITSELF;
}

/* The exec pipe has ended: the program runs, or the workload died before it. */
static enum ending note_start(struct launch *launch)
{
	close(launch->exec_read);
	launch->exec_read = -1;
	if (atomic_load(&launch->shared->exec_errno) != 0 || atomic_load(&launch->shared->failed) != 0)
		return ENDED_BY_ITSELF;
	return record_lifecycle(launch->trail, "started", launch->argv[0]) == TRAIL_OK ? ENDED_BY_ITSELF
										       : ENDED_BY_TRAIL;
}

/* A flood of refused calls is answered at the rate of the listener, but not to the exclusion of all else. */
static enum ending answer_all(struct launch *launch)
{
	struct pollfd more = { .fd = launch->listener, .events = POLLIN };
	for (int answered = 0; answered < MOST_ANSWERS; answered++) {
		enum ending ending = answer_notifications(launch);
		if (ending != ENDED_BY_ITSELF)
			return ending;
		if (poll(&more, 1, 0) != 1 || (more.revents & POLLIN) == 0)
			break;
	}
	return ENDED_BY_ITSELF;
}

static enum ending handle(struct launch *launch, const struct pollfd *waits)
{
	enum ending ending = ENDED_BY_ITSELF;
	for (int i = 0; i < RELAYS; i++)
		if (waits[i].revents != 0)
			move_bytes(&relays[i]);
	if ((waits[LISTENER].revents & POLLIN) != 0)
		ending = answer_all(launch);
	if (ending == ENDED_BY_ITSELF && (waits[SIGNALS].revents & POLLIN) != 0)
		ending = take_signals_in(launch);
	if (ending == ENDED_BY_ITSELF && waits[EXECUTED].revents != 0)
		ending = note_start(launch);
	if (ending == ENDED_BY_ITSELF && (waits[TIMER].revents & POLLIN) != 0)
		ending = record_lifecycle(launch->trail, "time_limit", "") == TRAIL_OK ? ENDED_BY_TIME
										       : ENDED_BY_TRAIL;
	if (ending == ENDED_BY_ITSELF && trail_deadline(launch->trail) == 0 &&
	    trail_sync(launch->trail) != TRAIL_OK)
		ending = ENDED_BY_TRAIL;
	return ending;
}

/*
 * What was written before the end is passed on, as far as somebody reads it; an ending signal cuts it short,
 * also one that came before.
 */
static void drain(struct launch *launch)
{
	struct signalfd_siginfo signal;
	for (;;) {
		struct pollfd waits[] = { relay_wait(&relays[OUTPUT]),
					  relay_wait(&relays[ERROR_OUTPUT]),
					  { .fd = launch->signals, .events = POLLIN } };
		if (waits[0].fd == -1 && waits[1].fd == -1)
			return;
		int ready = poll(waits, 3, asked_to_end ? UNREAD_LIMIT_MS : -1);
		if (ready == 0 || (ready == -1 && errno != EINTR))
			return;
		for (int i = 0; i < 2; i++)
			if (waits[i].revents != 0)
				move_bytes(&relays[OUTPUT + i]);
		while (read(launch->signals, &signal, sizeof signal) == sizeof signal)
			if (asks_to_end(signal.ssi_signo))
				return;
	}
}

enum ending supervise(struct launch *launch)
{
	enum ending ending = ENDED_BY_ITSELF;
	for (;;) {
		struct pollfd waits[WAITS] = {
			[LISTENER] = { .fd = ending == ENDED_BY_ITSELF ? launch->listener : -1,
				       .events = POLLIN },
			[INIT] = { .fd = launch->init_pidfd, .events = POLLIN },
			[SIGNALS] = { .fd = launch->signals, .events = POLLIN },
			[EXECUTED] = { .fd = launch->exec_read, .events = POLLIN },
			[TIMER] = { .fd = ending == ENDED_BY_ITSELF ? launch->timer : -1, .events = POLLIN },
		};
		for (int i = 0; i < RELAYS; i++)
			waits[i] = relay_wait(&relays[i]);
		if (poll(waits, WAITS, trail_deadline(launch->trail)) == -1) {
			if (errno == EINTR)
				continue;
			end_init(launch);
			return ENDED_BY_FAULT;
		}
		/* The filter is gone with the last process that had it. */
		if ((waits[LISTENER].revents & (POLLHUP | POLLERR)) != 0 &&
		    (waits[LISTENER].revents & POLLIN) == 0) {
			close(launch->listener);
			launch->listener = -1;
		}
		if (ending == ENDED_BY_ITSELF) {
			ending = handle(launch, waits);
			if (ending != ENDED_BY_ITSELF)
				end_init(launch);
		}
		if (waits[INIT].revents != 0)
			break;
	}
	drain(launch);
	return ending;
}
