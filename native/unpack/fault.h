/* fault.h - the one reason why the unpacker stopped. */
#ifndef FAULT_H
#define FAULT_H

#include <stddef.h>

enum { FAULT_TEXT_SIZE = 512, FAULT_ENTRY_SIZE = 4352 };

/* `code` is NULL while nothing is wrong. The first fault counts. */
struct fault {
	const char *code; /* refused, limit, corrupt, no-space, no-namespaces, system */
	char text[FAULT_TEXT_SIZE];
	char entry[FAULT_ENTRY_SIZE]; /* the entry it happened at, as the archive spells it; hostile */
};

/* The archive breaks a rule of ours. Always -1, so that a step can return it. */
int refuse(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The archive is larger than allowed. Always -1. */
int exceed(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The archive cannot be read; `detail` is libarchive's word for it, or NULL. Always -1. */
int corrupt(struct fault *fault, const char *what, const char *detail);

/* The unpacker itself was ended; `detail` says by what, or is NULL. Always -1. */
int abandon(struct fault *fault, const char *what, const char *detail);

/* A system call failed with errno; a full disk is told apart from all else. Always -1. */
int fail(struct fault *fault, const char *what);

/* clone3(2) failed with errno, where ENOSPC is a limit on namespaces and no full disk. Always -1. */
int lack_namespaces(struct fault *fault);

#endif
