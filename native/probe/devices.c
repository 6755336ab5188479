/*
 * devices.c - device nodes, to open and to make.
 *
 * Opened without blocking and without becoming anyone's terminal, closed at
 * the end of the process. Nodes are made of numbers that no driver has, and
 * removed at once. mknod(2), null(4), mem(4).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "probe.h"

enum { NO_MAJOR = 4000, NO_MINOR = 1000000, MEM_MAJOR = 1, MEM_MINOR = 1, VDA_MAJOR = 254 };

static void open_device(const struct probe *probe, struct outcome *outcome)
{
	static const int busy[] = { EBUSY, EIO, EINVAL, ENXIO };
	int device = open(probe->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (device == -1 && (errno == ENOENT || errno == ENOTDIR || errno == ENODEV))
		judge_presence(outcome, -1);
	else
		judge_with(outcome, device, busy, COUNT(busy));
}

static void make_node(const struct probe *probe, struct outcome *outcome)
{
	char path[PATH_MAX];
	mode_t mode = (mode_t)probe->arguments[0] | 0600;
	unsigned number = (unsigned)makedev((unsigned)probe->arguments[1], (unsigned)probe->arguments[2]);
	own_path(path, sizeof path, "node");
	long result = probe->number == SYS_mknod ? syscall(SYS_mknod, path, mode, number)
						 : syscall(SYS_mknodat, AT_FDCWD, path, mode, number);
	judge(outcome, probe, result);
	if (result != -1)
		(void)unlink(path);
}

#define OPEN(name, file, ...)                                                                                \
	PROBE("dev.open." name, "openat", "open " file, open_device, .path = file, __VA_ARGS__)
#define NODE_BY(call, name, nr, said, ...)                                                                   \
	PROBE("dev." call "." name, call, said, make_node, .number = nr, ARGS(__VA_ARGS__))
#define NODE(name, said, ...)                                                                                \
	NODE_BY("mknod", name, SYS_mknod, said, __VA_ARGS__),                                                \
		NODE_BY("mknodat", name, SYS_mknodat, said, __VA_ARGS__)

static const struct probe probes[] = {
	OPEN("mem", "/dev/mem"),
	OPEN("kmem", "/dev/kmem"),
	OPEN("port", "/dev/port"),
	OPEN("kmsg", "/dev/kmsg"),
	OPEN("fuse", "/dev/fuse"),
	OPEN("cuse", "/dev/cuse"),
	OPEN("kvm", "/dev/kvm"),
	OPEN("tun", "/dev/net/tun"),
	OPEN("userfaultfd", "/dev/userfaultfd"),
	OPEN("vhost-net", "/dev/vhost-net"),
	OPEN("vhost-vsock", "/dev/vhost-vsock"),
	OPEN("vsock", "/dev/vsock"),
	OPEN("btrfs-control", "/dev/btrfs-control"),
	OPEN("loop-control", "/dev/loop-control"),
	OPEN("loop0", "/dev/loop0"),
	OPEN("mapper", "/dev/mapper/control"),
	OPEN("autofs", "/dev/autofs"),
	OPEN("ppp", "/dev/ppp"),
	OPEN("uinput", "/dev/uinput"),
	OPEN("uhid", "/dev/uhid"),
	OPEN("rfkill", "/dev/rfkill", .who = NEVER_AS_ROOT),
	OPEN("hpet", "/dev/hpet", .who = NEVER_AS_ROOT),
	OPEN("rtc0", "/dev/rtc0", .who = NEVER_AS_ROOT),
	OPEN("nvram", "/dev/nvram", .who = NEVER_AS_ROOT),
	OPEN("tpm0", "/dev/tpm0", .who = NEVER_AS_ROOT),
	OPEN("hwrng", "/dev/hwrng"),
	OPEN("cpu_dma_latency", "/dev/cpu_dma_latency"),
	OPEN("snapshot", "/dev/snapshot", .who = NEVER_AS_ROOT),
	OPEN("udmabuf", "/dev/udmabuf"),
	OPEN("dma_heap", "/dev/dma_heap/system"),
	OPEN("console", "/dev/console", .who = NEVER_AS_ROOT),
	OPEN("tty0", "/dev/tty0", .who = NEVER_AS_ROOT),
	OPEN("ttyS0", "/dev/ttyS0", .who = NEVER_AS_ROOT),
	OPEN("vcs", "/dev/vcs"),
	OPEN("input", "/dev/input/event0"),
	OPEN("dri", "/dev/dri/card0"),
	OPEN("dri-render", "/dev/dri/renderD128"),
	OPEN("fb0", "/dev/fb0"),
	OPEN("video", "/dev/video0"),
	OPEN("snd", "/dev/snd/controlC0"),
	OPEN("msr", "/dev/cpu/0/msr"),
	OPEN("cpuid", "/dev/cpu/0/cpuid"),
	OPEN("vda", "/dev/vda"),
	OPEN("sda", "/dev/sda"),
	OPEN("nvme0n1", "/dev/nvme0n1"),
	OPEN("dm-0", "/dev/dm-0"),
	OPEN("sg0", "/dev/sg0", .who = NEVER_AS_ROOT),
	OPEN("usb", "/dev/bus/usb/001/001"),
	NODE("char", "a character device that does not exist", S_IFCHR, NO_MAJOR, NO_MINOR),
	NODE("block", "a block device that does not exist", S_IFBLK, NO_MAJOR, NO_MINOR),
	NODE("mem", "a node with /dev/mem's number", S_IFCHR, MEM_MAJOR, MEM_MINOR),
	NODE("vda", "a node with the first virtual disk's number", S_IFBLK, VDA_MAJOR, 0),
	NODE("whiteout", "an overlay's whiteout: character device 0:0", S_IFCHR, 0, 0),
};

const struct category device_probes = CATEGORY("devices", probes);
