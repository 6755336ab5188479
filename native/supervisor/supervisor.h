/* supervisor.h - the parent: measures, records, answers, relays, ends. */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include "launcher/launch.h"

int take_receipt(struct launch *launch);       /* receipt.c */
int confine_supervisor(struct launch *launch); /* confine.c */
int release_workload(struct launch *launch);   /* notifications.c */

/* What ended the run, where it was not the workload's own doing. */
enum ending { ENDED_BY_ITSELF, ENDED_BY_TIME, ENDED_BY_QUOTA, ENDED_BY_TRAIL, ENDED_BY_FAULT };

/* Looks at the streams that are to be joined; supervise() joins them. supervise.c */
int begin_relays(struct launch *launch);

/* Supervises until init is gone. */
enum ending supervise(struct launch *launch); /* supervise.c */

/* Answers what waits at the listener. Returns ENDED_BY_ITSELF, or why the run has to end. notifications.c */
enum ending answer_notifications(struct launch *launch);

/* outside.c: what the kernel says of the workload and of init, seen from the host. */
void look_from_outside(struct launch *launch, pid_t workload, struct checks *checks);

/* proof.c: the filter that was installed, and what the plan says of it. */
void look_at_proof(const struct plan *plan, struct checks *checks);

/* terminal.c: the caller's terminal in raw mode while the workload has it. */
int prepare_terminal(struct launch *launch);
void resize_terminal(const struct launch *launch);
void restore_terminal(void);

/*
 * The caller's terminal at `descriptor`, opened once more so that writing to it never waits: one that nobody
 * reads any more would stop the supervisor. The flags of the caller's own open file stay as they are.
 * `descriptor` itself where it is no device or may not be opened.
 */
int open_unwaiting(int descriptor);

#endif
