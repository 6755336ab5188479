/*
 * prove.h - what the live kernel says about calls under a seccomp program, without making any of them.
 *
 * Standard input, little-endian: magic, u64 instructions, the instructions, then rows to its end, which are
 * struct seccomp_data and taken as they come; where the instruction stands is not asked about. Standard
 * output, after all rows are settled: one u32 for each, as VERDICT_* say.
 */
#ifndef PROVE_H
#define PROVE_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAGIC "sbxprov\2"

enum {
	REQUEST_MAGIC_SIZE = 8,
	REQUEST_HEADER_SIZE = REQUEST_MAGIC_SIZE + sizeof(uint64_t),
	MAX_INSTRUCTIONS = BPF_MAXINSNS,
	MAX_ROWS = 1 << 18,
	ARGUMENTS = 6,
};

/* Any other verdict is SECCOMP_RET_ERRNO with its number. */
#define VERDICT_PASSES	   SECCOMP_RET_ALLOW /* or another action below user notification: log, trace */
#define VERDICT_NOTIFIES   SECCOMP_RET_USER_NOTIF
#define VERDICT_KILLS	   SECCOMP_RET_KILL_PROCESS /* ends by SIGSYS: kill-process, kill-thread, trap */
#define VERDICT_OPEN	   0xffff0000u		    /* never in a reply */
#define VERDICT_ABSENT	   0xffff0001u		    /* this kernel has no entry for the row's architecture */
#define VERDICT_UNFILTERED 0xffff0002u		    /* the call ran: the kernel asks no filter about it */

/* Lies in memory that parent and child share. */
struct proof {
	struct sock_fprog program;
	const struct seccomp_data *rows;
	volatile uint32_t *verdicts;
	size_t row_count;
	volatile size_t current; /* the row that the child is at */
	volatile int listener;	 /* -1 until the child is ready; the table of descriptors is shared */
	const char *volatile failed_step; /* of a child that could not begin */
	volatile int failed_errno;
	volatile int done;
	uint32_t notified; /* the verdict on a call of which the listener was told */
	uint32_t caught;   /* and on one that pass 2 caught */
};

/* How the outer filter catches calls that the filter under proof lets pass. */
enum catcher {
	CATCH_BY_NOTIFYING, /* a listener that is not there: ENOSYS; the filter under proof has one */
	CATCH_BY_LISTENING, /* its own listener; the filter under proof has none */
	CATCH_BY_ERRNO,
};

enum { ERRNO_CAUGHT = 4002 };

/*
 * How many instructions follow on the header, whose REQUEST_HEADER_SIZE bytes start at `bytes`; 0 where they
 * are none.
 */
size_t read_header(const unsigned char *bytes);

/* What is wrong with the rows, or NULL. */
const char *check_rows(const struct seccomp_data *rows, size_t count);

/* Settles the rows from `first` to the last. Returns NULL, or the step that failed, with errno. */
const char *settle_rows(struct proof *proof, size_t first);

/* In the child: installs both filters, makes the calls, ends itself. */
_Noreturn void make_calls(struct proof *proof, enum catcher catcher);

#endif
