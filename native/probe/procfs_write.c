/*
 * procfs_write.c - files of /proc and /sys, opened to write.
 *
 * Nothing is written but what the kernel refuses by its form, and to files of
 * the process itself. proc(5), sysfs(5).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

static void open_to_write(const struct probe *probe, struct outcome *outcome)
{
	judge_presence(outcome, open(probe->path, O_WRONLY | O_CLOEXEC));
}

/* Any version 1 hierarchy will do. */
static void open_release_agent(const struct probe *probe, struct outcome *outcome)
{
	static const char *const hierarchies[] = { "memory",	  "pids",    "cpu",
						   "cpu,cpuacct", "devices", "systemd",
						   "freezer",	  "rdma",    "" };
	char path[128];
	(void)probe;
	for (size_t i = 0; i < COUNT(hierarchies); i++) {
		snprintf(path, sizeof path, "/sys/fs/cgroup/%s/release_agent", hierarchies[i]);
		if (access(path, F_OK) == 0)
			break;
	}
	judge_presence(outcome, open(path, O_WRONLY | O_CLOEXEC));
}

static void write_text(const struct probe *probe, struct outcome *outcome)
{
	const char *text = (const char *)probe->arguments[0];
	int file = open(probe->path, O_WRONLY | O_CLOEXEC);
	if (file == -1)
		judge_presence(outcome, -1);
	else
		judge(outcome, probe, write(file, text, strlen(text)));
}

#define WRITE(name, file)                                                                                    \
	PROBE("proc.write." name, "openat", "open " file " to write", open_to_write, .path = file)
#define TEXT(name, file, words, said, ...)                                                                   \
	PROBE("proc." name, "write", said, write_text, .path = file, ARGS((long)words), __VA_ARGS__)

static const struct probe probes[] = {
	WRITE("core_pattern", "/proc/sys/kernel/core_pattern"),
	WRITE("modprobe", "/proc/sys/kernel/modprobe"),
	WRITE("randomize_va_space", "/proc/sys/kernel/randomize_va_space"),
	WRITE("hostname", "/proc/sys/kernel/hostname"),
	WRITE("domainname", "/proc/sys/kernel/domainname"),
	WRITE("ns_last_pid", "/proc/sys/kernel/ns_last_pid"),
	WRITE("pid_max", "/proc/sys/kernel/pid_max"),
	WRITE("panic", "/proc/sys/kernel/panic"),
	WRITE("sysrq", "/proc/sys/kernel/sysrq"),
	WRITE("kptr_restrict", "/proc/sys/kernel/kptr_restrict"),
	WRITE("dmesg_restrict", "/proc/sys/kernel/dmesg_restrict"),
	WRITE("perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid"),
	WRITE("unprivileged_bpf_disabled", "/proc/sys/kernel/unprivileged_bpf_disabled"),
	WRITE("modules_disabled", "/proc/sys/kernel/modules_disabled"),
	WRITE("shmmax", "/proc/sys/kernel/shmmax"),
	WRITE("msgmax", "/proc/sys/kernel/msgmax"),
	WRITE("sem", "/proc/sys/kernel/sem"),
	WRITE("queues_max", "/proc/sys/fs/mqueue/queues_max"),
	WRITE("binfmt_misc", "/proc/sys/fs/binfmt_misc/register"),
	WRITE("suid_dumpable", "/proc/sys/fs/suid_dumpable"),
	WRITE("protected_hardlinks", "/proc/sys/fs/protected_hardlinks"),
	WRITE("file-max", "/proc/sys/fs/file-max"),
	WRITE("overcommit_memory", "/proc/sys/vm/overcommit_memory"),
	WRITE("drop_caches", "/proc/sys/vm/drop_caches"),
	WRITE("mmap_min_addr", "/proc/sys/vm/mmap_min_addr"),
	WRITE("unprivileged_userfaultfd", "/proc/sys/vm/unprivileged_userfaultfd"),
	WRITE("max_user_namespaces", "/proc/sys/user/max_user_namespaces"),
	WRITE("ip_forward", "/proc/sys/net/ipv4/ip_forward"),
	WRITE("ip_local_port_range", "/proc/sys/net/ipv4/ip_local_port_range"),
	WRITE("ping_group_range", "/proc/sys/net/ipv4/ping_group_range"),
	WRITE("somaxconn", "/proc/sys/net/core/somaxconn"),
	WRITE("sysrq-trigger", "/proc/sysrq-trigger"),
	WRITE("default_smp_affinity", "/proc/irq/default_smp_affinity"),
	WRITE("mtrr", "/proc/mtrr"),
	WRITE("init-oom_score_adj", "/proc/1/oom_score_adj"),
	WRITE("init-mem", "/proc/1/mem"),
	WRITE("init-comm", "/proc/1/comm"),
	WRITE("init-attr", "/proc/1/attr/current"),
	WRITE("self-mem", "/proc/self/mem"),
	WRITE("self-attr-exec", "/proc/self/attr/exec"),
	WRITE("self-coredump_filter", "/proc/self/coredump_filter"),
	WRITE("self-clear_refs", "/proc/self/clear_refs"),
	WRITE("self-setgroups", "/proc/self/setgroups"),
	WRITE("self-loginuid", "/proc/self/loginuid"),
	WRITE("self-timens_offsets", "/proc/self/timens_offsets"),
	WRITE("self-autogroup", "/proc/self/autogroup"),
	WRITE("self-sched", "/proc/self/sched"),
	WRITE("uevent_helper", "/sys/kernel/uevent_helper"),
	WRITE("ksm-run", "/sys/kernel/mm/ksm/run"),
	WRITE("thp-enabled", "/sys/kernel/mm/transparent_hugepage/enabled"),
	WRITE("printk-time", "/sys/module/printk/parameters/time"),
	WRITE("pci-rescan", "/sys/bus/pci/rescan"),
	WRITE("power-state", "/sys/power/state"),
	WRITE("cgroup-procs", "/sys/fs/cgroup/memory/cgroup.procs"),
	WRITE("cgroup-subtree", "/sys/fs/cgroup/unified/cgroup.subtree_control"),
	WRITE("tracing", "/sys/kernel/tracing/tracing_on"),
	PROBE("proc.write.release_agent", "openat", "open a cgroup's release_agent to write",
	      open_release_agent),
	TEXT("uid_map", "/proc/self/uid_map", "probe\n", "an invalid line into /proc/self/uid_map",
	     THROUGH(EINVAL)),
	TEXT("gid_map", "/proc/self/gid_map", "probe\n", "an invalid line into /proc/self/gid_map",
	     THROUGH(EINVAL)),
	TEXT("projid_map", "/proc/self/projid_map", "probe\n", "an invalid line into /proc/self/projid_map",
	     THROUGH(EINVAL)),
	TEXT("oom_score_adj", "/proc/self/oom_score_adj", "-1000", "its own oom_score_adj lowered to -1000"),
};

const struct category procfs_write_probes = CATEGORY("procfs", probes);
