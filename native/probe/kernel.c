/*
 * kernel.c - calls that change the machine, or that are mostly attack surface.
 *
 * Arguments are wrong on purpose wherever the kernel looks at permission
 * first; "a filter's to stop" marks those where it looks at arguments first.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/quota.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum { BAD = 9999, BAD_FLAGS = 0x7fffff00, CONSOLE_LEVEL = 8, SIZE_BUFFER = 10, READ_ALL = 3 };
enum { LSM_GET_SELF_ATTR = 459, LSM_SET_SELF_ATTR = 460, LSM_LIST_MODULES = 461 };
enum { MAP_SHADOW_STACK = 453, QUOTACTL_FD = 443 };

static void create_map(const struct probe *probe, struct outcome *outcome)
{
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof attributes);
	attributes.map_type = BPF_MAP_TYPE_ARRAY;
	attributes.key_size = 4;
	attributes.value_size = 8;
	attributes.max_entries = 1;
	judge(outcome, probe, syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

/* r0 = 0; exit */
static void load_program(const struct probe *probe, struct outcome *outcome)
{
	struct bpf_insn code[] = { { .code = 0xb7 }, { .code = 0x95 } };
	union bpf_attr attributes;
	memset(&attributes, 0, sizeof attributes);
	attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attributes.insns = (uint64_t)(uintptr_t)code;
	attributes.insn_cnt = COUNT(code);
	attributes.license = (uint64_t)(uintptr_t) "GPL";
	judge(outcome, probe, syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

static void open_event(const struct probe *probe, struct outcome *outcome)
{
	struct perf_event_attr attributes;
	memset(&attributes, 0, sizeof attributes);
	attributes.size = sizeof attributes;
	attributes.type = PERF_TYPE_SOFTWARE;
	attributes.config = PERF_COUNT_SW_DUMMY;
	attributes.disabled = 1;
	attributes.exclude_kernel = probe->arguments[0] != 0;
	attributes.exclude_hv = 1;
	judge(outcome, probe, syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
}

static void open_handle(const struct probe *probe, struct outcome *outcome)
{
	struct {
		unsigned bytes;
		int type;
		unsigned char handle[8];
	} zeros = { .bytes = 8, .type = 1 };
	judge(outcome, probe, syscall(SYS_open_by_handle_at, AT_FDCWD, &zeros, O_RDONLY));
}

static void name_handle(const struct probe *probe, struct outcome *outcome)
{
	unsigned empty[2] = { 0, 0 };
	int mount_id = 0;
	judge(outcome, probe, syscall(SYS_name_to_handle_at, AT_FDCWD, "/", empty, &mount_id, 0));
}

static void set_clock(const struct probe *probe, struct outcome *outcome)
{
	struct timespec invalid = { .tv_nsec = -1 };
	judge(outcome, probe, syscall(SYS_clock_settime, CLOCK_REALTIME, &invalid));
}

/* A tick of 0 is out of range, and looked at after permission. */
static void adjust_clock(const struct probe *probe, struct outcome *outcome)
{
	struct timex change;
	memset(&change, 0, sizeof change);
	change.modes = ADJ_TICK;
	judge(outcome, probe,
	      probe->number == SYS_adjtimex ? syscall(SYS_adjtimex, &change)
					    : syscall(SYS_clock_adjtime, CLOCK_REALTIME, &change));
}

static void read_device_statistics(const struct probe *probe, struct outcome *outcome)
{
	char statistics[64];
	judge(outcome, probe, syscall(SYS_ustat, 0, statistics));
}

#define PRCTL(name, said, ...) CALL("kernel.prctl." name, "prctl", said, SYS_prctl, __VA_ARGS__)
#define NO_FD(name, said, nr, ...)                                                                           \
	CALL("kernel." name, name, said " (a filter's to stop)", nr, ARGS(__VA_ARGS__),                      \
	     THROUGH(EBADF, EINVAL))

static const struct probe probes[] = {
	CALL("kernel.bpf", "bpf", "bpf with an unknown command (a filter's to stop)", SYS_bpf,
	     ARGS(BAD, 0, 0), THROUGH(EINVAL, EFAULT)),
	PROBE("kernel.bpf.map-create", "bpf", "a bpf array of one element", create_map),
	PROBE("kernel.bpf.prog-load", "bpf", "a bpf socket filter of two instructions", load_program),
	PROBE("kernel.perf_event_open.user", "perf_event_open", "a disabled dummy event, user mode only",
	      open_event, ARGS(1)),
	PROBE("kernel.perf_event_open.kernel", "perf_event_open", "a disabled dummy event, kernel mode too",
	      open_event),
	CALL("kernel.io_uring_setup", "io_uring_setup", "io_uring_setup with no parameters",
	     SYS_io_uring_setup, ARGS(1, 0), THROUGH(EFAULT)),
	NO_FD("io_uring_enter", "io_uring_enter of no ring", SYS_io_uring_enter, -1, 0, 0, 0, 0, 0),
	NO_FD("io_uring_register", "io_uring_register of no ring", SYS_io_uring_register, -1, 0, 0, 0),
	CALL("kernel.userfaultfd", "userfaultfd",
	     "userfaultfd for user-mode faults, invalid flags (a filter's to stop)", SYS_userfaultfd,
	     ARGS(UFFD_USER_MODE_ONLY | 0x40000000), THROUGH(EINVAL)),
	CALL("kernel.userfaultfd.user", "userfaultfd", "userfaultfd for user-mode faults", SYS_userfaultfd,
	     ARGS(UFFD_USER_MODE_ONLY)),
	CALL("kernel.userfaultfd.kernel", "userfaultfd", "userfaultfd for the kernel's faults too",
	     SYS_userfaultfd, ARGS(0)),
	CALL("kernel.add_key", "add_key", "a key of an unknown type (a filter's to stop)", SYS_add_key,
	     ARGS((long)"probe-none", (long)"probe", 0, 0, KEY_SPEC_PROCESS_KEYRING), THROUGH(ENODEV)),
	CALL("kernel.request_key", "request_key", "a key of an unknown type (a filter's to stop)",
	     SYS_request_key, ARGS((long)"probe-none", (long)"probe", 0, 0), THROUGH(ENODEV, ENOKEY)),
	CALL("kernel.keyctl", "keyctl", "an unknown operation (a filter's to stop)", SYS_keyctl, ARGS(BAD),
	     THROUGH(EOPNOTSUPP)),
	CALL("kernel.keyctl.session", "keyctl", "the number of its session keyring", SYS_keyctl,
	     ARGS(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0), THROUGH(ENOKEY)),
	PROBE("kernel.open_by_handle_at", "open_by_handle_at", "a file handle of zeros", open_handle,
	      THROUGH(ESTALE, EINVAL, EOPNOTSUPP)),
	PROBE("kernel.name_to_handle_at", "name_to_handle_at",
	      "the length of /'s file handle (a filter's to stop)", name_handle,
	      THROUGH(EOVERFLOW, EOPNOTSUPP)),
	CALL("kernel.modify_ldt", "modify_ldt", "an LDT entry of 0 bytes (a filter's to stop)",
	     SYS_modify_ldt, ARGS(1, 0, 0), THROUGH(EINVAL)),
	CALL("kernel.modify_ldt.read", "modify_ldt", "no bytes of its LDT (a filter's to stop)",
	     SYS_modify_ldt, ARGS(0, 0, 0), THROUGH(EINVAL)),
	CALL("kernel.personality.read-exec", "personality", "READ_IMPLIES_EXEC (a filter's to stop)",
	     SYS_personality, ARGS(READ_IMPLIES_EXEC)),
	CALL("kernel.personality.no-randomize", "personality", "ADDR_NO_RANDOMIZE (a filter's to stop)",
	     SYS_personality, ARGS(ADDR_NO_RANDOMIZE)),
	CALL("kernel.personality.mmap-zero", "personality", "MMAP_PAGE_ZERO (a filter's to stop)",
	     SYS_personality, ARGS(MMAP_PAGE_ZERO)),
	CALL("kernel.personality.svr4", "personality", "PER_SVR4 (a filter's to stop)", SYS_personality,
	     ARGS(PER_SVR4)),
	CALL("kernel.iopl", "iopl", "I/O privilege level 3", SYS_iopl, ARGS(3)),
	CALL("kernel.ioperm", "ioperm", "the port 0x80", SYS_ioperm, ARGS(0x80, 1, 1)),
	CALL("kernel.acct", "acct", "accounting to a path that does not exist", SYS_acct, ARGS((long)MISSING),
	     THROUGH(ENOENT)),
	CALL("kernel.swapon", "swapon", "swap on a path that does not exist", SYS_swapon,
	     ARGS((long)MISSING, 0), THROUGH(ENOENT)),
	CALL("kernel.swapoff", "swapoff", "swap off a path that does not exist", SYS_swapoff,
	     ARGS((long)MISSING), THROUGH(ENOENT)),
	CALL("kernel.quotactl", "quotactl", "quota of a device that does not exist (a filter's to stop)",
	     SYS_quotactl, ARGS(QCMD(Q_GETQUOTA, USRQUOTA), (long)MISSING, 0, 0), THROUGH(ENOENT, ENOTBLK)),
	NO_FD("quotactl_fd", "quota of no descriptor", QUOTACTL_FD, -1, QCMD(Q_GETQUOTA, USRQUOTA), 0, 0),
	CALL("kernel.syslog.console", "syslog", "a console log level that does not exist", SYS_syslog,
	     ARGS(CONSOLE_LEVEL, 0, 99), THROUGH(EINVAL)),
	CALL("kernel.syslog.size", "syslog", "the size of the kernel's log", SYS_syslog,
	     ARGS(SIZE_BUFFER, 0, 0)),
	CALL("kernel.syslog.read", "syslog", "the kernel's log into no buffer", SYS_syslog,
	     ARGS(READ_ALL, 0, 1), THROUGH(EINVAL)),
	CALL("kernel.lookup_dcookie", "lookup_dcookie", "the path of cookie 0", SYS_lookup_dcookie,
	     ARGS(0, 0, 0), THROUGH(EINVAL)),
	CALL("kernel.reboot", "reboot", "reboot with wrong magic numbers", SYS_reboot, ARGS(0, 0, 0, 0),
	     THROUGH(EINVAL)),
	CALL("kernel.kexec_load", "kexec_load", "kexec_load with invalid flags", SYS_kexec_load,
	     ARGS(0, 0, 0, BAD_FLAGS), THROUGH(EINVAL)),
	CALL("kernel.kexec_file_load", "kexec_file_load", "kexec_file_load with invalid flags",
	     SYS_kexec_file_load, ARGS(-1, -1, 0, 0, BAD_FLAGS), THROUGH(EINVAL, EBADF)),
	CALL("kernel.init_module", "init_module", "a module of no bytes", SYS_init_module,
	     ARGS(0, 0, (long)""), THROUGH(ENOEXEC, EFAULT)),
	CALL("kernel.finit_module", "finit_module", "a module from no descriptor", SYS_finit_module,
	     ARGS(-1, (long)"", 0), THROUGH(EBADF)),
	CALL("kernel.delete_module", "delete_module", "unload a module that does not exist",
	     SYS_delete_module, ARGS((long)"probe_none", O_NONBLOCK), THROUGH(ENOENT)),
	CALL("kernel.settimeofday", "settimeofday", "set neither time nor zone", SYS_settimeofday,
	     ARGS(0, 0)),
	PROBE("kernel.clock_settime", "clock_settime", "a time that is invalid (a filter's to stop)",
	      set_clock, THROUGH(EINVAL)),
	PROBE("kernel.clock_adjtime", "clock_adjtime", "a clock tick out of range", adjust_clock,
	      .number = SYS_clock_adjtime, THROUGH(EINVAL)),
	PROBE("kernel.adjtimex", "adjtimex", "a clock tick out of range", adjust_clock,
	      .number = SYS_adjtimex, THROUGH(EINVAL)),
	CALL("kernel.sethostname", "sethostname", "a host name of length -1", SYS_sethostname, ARGS(0, -1),
	     THROUGH(EINVAL)),
	CALL("kernel.setdomainname", "setdomainname", "a domain name of length -1", SYS_setdomainname,
	     ARGS(0, -1), THROUGH(EINVAL)),
	CALL("kernel.vhangup", "vhangup", "hang up a terminal that it does not have", SYS_vhangup, ARGS(0),
	     .who = NEVER_AS_ROOT),
	PRCTL("set-mm", "PR_SET_MM with an invalid address", ARGS(PR_SET_MM, PR_SET_MM_START_BRK, 1, 0, 0),
	      THROUGH(EINVAL)),
	PRCTL("io-flusher", "PR_SET_IO_FLUSHER for itself", ARGS(PR_SET_IO_FLUSHER, 1, 0, 0, 0)),
	PRCTL("ptracer", "PR_SET_PTRACER: any process may trace it (a filter's to stop)",
	      ARGS(PR_SET_PTRACER, -1, 0, 0, 0), THROUGH(EINVAL)),
	PRCTL("user-dispatch", "PR_SET_SYSCALL_USER_DISPATCH of an unknown mode (a filter's to stop)",
	      ARGS(PR_SET_SYSCALL_USER_DISPATCH, BAD, 0, 0, 0), THROUGH(EINVAL)),
	PRCTL("sched-core", "PR_SCHED_CORE of an unknown command (a filter's to stop)",
	      ARGS(PR_SCHED_CORE, BAD, 0, 0, 0), THROUGH(EINVAL, ENODEV)),
	PRCTL("unknown", "a prctl that does not exist (a filter's to stop)", ARGS(0x7fff0001, 0, 0, 0, 0),
	      THROUGH(EINVAL)),
	CALL("kernel.fanotify_init", "fanotify_init", "a listener that decides about opens",
	     SYS_fanotify_init, ARGS(FAN_CLASS_CONTENT | FAN_CLOEXEC, 0)),
	CALL("kernel.fanotify_init.user", "fanotify_init", "a listener that reports file handles",
	     SYS_fanotify_init, ARGS(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, 0)),
	NO_FD("fanotify_mark", "a mark on no listener", SYS_fanotify_mark, -1, FAN_MARK_ADD, FAN_OPEN, -1, 0),
	CALL("kernel.uselib", "uselib", "a library path that does not exist", SYS_uselib, ARGS((long)MISSING),
	     THROUGH(ENOENT)),
	PROBE("kernel.ustat", "ustat", "device 0 (a filter's to stop)", read_device_statistics,
	      THROUGH(EINVAL)),
	CALL("kernel.sysfs", "sysfs", "the number of file system types (a filter's to stop)", SYS_sysfs,
	     ARGS(3), THROUGH(EINVAL)),
	CALL("kernel.nfsservctl", "nfsservctl", "no command", SYS_nfsservctl, ARGS(0, 0, 0), THROUGH(EINVAL)),
	CALL("kernel._sysctl", "_sysctl", "no arguments", SYS__sysctl, ARGS(0), THROUGH(EFAULT)),
	CALL("kernel.lsm_get_self_attr", "lsm_get_self_attr", "no attribute (a filter's to stop)",
	     LSM_GET_SELF_ATTR, ARGS(0, 0, 0, 0), THROUGH(EINVAL, EFAULT, EOPNOTSUPP)),
	CALL("kernel.lsm_set_self_attr", "lsm_set_self_attr", "no attribute (a filter's to stop)",
	     LSM_SET_SELF_ATTR, ARGS(0, 0, 0, 0), THROUGH(EINVAL, EFAULT, EOPNOTSUPP)),
	CALL("kernel.lsm_list_modules", "lsm_list_modules", "into no buffer (a filter's to stop)",
	     LSM_LIST_MODULES, ARGS(0, 0, 0), THROUGH(EINVAL, EFAULT)),
	CALL("kernel.map_shadow_stack", "map_shadow_stack", "invalid flags (a filter's to stop)",
	     MAP_SHADOW_STACK, ARGS(0, 0, BAD_FLAGS), THROUGH(EINVAL, EOPNOTSUPP)),
	CALL("kernel.unknown", "syscall 600", "a call that no kernel has", 600, ARGS(0)),
};

const struct category kernel_probes = CATEGORY("kernel", probes);
