/**
 * Arguments that policies may put conditions on: position, width of the C type
 * that the kernel reads, and the names its values have.
 *
 * Only what is decided by the register alone is here: a pointer has no value
 * that a filter could judge.
 *
 * @see man 2 of each call; the kernel's SYSCALL_DEFINE of it for the widths
 */
import type { ArgumentIndex } from '../seccomp/filter.js';
import * as K from './constants.js';
import * as N from './constants-net.js';

export type Argument = {
  readonly index: ArgumentIndex;
  readonly width: 32 | 64;
  readonly values: Readonly<Record<string, bigint>>;
};

const int = (index: ArgumentIndex, values: Argument['values'] = K.NONE): Argument => ({ index, width: 32, values });
const long = (index: ArgumentIndex, values: Argument['values'] = K.NONE): Argument => ({ index, width: 64, values });

/** Call → name of an argument → what is known of it. */
export const ARGUMENTS: Readonly<Record<string, Readonly<Record<string, Argument>>>> = {
  accept4: { flags: int(3, N.SOCKET_TYPE) },
  arch_prctl: { code: int(0) },
  chmod: { mode: int(1, K.MODE) },
  /** The kernel reads the low half of the flags alone. */
  clone: { flags: int(0, K.CLONE) },
  close_range: { first: int(0), last: int(1), flags: int(2) },
  creat: { mode: int(1, K.MODE) },
  execveat: { flags: int(4) },
  fallocate: { mode: int(1) },
  fchmod: { mode: int(1, K.MODE) },
  fchmodat: { mode: int(2, K.MODE) },
  fchmodat2: { mode: int(2, K.MODE), flags: int(3) },
  fcntl: { fd: int(0), command: int(1) },
  futex: { operation: int(1) },
  getrandom: { flags: int(2) },
  getsockopt: { level: int(1, N.OPTION_LEVEL), option: int(2, N.OPTION) },
  ioctl: { fd: int(0), request: int(1, K.IOCTL) },
  kill: { pid: int(0), signal: int(1) },
  madvise: { length: long(1), advice: int(2) },
  memfd_create: { flags: int(1, N.MEMFD) },
  mkdir: { mode: int(1, K.MODE) },
  mkdirat: { mode: int(2, K.MODE) },
  mknod: { mode: int(1, K.MODE) },
  mknodat: { mode: int(2, K.MODE) },
  mmap: { length: long(1), protection: long(2, K.PROTECTION), flags: long(3, K.MAPPING) },
  mprotect: { length: long(1), protection: long(2, K.PROTECTION) },
  mq_open: { flags: int(1, K.OPEN), mode: int(2, K.MODE) },
  mremap: { oldLength: long(1), newLength: long(2), flags: long(3) },
  open: { flags: int(1, K.OPEN), mode: int(2, K.MODE) },
  openat: { flags: int(2, K.OPEN), mode: int(3, K.MODE) },
  personality: { persona: int(0, K.PERSONALITY) },
  pkey_mprotect: { length: long(1), protection: long(2, K.PROTECTION) },
  prctl: { option: int(0, K.PRCTL), argument: long(1, K.PRCTL_ARGUMENT) },
  prlimit64: { pid: int(0), resource: int(1) },
  recvfrom: { flags: int(3, N.MESSAGE) },
  recvmsg: { flags: int(2, N.MESSAGE) },
  renameat2: { flags: int(4) },
  sched_setaffinity: { pid: int(0) },
  sched_setattr: { pid: int(0), flags: int(2) },
  sched_setparam: { pid: int(0) },
  sched_setscheduler: { pid: int(0), policy: int(1) },
  seccomp: { operation: int(0, K.SECCOMP_OPERATION), flags: int(1, K.SECCOMP_FLAG) },
  sendmmsg: { flags: int(3, N.MESSAGE) },
  sendmsg: { flags: int(2, N.MESSAGE) },
  sendto: { flags: int(3, N.MESSAGE) },
  setpriority: { which: int(0), who: int(1), priority: int(2) },
  setrlimit: { resource: int(0) },
  setsockopt: { level: int(1, N.OPTION_LEVEL), option: int(2, N.OPTION) },
  shmat: { flags: int(2, N.SHM_ATTACH) },
  shmget: { flags: int(2) },
  socket: { family: int(0, N.ADDRESS_FAMILY), type: int(1, N.SOCKET_TYPE), protocol: int(2, N.PROTOCOL) },
  socketpair: { family: int(0, N.ADDRESS_FAMILY), type: int(1, N.SOCKET_TYPE), protocol: int(2, N.PROTOCOL) },
  splice: { flags: int(5) },
  tgkill: { threadGroup: int(0), thread: int(1), signal: int(2) },
  tkill: { thread: int(0), signal: int(1) },
  unshare: { flags: long(0, K.CLONE) },
  vmsplice: { flags: int(3) },
  waitid: { which: int(0), options: int(3) },
};
