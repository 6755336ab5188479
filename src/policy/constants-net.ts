/** The kernel's names for values of arguments of socket calls and of IPC. The same test as constants.ts. */
type Family = Readonly<Record<string, bigint>>;

/** @see socket(2) */
export const ADDRESS_FAMILY: Family = {
  AF_UNSPEC: 0n,
  AF_UNIX: 1n,
  AF_INET: 2n,
  AF_INET6: 10n,
  AF_NETLINK: 16n,
  AF_PACKET: 17n,
  AF_ALG: 38n,
  AF_VSOCK: 40n,
};
export const SOCKET_TYPE: Family = {
  SOCK_STREAM: 1n,
  SOCK_DGRAM: 2n,
  SOCK_RAW: 3n,
  SOCK_SEQPACKET: 5n,
  /** What is left without SOCK_NONBLOCK and SOCK_CLOEXEC; the kernel's own SOCK_TYPE_MASK. */
  SOCK_TYPE_MASK: 0xfn,
  SOCK_NONBLOCK: 0x800n,
  SOCK_CLOEXEC: 0x80000n,
};
/** One number has one meaning a family. */
export const PROTOCOL: Family = {
  IPPROTO_IP: 0n,
  IPPROTO_ICMP: 1n,
  IPPROTO_TCP: 6n,
  IPPROTO_UDP: 17n,
  NETLINK_ROUTE: 0n,
  NETLINK_AUDIT: 9n,
};

/** @see setsockopt(2), tcp(7), ipv6(7) */
export const OPTION_LEVEL: Family = {
  SOL_IP: 0n,
  SOL_SOCKET: 1n,
  SOL_TCP: 6n,
  SOL_UDP: 17n,
  SOL_IPV6: 41n,
  SOL_NETLINK: 270n,
};
/** @see socket(7), ip(7), tcp(7), ipv6(7): one number has one meaning a level */
export const OPTION: Family = {
  SO_DEBUG: 1n,
  SO_REUSEADDR: 2n,
  SO_TYPE: 3n,
  SO_ERROR: 4n,
  SO_DONTROUTE: 5n,
  SO_BROADCAST: 6n,
  SO_SNDBUF: 7n,
  SO_RCVBUF: 8n,
  SO_KEEPALIVE: 9n,
  SO_OOBINLINE: 10n,
  SO_PRIORITY: 12n,
  SO_LINGER: 13n,
  SO_REUSEPORT: 15n,
  SO_PASSCRED: 16n,
  SO_PEERCRED: 17n,
  SO_RCVLOWAT: 18n,
  SO_RCVTIMEO: 20n,
  SO_SNDTIMEO: 21n,
  SO_ATTACH_FILTER: 26n,
  SO_TIMESTAMP: 29n,
  SO_RCVBUFFORCE: 33n,
  SO_MARK: 36n,
  SO_ATTACH_BPF: 50n,
  TCP_NODELAY: 1n,
  TCP_MAXSEG: 2n,
  TCP_CORK: 3n,
  TCP_KEEPIDLE: 4n,
  TCP_KEEPINTVL: 5n,
  TCP_KEEPCNT: 6n,
  TCP_DEFER_ACCEPT: 9n,
  TCP_INFO: 11n,
  TCP_QUICKACK: 12n,
  TCP_USER_TIMEOUT: 18n,
  TCP_FASTOPEN: 23n,
  IPV6_V6ONLY: 26n,
  IP_TOS: 1n,
  IP_TRANSPARENT: 19n,
};

/** @see send(2) */
export const MESSAGE: Family = { MSG_OOB: 1n, MSG_PEEK: 2n, MSG_DONTWAIT: 0x40n, MSG_NOSIGNAL: 0x4000n };

/** @see shmget(2), shmop(2) */
export const SHM_ATTACH: Family = { SHM_RDONLY: 0o10000n, SHM_EXEC: 0o100000n };

/** @see memfd_create(2) */
export const MEMFD: Family = {
  MFD_CLOEXEC: 1n,
  MFD_ALLOW_SEALING: 2n,
  MFD_HUGETLB: 4n,
  MFD_NOEXEC_SEAL: 8n,
  MFD_EXEC: 16n,
};
