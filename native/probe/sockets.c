/*
 * sockets.c - what can be reached from here, and options that need privilege.
 *
 * Nothing is sent: a connected datagram socket only chooses a route. Options
 * are set on sockets of the probe's own. socket(7), ip(7), unix(7), netdevice(7).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

enum { DISCARD_PORT = 9, HIGHEST_INDEX = 64, INFO_OF_IPTABLES = 64, ETHTOOL = SIOCETHTOOL };

static const char default_abstract[] = "sandbox-probe";

/* The routes that "connected" could take need no packet; a refusal to make the socket is an answer too. */
static void judge_route(struct outcome *outcome, int made, long result)
{
	int error = errno;
	if (made == -1)
		judge_presence(outcome, -1);
	else if (result == -1 && (error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL))
		conclude(outcome, DENIED, error, "no route");
	else
		judge_with(outcome, result, NULL, 0);
}

static void choose_route(const struct probe *probe, struct outcome *outcome)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(DISCARD_PORT) };
	int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, probe->path, &address.sin_addr);
	long result = made == -1 ? -1 : connect(made, (struct sockaddr *)&address, sizeof address);
	judge_route(outcome, made, result);
}

static void choose_route6(const struct probe *probe, struct outcome *outcome)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(DISCARD_PORT) };
	int made = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET6, probe->path, &address.sin6_addr);
	long result = made == -1 ? -1 : connect(made, (struct sockaddr *)&address, sizeof address);
	judge_route(outcome, made, result);
}

/*
 * Someone listens there outside; abstract names belong to the network namespace.
 * Some listeners' names are as long as the address, with zeros at the end.
 */
static void connect_abstract(const struct probe *probe, struct outcome *outcome)
{
	const char *name = getenv("PROBE_ABSTRACT");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	(void)probe;
	if (name == NULL)
		name = default_abstract;
	size_t length = strnlen(name, sizeof address.sun_path - 1);
	memcpy(address.sun_path + 1, name, length);
	const size_t sizes[] = { offsetof(struct sockaddr_un, sun_path) + 1 + length, sizeof address };
	int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = -1;
	for (size_t i = 0; made != -1 && result == -1 && i < COUNT(sizes); i++)
		result = connect(made, (struct sockaddr *)&address, (socklen_t)sizes[i]);
	if (result == -1 && errno == ECONNREFUSED)
		conclude(outcome, DENIED, ECONNREFUSED, "nobody of that name here");
	else
		judge_with(outcome, result, NULL, 0);
}

/* By index, for which no netlink is needed. */
static void list_interfaces(const struct probe *probe, struct outcome *outcome)
{
	int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[IF_NAMESIZE], line[256];
	(void)probe;
	FILE *file = fopen("/proc/self/net/dev", "re");
	for (int number = 0; file != NULL && fgets(line, sizeof line, file) != NULL; number++)
		if (number > 1 && sscanf(line, " %15[^:]", name) == 1 && strcmp(name, "lo") != 0) {
			judge_state(outcome, 0, name);
			return;
		}
	for (int index = 1; made != -1 && index < HIGHEST_INDEX; index++) {
		struct ifreq request = { .ifr_ifindex = index };
		if (ioctl(made, SIOCGIFNAME, &request) == 0 && strcmp(request.ifr_name, "lo") != 0) {
			judge_state(outcome, 0, request.ifr_name);
			return;
		}
	}
	judge_state(outcome, 1, "");
}

static void bind_low_port(const struct probe *probe, struct outcome *outcome)
{
	static const int taken[] = { EADDRINUSE };
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)probe->arguments[0]) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long result = made == -1 ? -1 : bind(made, (struct sockaddr *)&address, sizeof address);
	judge_with(outcome, result, taken, COUNT(taken));
}

/* Where AF_INET is denied, many options can still be tried on a unix socket. */
static int any_socket(int type)
{
	int made = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	return made != -1 ? made : socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
}

/* EOPNOTSUPP: a unix socket has no such option, and no other socket was to be had. */
static void judge_option(const struct probe *probe, struct outcome *outcome, long result)
{
	if (result == -1 && errno == EOPNOTSUPP)
		conclude(outcome, DENIED, EOPNOTSUPP, "no socket that has the option");
	else
		judge(outcome, probe, result);
}

/* Of an interface that does not exist. Without any socket, a bad descriptor still meets a filter. */
static void control_interface(const struct probe *probe, struct outcome *outcome)
{
	struct ifreq request = { .ifr_name = "probe-none0" };
	judge(outcome, probe, ioctl(any_socket(SOCK_DGRAM), (unsigned long)probe->arguments[0], &request));
}

/* arguments: level, name, value, type of the socket */
static void set_option(const struct probe *probe, struct outcome *outcome)
{
	int value = (int)probe->arguments[2];
	int made = any_socket((int)probe->arguments[3]);
	judge_option(probe, outcome,
		     syscall(SYS_setsockopt, made, probe->arguments[0], probe->arguments[1], &value,
			     sizeof value));
}

static void attach_filter(const struct probe *probe, struct outcome *outcome)
{
	struct sock_filter keep_all = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	struct sock_fprog program = { 1, &keep_all };
	judge_option(
		probe, outcome,
		setsockopt(any_socket(SOCK_DGRAM), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

static void use_module(const struct probe *probe, struct outcome *outcome)
{
	judge_option(probe, outcome,
		     setsockopt(any_socket(SOCK_STREAM), IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls"));
}

static void find_service(const struct probe *probe, struct outcome *outcome)
{
	judge_presence(outcome, access(probe->path, F_OK));
}

#define SERVICE(name, file) PROBE("sock.service." name, "access", file " exists", find_service, .path = file)
#define INTERFACE(name, request, said, ...)                                                                  \
	PROBE("sock." name, "ioctl", said, control_interface, ARGS(request), __VA_ARGS__)
#define OPTION(name, said, level, option, value, type, ...)                                                  \
	PROBE("sock.option." name, "setsockopt", said, set_option, ARGS(level, option, value, type),         \
	      __VA_ARGS__)

static const struct probe probes[] = {
	PROBE("sock.route.default", "connect", "a route to 192.0.2.1, nothing sent", choose_route,
	      .path = "192.0.2.1"),
	PROBE("sock.route.metadata", "connect", "a route to 169.254.169.254, nothing sent", choose_route,
	      .path = "169.254.169.254"),
	PROBE("sock.route.default6", "connect", "a route to 2001:db8::1, nothing sent", choose_route6,
	      .path = "2001:db8::1"),
	PROBE("sock.abstract", "connect", "the abstract unix socket PROBE_ABSTRACT", connect_abstract),
	PROBE("sock.interfaces", "state", "no interface beside the loopback", list_interfaces),
	PROBE("sock.bind.low", "bind", "port 7 of the loopback, for which privilege is needed", bind_low_port,
	      ARGS(7)),
	INTERFACE("if-flags", SIOCSIFFLAGS, "flags of an interface that does not exist", THROUGH(ENODEV)),
	INTERFACE("if-address", SIOCSIFADDR, "the address of an interface that does not exist",
		  THROUGH(ENODEV, EINVAL)),
	INTERFACE("if-name", SIOCSIFNAME, "the name of an interface that does not exist", THROUGH(ENODEV)),
	INTERFACE("if-mtu", SIOCSIFMTU, "the MTU of an interface that does not exist", THROUGH(ENODEV)),
	INTERFACE("if-bridge", SIOCBRDELBR, "to remove a bridge that does not exist",
		  THROUGH(ENXIO, ENOPKG, ENODEV)),
	INTERFACE("if-ethtool", ETHTOOL,
		  "driver commands for an interface that does not exist (a filter's to stop)",
		  THROUGH(ENODEV, EFAULT)),
	OPTION("mark", "SO_MARK on its own socket", SOL_SOCKET, SO_MARK, 1, SOCK_DGRAM),
	OPTION("transparent", "IP_TRANSPARENT on its own socket", IPPROTO_IP, IP_TRANSPARENT, 1, SOCK_DGRAM),
	OPTION("rcvbufforce", "SO_RCVBUFFORCE on its own socket", SOL_SOCKET, SO_RCVBUFFORCE, 4096,
	       SOCK_DGRAM),
	OPTION("sndbufforce", "SO_SNDBUFFORCE on its own socket", SOL_SOCKET, SO_SNDBUFFORCE, 4096,
	       SOCK_DGRAM),
	OPTION("priority", "SO_PRIORITY 7 on its own socket", SOL_SOCKET, SO_PRIORITY, 7, SOCK_DGRAM),
	OPTION("debug", "SO_DEBUG on its own socket", SOL_SOCKET, SO_DEBUG, 1, SOCK_DGRAM),
	OPTION("bindtodevice", "SO_BINDTODEVICE of an interface that does not exist (a filter's to stop)",
	       SOL_SOCKET, SO_BINDTODEVICE, 0x78, SOCK_DGRAM, THROUGH(ENODEV)),
	OPTION("attach-bpf", "a bpf program of no descriptor (a filter's to stop)", SOL_SOCKET, SO_ATTACH_BPF,
	       -1, SOCK_DGRAM, THROUGH(EBADF, EINVAL)),
	PROBE("sock.option.attach-filter", "setsockopt", "a classic bpf program on its own socket",
	      attach_filter),
	OPTION("iptables", "the packet filter's tables replaced by nothing", IPPROTO_IP, INFO_OF_IPTABLES, 0,
	       SOCK_RAW, THROUGH(EINVAL, EFAULT, ENOPROTOOPT)),
	OPTION("tcp-repair", "TCP_REPAIR on its own socket", IPPROTO_TCP, TCP_REPAIR, 1, SOCK_STREAM),
	PROBE("sock.option.tcp-ulp", "setsockopt",
	      "a protocol module above its own socket (a filter's to stop)", use_module,
	      THROUGH(ENOTCONN, ENOENT)),
	SERVICE("docker", "/run/docker.sock"),
	SERVICE("docker-var", "/var/run/docker.sock"),
	SERVICE("containerd", "/run/containerd/containerd.sock"),
	SERVICE("crio", "/run/crio/crio.sock"),
	SERVICE("podman", "/run/podman/podman.sock"),
	SERVICE("systemd", "/run/systemd/private"),
	SERVICE("notify", "/run/systemd/notify"),
	SERVICE("journal", "/run/systemd/journal/socket"),
	SERVICE("dbus", "/run/dbus/system_bus_socket"),
	SERVICE("udev", "/run/udev/control"),
	SERVICE("snapd", "/run/snapd.socket"),
	SERVICE("libvirt", "/run/libvirt/libvirt-sock"),
	SERVICE("nscd", "/run/nscd/socket"),
	SERVICE("x11", "/tmp/.X11-unix"),
};

const struct category socket_probes = CATEGORY("sockets", probes);
