/*
 * socket_families.c - sockets of every family that a compute workload has no use for.
 *
 * Made and closed; nothing is sent. A family that the kernel lacks is
 * unsupported. socket(2), address_families(7).
 */
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

enum {
	PROTOCOL_MPTCP = 262,
	PROTOCOL_UDPLITE = 136,
	PROTOCOL_DCCP = 33,
	PROTOCOL_SCTP = 132,
	SOCKET_DCCP = 6
};
enum {
	FAMILY_SMC = 43,
	FAMILY_XDP = 44,
	FAMILY_MCTP = 45,
	FAMILY_QIPCRTR = 42,
	FAMILY_KCM = 41,
	FAMILY_VSOCK = 40
};
enum { ETHERNET_ALL = 0x0300 };

static void make_socket(const struct probe *probe, struct outcome *outcome)
{
	judge_presence(outcome,
		       syscall(SYS_socket, probe->arguments[0], probe->arguments[1], probe->arguments[2]));
}

static void make_pair(const struct probe *probe, struct outcome *outcome)
{
	int ends[2];
	static const int no_pairs[] = { EOPNOTSUPP };
	long result =
		syscall(SYS_socketpair, probe->arguments[0], probe->arguments[1], probe->arguments[2], ends);
	if (result == -1 && errno == EOPNOTSUPP)
		judge_with(outcome, result, no_pairs, COUNT(no_pairs));
	else
		judge_presence(outcome, result);
}

#define SOCKET(name, said, ...) PROBE("sock." name, "socket", said, make_socket, ARGS(__VA_ARGS__))
#define NETLINK(name, protocol) SOCKET("netlink." name, "AF_NETLINK " name, AF_NETLINK, SOCK_RAW, protocol)
#define RAW			SOCK_RAW, 0
#define DATAGRAM		SOCK_DGRAM, 0
#define SEQUENCED		SOCK_SEQPACKET, 0

static const struct probe probes[] = {
	SOCKET("packet.raw", "AF_PACKET raw", AF_PACKET, SOCK_RAW, ETHERNET_ALL),
	SOCKET("packet.dgram", "AF_PACKET datagram", AF_PACKET, SOCK_DGRAM, ETHERNET_ALL),
	SOCKET("packet.old", "the old packet socket of AF_INET", AF_INET, SOCK_PACKET, ETHERNET_ALL),
	SOCKET("raw.icmp", "raw ICMP", AF_INET, SOCK_RAW, IPPROTO_ICMP),
	SOCKET("raw.icmp6", "raw ICMPv6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6),
	SOCKET("raw.tcp", "raw TCP", AF_INET, SOCK_RAW, IPPROTO_TCP),
	SOCKET("raw.ip", "raw IP", AF_INET, SOCK_RAW, IPPROTO_RAW),
	SOCKET("raw.high-bits", "raw ICMP, garbage in the family's upper half", AF_INET | (1L << 40),
	       SOCK_RAW, IPPROTO_ICMP),
	SOCKET("ping", "ICMP datagram", AF_INET, SOCK_DGRAM, IPPROTO_ICMP),
	SOCKET("mptcp", "multipath TCP", AF_INET, SOCK_STREAM, PROTOCOL_MPTCP),
	SOCKET("sctp", "SCTP", AF_INET, SOCK_STREAM, PROTOCOL_SCTP),
	SOCKET("sctp.seqpacket", "SCTP, one to many", AF_INET, SOCK_SEQPACKET, PROTOCOL_SCTP),
	SOCKET("dccp", "DCCP", AF_INET, SOCKET_DCCP, PROTOCOL_DCCP),
	SOCKET("udplite", "UDP-Lite", AF_INET, SOCK_DGRAM, PROTOCOL_UDPLITE),
	NETLINK("route", NETLINK_ROUTE),
	NETLINK("usersock", NETLINK_USERSOCK),
	NETLINK("sock_diag", NETLINK_SOCK_DIAG),
	NETLINK("nflog", NETLINK_NFLOG),
	NETLINK("xfrm", NETLINK_XFRM),
	NETLINK("selinux", NETLINK_SELINUX),
	NETLINK("iscsi", NETLINK_ISCSI),
	NETLINK("audit", NETLINK_AUDIT),
	NETLINK("fib_lookup", NETLINK_FIB_LOOKUP),
	NETLINK("connector", NETLINK_CONNECTOR),
	NETLINK("netfilter", NETLINK_NETFILTER),
	NETLINK("kobject_uevent", NETLINK_KOBJECT_UEVENT),
	NETLINK("generic", NETLINK_GENERIC),
	NETLINK("scsitransport", NETLINK_SCSITRANSPORT),
	NETLINK("ecryptfs", NETLINK_ECRYPTFS),
	NETLINK("rdma", NETLINK_RDMA),
	NETLINK("crypto", NETLINK_CRYPTO),
	NETLINK("smc", NETLINK_SMC),
	SOCKET("vsock.stream", "AF_VSOCK stream", FAMILY_VSOCK, SOCK_STREAM, 0),
	SOCKET("vsock.dgram", "AF_VSOCK datagram", FAMILY_VSOCK, DATAGRAM),
	SOCKET("vsock.seqpacket", "AF_VSOCK sequenced packets", FAMILY_VSOCK, SEQUENCED),
	SOCKET("alg", "AF_ALG", AF_ALG, SEQUENCED),
	SOCKET("xdp", "AF_XDP", FAMILY_XDP, RAW),
	SOCKET("bluetooth", "AF_BLUETOOTH HCI", AF_BLUETOOTH, SOCK_RAW, 1),
	SOCKET("bluetooth.l2cap", "AF_BLUETOOTH L2CAP", AF_BLUETOOTH, SOCK_SEQPACKET, 0),
	SOCKET("can", "AF_CAN", AF_CAN, SOCK_RAW, 1),
	SOCKET("can.bcm", "AF_CAN broadcast manager", AF_CAN, SOCK_DGRAM, 2),
	SOCKET("nfc", "AF_NFC", AF_NFC, SEQUENCED),
	SOCKET("rds", "AF_RDS", AF_RDS, SEQUENCED),
	SOCKET("tipc", "AF_TIPC", AF_TIPC, SOCK_RDM, 0),
	SOCKET("smc", "AF_SMC", FAMILY_SMC, SOCK_STREAM, 0),
	SOCKET("kcm", "AF_KCM", FAMILY_KCM, DATAGRAM),
	SOCKET("key", "AF_KEY", AF_KEY, SOCK_RAW, 2),
	SOCKET("appletalk", "AF_APPLETALK", AF_APPLETALK, DATAGRAM),
	SOCKET("ipx", "AF_IPX", AF_IPX, DATAGRAM),
	SOCKET("ax25", "AF_AX25", AF_AX25, DATAGRAM),
	SOCKET("x25", "AF_X25", AF_X25, SEQUENCED),
	SOCKET("netrom", "AF_NETROM", AF_NETROM, SEQUENCED),
	SOCKET("rose", "AF_ROSE", AF_ROSE, SEQUENCED),
	SOCKET("decnet", "AF_DECnet", AF_DECnet, SEQUENCED),
	SOCKET("econet", "AF_ECONET", AF_ECONET, DATAGRAM),
	SOCKET("irda", "AF_IRDA", AF_IRDA, SEQUENCED),
	SOCKET("atmpvc", "AF_ATMPVC", AF_ATMPVC, DATAGRAM),
	SOCKET("atmsvc", "AF_ATMSVC", AF_ATMSVC, DATAGRAM),
	SOCKET("llc", "AF_LLC", AF_LLC, DATAGRAM),
	SOCKET("pppox", "AF_PPPOX", AF_PPPOX, SOCK_STREAM, 0),
	SOCKET("rxrpc", "AF_RXRPC", AF_RXRPC, SOCK_DGRAM, AF_INET),
	SOCKET("isdn", "AF_ISDN", AF_ISDN, RAW),
	SOCKET("phonet", "AF_PHONET", AF_PHONET, DATAGRAM),
	SOCKET("ieee802154", "AF_IEEE802154", AF_IEEE802154, DATAGRAM),
	SOCKET("caif", "AF_CAIF", AF_CAIF, SEQUENCED),
	SOCKET("qipcrtr", "AF_QIPCRTR", FAMILY_QIPCRTR, DATAGRAM),
	SOCKET("mctp", "AF_MCTP", FAMILY_MCTP, DATAGRAM),
	PROBE("sock.pair.tipc", "socketpair", "a pair of AF_TIPC", make_pair,
	      ARGS(AF_TIPC, SOCK_SEQPACKET, 0)),
	PROBE("sock.pair.inet", "socketpair", "a pair of AF_INET (a filter's to stop)", make_pair,
	      ARGS(AF_INET, SOCK_STREAM, 0)),
};

const struct category socket_family_probes = CATEGORY("sockets", probes);
