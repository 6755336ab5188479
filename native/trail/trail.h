/*
 * trail.h - the audit trail of one run: what happened, in order, hash-chained.
 *
 * The format is audit/FORMAT.md. One process writes, from one thread. A
 * record is in the file before the function that makes it returns; a caller
 * that gets anything but TRAIL_OK must not answer the call the record was for,
 * and ends the run.
 *
 * System calls after open_trail() and watch_workload(), for the caller's own
 * filter: write, pread64, lseek, ftruncate, flock, fdatasync, fsync, poll,
 * clock_gettime (where the vDSO has none), readlinkat, process_vm_readv,
 * ioctl, tgkill, kill; munmap and close for release_trail(). None opens anything.
 * Have SIGXFSZ ignored, or a limit on file sizes kills the supervisor.
 */
#ifndef TRAIL_H
#define TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/plan.h"

enum {
	TRAIL_LINE_MAX = 16384, /* bytes of one record, its newline included */
	TRAIL_HASH_SIZE = 32,
	TRAIL_RUN_SIZE = 27, /* a ULID and its NUL */
	TRAIL_SUMMARY_SIZE = 512,
	TRAIL_RULE_SUMMARY_SIZE = 128
};

enum trail_result {
	TRAIL_OK = 0,
	TRAIL_FAILED = -1, /* errno says why; the record may not be there */
	TRAIL_QUOTA = 1	   /* plan.audit_quota is used up; nothing was recorded */
};

/* One line of the receipt. The texts are copied into the record. */
struct receipt_entry {
	const char *control;   /* a Control of src/policy/compiled.ts */
	const char *requested; /* what the plan asks for */
	const char *effective; /* what was read back or tried */
	const char *how;       /* how it was read back or tried */
	bool ok;	       /* effective is what was requested */
};

struct count_slot;

/* The gravest refused call so far, for summarise_attempts(). */
struct worst_attempt {
	unsigned severity;
	char call[32], answer[24], rule[128];
};

/* Filled by open_trail(). Callers read `fault` and nothing else. */
struct trail {
	const char *fault; /* after TRAIL_FAILED: the step that failed, for a message beside errno */
	const struct plan *plan;
	char run[TRAIL_RUN_SIZE];
	char kernel[72], boot[40];
	int file, chain, counts_file, run_directory, runs_directory, proc;
	int own_namespace, inner_namespace, listener; /* watch_workload(); -1 before */
	bool broken;				      /* a write failed: nothing is appended any more */
	bool folders_synced;			      /* the entries of the run's folders are on disk */
	uint64_t sequence;			      /* of the next record */
	uint64_t bytes;				      /* of all records */
	uint64_t denied, killed, continued;
	uint64_t unsynced;	 /* attempts and counts since the last sync */
	uint64_t unsynced_since; /* monotonic ns of the first of them */
	uint64_t last_time;	 /* wall time of the last record */
	struct count_slot *counts;
	unsigned char head[TRAIL_HASH_SIZE]; /* of the last record, or of the chain's entry */
	struct worst_attempt worst;
	char line[TRAIL_LINE_MAX];
};

/*
 * Makes <plan.state_directory>/runs/RUN with an empty trail and its table of
 * counts, and enters the run into <plan.state_directory>/chain.jsonl. Opens
 * all that is needed later, but for watch_workload(). `plan` must outlive *trail.
 */
enum trail_result open_trail(struct trail *trail, const struct plan *plan);

/*
 * Tells the trail whose calls it records: `listener` (may be -1 in tests), and the host's pid of any process
 * in the workload's pid namespace, of which /proc/PID/ns/pid is opened here. Before the caller confines
 * itself. Without NS_GET_TGID_IN_PIDNS (before Linux 6.11) records say `inner_pid: null`.
 */
enum trail_result watch_workload(struct trail *trail, int listener, pid_t pid);

/* The run's id, 26 characters, unique and sorted by time. */
const char *trail_run_id(const struct trail *trail);
/* The descriptor that holds the lock by which a run that goes on is known. */
int trail_lock(const struct trail *trail);

/*
 * The first record. `arguments` and `environment` are what the workload is started with, each ended by NULL;
 * of the environment only names are recorded, arguments that look like secrets are redacted.
 */
enum trail_result record_opened(struct trail *trail, const char *const *arguments,
				const char *const *environment);

/* The receipt: `count` lines, in as many records as they need. */
enum trail_result record_receipt(struct trail *trail, const struct receipt_entry *entries, size_t count);

/*
 * Something in the life of the run. `event` is one word of audit/FORMAT.md (started, signal, time_limit,
 * exec_failed, step_failed, audit_quota, terminated); `detail` may be anything, also untrusted.
 */
enum trail_result record_lifecycle(struct trail *trail, const char *event, const char *detail);

/*
 * Writes the counts, the last record and the entry of the chain. `signal` 0: the workload ended with
 * `status`. Syncs only where attempts were recorded since the last sync, or with plan.audit_sync. Afterwards
 * only summarise_attempts(), trail_run_id() and release_trail() may be called.
 */
enum trail_result close_trail(struct trail *trail, int status, int signal);

/* Closes the descriptors, whether or not close_trail() came first. */
void release_trail(struct trail *trail);

/* For poll(2): milliseconds until trail_sync() is due; 0: now; -1: nothing waits. */
int trail_deadline(const struct trail *trail);

/* Brings all that was recorded to the disk; returns at once where nothing waits. */
enum trail_result trail_sync(struct trail *trail);

/* Asks the kernel whether the trail is as long as what was written to it. */
enum trail_result require_written(struct trail *trail);

/* Calls that were refused so far (denied or killed). */
uint64_t trail_refused(const struct trail *trail);

/*
 * One line without newline, printable ASCII, for the user: how many attempts were refused, and the most
 * severe. Returns false and leaves "" where there were none.
 */
bool summarise_attempts(const struct trail *trail, char *text, size_t size);

#endif
