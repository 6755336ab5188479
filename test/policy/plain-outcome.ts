/**
 * What a policy says of single calls and paths, evaluated rule by rule from
 * its text: the brute force that comparisons are held against.
 */
import type { CallRule, Filesystem, PolicyMeaning, Syscalls } from '../../src/policy/policy.js';
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64 } from '../../src/seccomp/bpf.js';
import { holdsAll } from './meaning.js';

export type PlainCall = { readonly arch: number; readonly nr: number; readonly args: readonly bigint[] };

const NUMBERS = { read: 0, mremap: 25, kill: 62, unshare: 272 } as const;
/** Known to the edition and named by no random rule; unknown to it; of x32. */
const OTHERS = [39, 9999, 0x4000_0000];
/** Where their two lowest bits and the rest, below and above bit 31, are alike, no random rule tells two values apart. */
const VALUES = [0n, 4n, 1n << 32n].flatMap((base) => [0n, 1n, 2n, 3n].map((low) => base + low));

/** A call for every way in which random policies can decide. */
export const EVERY_CALL: readonly PlainCall[] = [
  ...[NUMBERS.read, ...OTHERS].map((nr) => ({ arch: AUDIT_ARCH_X86_64, nr, args: [] })),
  { arch: AUDIT_ARCH_I386, nr: 0, args: [] },
  { arch: 0xc000_00b7, nr: 0, args: [] },
  ...VALUES.map((value) => ({ arch: AUDIT_ARCH_X86_64, nr: NUMBERS.unshare, args: [value] })),
  ...VALUES.flatMap((first) =>
    VALUES.flatMap((second) => [
      { arch: AUDIT_ARCH_X86_64, nr: NUMBERS.kill, args: [first, second] },
      { arch: AUDIT_ARCH_X86_64, nr: NUMBERS.mremap, args: [0n, first, second] },
    ]),
  ),
];

const NAMES = new Map<number, string>(Object.entries(NUMBERS).map(([name, nr]) => [nr, name]));

/** In the words of the comparison. */
export function plainOutcome(syscalls: Syscalls, { arch, nr, args }: PlainCall): string {
  if (arch !== AUDIT_ARCH_X86_64 || nr >= 0x4000_0000) return syscalls.onForeign.errno;
  if (nr === 9999) return syscalls.onUnknown.errno;
  const name = NAMES.get(nr) ?? '';
  const matches = ({ calls }: CallRule): boolean => (calls[name] ?? []).some((when) => holdsAll(when, args));
  const forbidden = syscalls.forbid.find(matches);
  if (forbidden !== undefined) return forbidden.action === 'errno' ? forbidden.errno : 'process killed';
  if (syscalls.observe.some(matches)) return 'allowed and recorded';
  if (syscalls.allow.some(matches)) return 'allowed';
  const quiet = syscalls.quiet.find(matches);
  if (quiet !== undefined) return `${quiet.errno}, unrecorded`;
  return (syscalls.answers.find(matches) ?? syscalls.onDeny).errno;
}

const isBelow = (path: string, above: string): boolean =>
  above === '/' || path === above || path.startsWith(`${above}/`);

export function plainRights({ allow }: Filesystem, path: string): Set<string> {
  return new Set(
    allow.flatMap(({ paths, access }) => (paths.some((above) => isBelow(path, above)) ? [...access] : [])),
  );
}

function isPresent({ proc }: Filesystem, path: string): boolean {
  if (!path.startsWith('/proc/')) return true;
  return proc === 'masked' || (proc === 'pids' && path === '/proc/self');
}

export function plainVisible(filesystem: Filesystem, path: string): boolean {
  const masked = filesystem.mask.some(({ paths }) => paths.some((above) => isBelow(path, above)));
  return isPresent(filesystem, path) && !masked;
}

/** Whether the mount that holds `path` takes writing. */
export function plainWritable(filesystem: Filesystem, path: string): boolean {
  if (!isPresent(filesystem, path)) return false;
  if (filesystem.readOnly.some(({ paths }) => paths.some((above) => isBelow(path, above)))) return false;
  for (let here = path; here !== '/'; here = here.slice(0, here.lastIndexOf('/')) || '/') {
    if (filesystem.scratch.some((one) => one.path === here)) return true;
    const mount = filesystem.mounts.find((one) => one.to === here);
    if (mount !== undefined) return mount.access === 'read-write';
    if (here === '/proc' && filesystem.proc !== 'none') return true;
  }
  return filesystem.root === 'writable';
}

/** What is asked of every other setting: two policies that say the same here differ in nothing else. */
export function plainSettings(policy: PolicyMeaning): Record<string, unknown> {
  const { process, network, resources, audit, image, requires, filesystem, lock } = policy;
  const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
  return {
    '/process/capabilities': sorted(process.capabilities.map(({ cap }) => cap)),
    '/process/env/pass': sorted(process.pass.flatMap(({ names }) => names)),
    '/process/env/set': Object.entries(process.set).sort(),
    '/process/rlimits': Object.entries(process.rlimits).sort(),
    '/process/user': [process.user.uid, process.user.otherwise.uid, process.user.otherwise.gid],
    '/network/mode': network.mode,
    '/network/listen': sorted(network.listen.map(({ port, protocol }) => `${port}/${protocol}`)),
    '/network/connect': sorted(network.connect.map(({ host, port, protocol }) => `${host}:${port}/${protocol}`)),
    '/resources': [resources.memory, resources.swap, resources.pids, resources.cpuMillis, resources.wallSeconds],
    '/audit': [audit.quota, audit.durability],
    '/image': [image.signature, image.pinDigest],
    '/requires': [requires.landlock, requires.cgroup],
    '/lock': sorted(lock.map(({ pointer }) => pointer)),
    '/filesystem/root': filesystem.root,
    '/filesystem/rootSize': filesystem.root === 'writable' ? filesystem.rootSize : 0n,
    '/filesystem/proc': filesystem.proc,
    '/filesystem/dev': filesystem.dev,
    '/filesystem/shmSize': filesystem.dev === 'minimal' ? filesystem.shmSize : 0n,
    '/filesystem/scratch': filesystem.scratch
      .map(({ path, size, files, mode, flags }) =>
        [path, size, files, mode, flags.noexec, flags.nosuid, flags.nodev].join(' '),
      )
      .sort(),
    '/filesystem/mounts': filesystem.mounts
      .map(({ from, to, access, flags }) => [to, from, access, flags.noexec, flags.nosuid, flags.nodev].join(' '))
      .sort(),
  };
}
