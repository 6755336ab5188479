/*
 * procfs_read.c - what /proc and /sys tell about the host and about pid 1.
 *
 * Opened and closed; nothing is read. proc(5), sysfs(5).
 */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "probe.h"

static void open_to_read(const struct probe *probe, struct outcome *outcome)
{
	judge_presence(outcome, open(probe->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

static void read_link(const struct probe *probe, struct outcome *outcome)
{
	char target[PATH_MAX];
	judge_presence(outcome, readlink(probe->path, target, sizeof target));
}

#define READ(name, file)                                                                                     \
	PROBE("proc.read." name, "openat", "open " file " to read", open_to_read, .path = file)
#define FILE_OF_PROC(name) READ(name, "/proc/" name)
#define FILE_OF_INIT(name) READ("init-" name, "/proc/1/" name)

static const struct probe probes[] = {
	FILE_OF_PROC("kcore"),
	FILE_OF_PROC("keys"),
	FILE_OF_PROC("key-users"),
	FILE_OF_PROC("timer_list"),
	FILE_OF_PROC("sched_debug"),
	FILE_OF_PROC("kmsg"),
	FILE_OF_PROC("kallsyms"),
	FILE_OF_PROC("iomem"),
	FILE_OF_PROC("ioports"),
	FILE_OF_PROC("slabinfo"),
	FILE_OF_PROC("vmallocinfo"),
	FILE_OF_PROC("pagetypeinfo"),
	FILE_OF_PROC("kpagecount"),
	FILE_OF_PROC("kpageflags"),
	FILE_OF_PROC("modules"),
	FILE_OF_PROC("config.gz"),
	FILE_OF_PROC("cmdline"),
	FILE_OF_PROC("interrupts"),
	FILE_OF_PROC("partitions"),
	FILE_OF_PROC("diskstats"),
	FILE_OF_PROC("swaps"),
	FILE_OF_PROC("locks"),
	FILE_OF_PROC("zoneinfo"),
	FILE_OF_PROC("latency_stats"),
	FILE_OF_PROC("acpi"),
	FILE_OF_PROC("asound"),
	FILE_OF_PROC("scsi"),
	FILE_OF_PROC("bus"),
	FILE_OF_PROC("fs"),
	FILE_OF_PROC("irq"),
	FILE_OF_PROC("driver"),
	FILE_OF_PROC("sys"),
	FILE_OF_PROC("sysvipc"),
	FILE_OF_INIT("root"),
	FILE_OF_INIT("cwd"),
	FILE_OF_INIT("fd"),
	FILE_OF_INIT("maps"),
	FILE_OF_INIT("mem"),
	FILE_OF_INIT("environ"),
	FILE_OF_INIT("exe"),
	FILE_OF_INIT("auxv"),
	FILE_OF_INIT("stack"),
	FILE_OF_INIT("syscall"),
	FILE_OF_INIT("io"),
	FILE_OF_INIT("pagemap"),
	FILE_OF_INIT("ns/mnt"),
	PROBE("proc.read.init-exe-link", "readlink", "the path of pid 1's program", read_link,
	      .path = "/proc/1/exe"),
	PROBE("proc.read.init-ns-link", "readlink", "the number of pid 1's mount namespace", read_link,
	      .path = "/proc/1/ns/mnt"),
	READ("sys-firmware", "/sys/firmware"),
	READ("sys-debug", "/sys/kernel/debug"),
	READ("sys-tracing", "/sys/kernel/tracing"),
	READ("sys-security", "/sys/kernel/security"),
	READ("sys-powercap", "/sys/devices/virtual/powercap"),
	READ("sys-thermal", "/sys/devices/virtual/thermal"),
	READ("sys-block", "/sys/block"),
	READ("sys-class-net", "/sys/class/net"),
	READ("sys-dmi", "/sys/class/dmi/id"),
	READ("sys-cgroup", "/sys/fs/cgroup"),
	READ("sys-bpf", "/sys/fs/bpf"),
	READ("sys-pstore", "/sys/fs/pstore"),
	READ("sys-module", "/sys/module"),
	READ("sys-notes", "/sys/kernel/notes"),
	READ("sys-vmcoreinfo", "/sys/kernel/vmcoreinfo"),
	READ("sys-btf", "/sys/kernel/btf/vmlinux"),
};

const struct category procfs_read_probes = CATEGORY("procfs", probes);
