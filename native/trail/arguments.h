/*
 * arguments.h - the arguments of a refused call, for people to read.
 *
 * All of it is advisory: the memory that a pointer names belongs to a process
 * that may change it at any moment. Nothing is decided by it.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <linux/seccomp.h>
#include <sys/types.h>

#include "syscalls.h"
#include "trail/line.h"

enum { ARGUMENT_COUNT = 6, ARGUMENT_TEXT_MAX = 256 };

/* Texts read for arguments that are strings, their first ARGUMENT_TEXT_MAX bytes. */
struct argument_texts {
	bool present[ARGUMENT_COUNT];
	bool cut[ARGUMENT_COUNT]; /* there is more in memory */
	size_t size[ARGUMENT_COUNT];
	char bytes[ARGUMENT_COUNT][ARGUMENT_TEXT_MAX];
};

/* Reads the strings among the arguments of `call` from the memory of `thread`. Unreadable ones are not
 * present. */
void read_argument_texts(struct argument_texts *texts, const struct syscall_entry *entry,
			 const struct seccomp_data *call, pid_t thread);

/* Forgets them: they may have come from another process's memory. */
void forget_argument_texts(struct argument_texts *texts);

/* `"arguments":[...]` of a record. */
void put_arguments(struct line *line, const struct syscall_entry *entry, const struct seccomp_data *call,
		   const struct argument_texts *texts);

#endif
