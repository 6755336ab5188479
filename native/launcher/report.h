/* report.h - what the user is told on standard error. */
#ifndef REPORT_H
#define REPORT_H

#include "launch.h"

/* Tells why nothing ran; the status to exit with (125, 126 or 127). */
int report_failure(const struct launch *launch, const char *step, int error, const char *detail);

/* Tells what the workload's attempts were, if there were any. */
void report_attempts(const struct launch *launch);

/* From now on everything is told as one JSON object a line, on standard error too. */
void report_as_json(void);

/* One line: code, what, why it matters or what to do (may be NULL). */
void report_line(const char *code, const char *what, const char *to_do);

#endif
