/**
 * Which calls of a launch are guards: calls that take a right away, set a
 * bound or close a way, and whose success nobody would notice by what follows.
 */
import type { Call } from './tracer.js';

/** What the call returns where it succeeds; undefined: this use of it is no guard. */
type Success = (call: Call) => bigint | undefined;

const zero: Success = () => 0n;
const asRecorded: Success = ({ result }) => result;
const where =
  (holds: (call: Call) => boolean, success: Success = zero): Success =>
  (call) =>
    holds(call) ? success(call) : undefined;
const argument = (call: Call, index: number): bigint => call.arguments[index] ?? 0n;

/** prctl(2) options that only ask. */
const ASKING = new Set([
  2n /* PR_GET_PDEATHSIG */,
  3n /* PR_GET_DUMPABLE */,
  21n /* PR_GET_SECCOMP */,
  23n /* PR_CAPBSET_READ */,
  27n /* PR_GET_SECUREBITS */,
  39n /* PR_GET_NO_NEW_PRIVS */,
]);
const NET_AND_TERMINAL = new Set([0x8914n /* SIOCSIFFLAGS */, 0x540en /* TIOCSCTTY */, 0x40045431n /* TIOCSPTLCK */]);

const GUARDS: Readonly<Record<string, Success>> = {
  capset: zero,
  chdir: zero,
  close_range: zero,
  dup2: asRecorded,
  fchdir: zero,
  fchmod: zero,
  fchmodat: zero,
  fchown: zero,
  fcntl: where((call) => argument(call, 1) === 2n /* F_SETFD */),
  flock: zero,
  fsconfig: zero,
  ioctl: where((call) => NET_AND_TERMINAL.has(argument(call, 1))),
  landlock_add_rule: zero,
  landlock_restrict_self: zero,
  mount: zero,
  mount_setattr: zero,
  move_mount: zero,
  pivot_root: zero,
  prctl: where((call) => !ASKING.has(argument(call, 0))),
  prlimit64: where((call) => argument(call, 2) !== 0n),
  rt_sigprocmask: where((call) => argument(call, 1) !== 0n),
  seccomp: asRecorded,
  setgroups: zero,
  sethostname: zero,
  setresgid: zero,
  setresuid: zero,
  setsid: () => 2n,
  timerfd_settime: zero,
  umask: asRecorded,
  umount2: zero,
  unshare: zero,
  write: asRecorded,
};

/** What `call` must return to be a guard that silently does nothing; undefined: it is none. */
export const silentSuccess = (call: Call): bigint | undefined => GUARDS[call.name]?.(call);
