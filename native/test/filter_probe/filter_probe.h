#ifndef FILTER_PROBE_H
#define FILTER_PROBE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MAX_INSTRUCTIONS = 4096,
	MAX_ROWS = 1 << 20,
	TIME_LIMIT_SECONDS = 60,
};

/* What a row's result can be; any other value is a negative errno. */
enum {
	RESULT_OPEN = 0,
	RESULT_ALLOW = 1,
	RESULT_NOTIFY = 2,
	RESULT_KILL = 3,
	RESULT_ABSENT = 4,     /* this kernel has no entry for the row's kind */
	RESULT_UNFILTERED = 5, /* the call ran: the kernel asks no filter about it */
};

enum call_kind {
	CALL_X86_64 = 0, /* the syscall instruction, x32 numbers included */
	CALL_I386 = 1,	 /* int $0x80; arguments have 32 bits */
};

/* Of standard input, little-endian. */
struct header {
	uint32_t instructions;
	uint32_t rows;
};

struct row {
	uint32_t kind;
	uint32_t nr;
	uint64_t args[6];
};

/* Lies in memory that parent and child share. */
struct probe {
	struct sock_fprog program;
	struct row *rows;
	long *results; /* written by the child; by the parent where the child died of the call */
	size_t row_count;
	volatile size_t current;    /* the row that the child is at */
	volatile int listener;	    /* -1 until the child is ready; the table of descriptors is shared */
	volatile int install_error; /* errno of the child that could not install the filters */
	volatile int done;
};

/* How the outer filter catches calls that the filter under test lets pass. */
enum catcher {
	CATCH_WITH_TRACE,
	CATCH_WITH_ERRNO,
};

/* Errnos that no filter of a test uses. */
enum {
	ERRNO_NOTIFIED = 4001,
	ERRNO_CAUGHT = 4002,
};

/* Settles every row that is still open; -1 with errno where the kernel did not play along. */
int run_pass(struct probe *probe, enum catcher catcher);

/* In the child: installs both filters, makes the calls, waits to be killed. */
_Noreturn void make_calls(struct probe *probe, enum catcher catcher);

#endif
