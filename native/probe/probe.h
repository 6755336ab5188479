/*
 * probe.h - what an attempt is, and what can be said about it.
 *
 * Each probe makes one privileged or sensitive system call, in a process of
 * its own, with arguments that the kernel judges after permission: so that
 * EPERM, EACCES, ENOSYS and EROFS mean "denied", and the errno of the wrong
 * argument means "allowed". Nothing but the probe's own is touched.
 */
#ifndef PROBE_H
#define PROBE_H
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum verdict {
	DENIED,
	ALLOWED,
	UNSUPPORTED, /* the kernel lacks the call, or the path is not there */
	ERROR,	     /* an errno that the probe does not expect */
};

struct outcome {
	enum verdict verdict;
	int error; /* errno; 0 where there was none */
	char detail[120];
};

struct probe {
	const char *id;
	const char *call;
	const char *what;
	/* NULL: make system call `number` with `arguments`. */
	void (*attempt)(const struct probe *probe, struct outcome *outcome);
	long number;
	long arguments[6]; /* of the call, or what members of a family differ in */
	int through[4];	   /* errnos that mean "got through" */
	const char *path;
	enum { ANYONE, NEVER_AS_ROOT } who; /* NEVER_AS_ROOT: would touch what is the host's */
	int limit_seconds;		    /* 0: the usual one */
};

struct category {
	const char *name;
	const struct probe *probes;
	size_t count;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CATEGORY(name, probes)                                                                               \
	{                                                                                                    \
		name, probes, COUNT(probes)                                                                  \
	}
#define PROBE(name, function, said, does, ...)                                                               \
	{                                                                                                    \
		.id = name, .call = function, .what = said, .attempt = does, __VA_ARGS__                     \
	}
/* A probe that is nothing but one call: its number, ARGS and the errnos that mean "got through". */
#define CALL(name, function, said, nr, ...)                                                                  \
	{                                                                                                    \
		.id = name, .call = function, .what = said, .number = nr, __VA_ARGS__                        \
	}
#define ARGS(...)    .arguments = { __VA_ARGS__ }
#define THROUGH(...) .through = { __VA_ARGS__ }

#define MISSING "/no-such-path-of-the-probe"

extern const struct category namespace_probes, mount_probes, kernel_probes, kernel_memory_probes,
	credential_probes, credential_state_probes, mode_bit_probes, procfs_write_probes, procfs_read_probes,
	device_probes, filesystem_probes, write_probes, execution_probes, mount_flag_probes,
	socket_family_probes, socket_probes, abi_probes, terminal_probes, process_probes, descriptor_probes,
	limit_probes, seccomp_probes;

/* judge.c: what a result means */
void judge(struct outcome *outcome, const struct probe *probe, long result);
void judge_with(struct outcome *outcome, long result, const int *through, size_t count);
void judge_presence(struct outcome *outcome, long result);
void judge_state(struct outcome *outcome, int safe, const char *detail);
void conclude(struct outcome *outcome, enum verdict verdict, int error, const char *detail);
int means_denied(int error);

/* scratch.c: what is the probe's own */
int make_scratch(void);
void remove_scratch(void);
const char *scratch(void);				     /* "" where nothing can be written */
int open_own_file(const char *name, int flags, mode_t mode); /* below scratch(), created */
void own_path(char *path, size_t size, const char *name);
long other_id(const char *map); /* an id that is mapped and not ours; -1: there is none */
long status_field(const char *field, int base, unsigned long long *value); /* of /proc/self/status */
long parameter(const char *name, long otherwise);			   /* from the environment */
int inherited_descriptor(void);						   /* above 2, -1: none */
void look_for_inherited_descriptors(void);

/* attempt.c: one probe in a process of its own */
pid_t attempt_probe(const struct probe *probe, struct outcome *outcome);
#endif
