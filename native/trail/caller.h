/*
 * caller.h - which process made a call.
 */
#ifndef CALLER_H
#define CALLER_H

#include "trail/attempt_record.h"

/* The process of `thread` (0: unknown) and its id inside; cheap enough for every call. */
void find_process(const struct trail *trail, pid_t thread, struct caller *caller);

/* Its executable; "" where /proc does not tell. */
void find_executable(const struct trail *trail, struct caller *caller);

#endif
