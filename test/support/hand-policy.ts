/** A policy written out by hand, with every mechanism in it, for tests of the launcher. */
import { certify } from '../../src/policy/certificate.js';
import type { CompiledPolicy, MountOperation } from '../../src/policy/compiled.js';
import { compileProved } from '../../src/seccomp/checked.js';
import { allSyscalls } from '../../src/seccomp/syscalls.js';
import { filterOf, rule } from './filters.js';

const MIB = 1n << 20n;
const REFUSED = new Set(['mount', 'ptrace', 'unshare', 'setns', 'bpf', 'reboot', 'execve', 'execveat']);
const flags = { noexec: true, nosuid: true, nodev: true } as const;
const LANDLOCK_FS = 0xffffn;
const EXECUTE_READ = 0b1101n;
const ALL_BUT_DEVICES = 0x7fffn;
const WRITE_READ_IOCTL = 0b1000_0000_0000_1110n;

/** Allows all but a few calls; the folder `shared` of the host is the workload's /shared. */
export function handPolicy(shared: string, besides: readonly string[] = []): CompiledPolicy {
  const allowed = allSyscalls.filter(({ name }) => !REFUSED.has(name) || besides.includes(name));
  const filter = filterOf(allowed.map(({ name }) => rule(name)));
  const { program, proof } = compileOnce(filter);
  const subject = { name: 'hand', version: '1.0.0', digest: `sha256:${'0'.repeat(64)}` } as const;
  return {
    name: subject.name,
    digest: subject.digest,
    canonical: '{}',
    filter,
    program,
    certificate: certify(subject, program, proof),
    refusals: [
      {
        syscall: 'mount',
        nr: 165,
        when: [],
        answer: { kind: 'errno', errno: 1 },
        rule: 'hand.json#/syscalls/forbid/0',
      },
    ],
    onDeny: { errno: 1, rule: 'hand.json#/syscalls/onDeny' },
    onUnknown: { errno: 38, rule: 'hand.json#/syscalls/onUnknown' },
    onForeign: { errno: 38, rule: 'hand.json#/syscalls/onForeign' },
    knownCalls: allSyscalls.map(({ nr }) => nr),
    capabilities: { bounding: 0n, permitted: 0n, effective: 0n, inheritable: 0n, ambient: 0n },
    landlock: {
      handledFs: LANDLOCK_FS,
      handledNet: 3n,
      scoped: 3n,
      rules: [
        { kind: 'path', path: '/', access: EXECUTE_READ },
        { kind: 'path', path: '/tmp', access: ALL_BUT_DEVICES },
        { kind: 'path', path: '/shared', access: ALL_BUT_DEVICES },
        { kind: 'path', path: '/dev', access: WRITE_READ_IOCTL },
        { kind: 'port', port: 8080, access: 1n },
      ],
    },
    apparmor: { profileName: '', text: '', gaps: [], use: { kind: 'none', why: 'made for a test' } },
    root: 'read-only',
    rootSizeBytes: 64n * MIB,
    mounts: mountsWith(shared),
    limits: {
      memoryBytes: 256n * MIB,
      swapBytes: 0n,
      processes: 64,
      cpuMillis: 1000,
      wallSeconds: 3600,
      rlimits: [
        { name: 'nofile', resource: 7, soft: 1024n, hard: 1024n },
        { name: 'core', resource: 4, soft: 0n, hard: 0n },
        { name: 'nproc', resource: 6, soft: 64n, hard: 64n },
        { name: 'data', resource: 2, soft: 256n * MIB, hard: 256n * MIB },
      ],
    },
    user: { uid: 'nonzero', otherwise: { uid: 65534, gid: 65534 } },
    environment: { pass: ['TERM', 'LANG'], set: {} },
    image: { signature: 'optional', pinDigest: false },
    network: 'none',
    required: ['seccomp', 'landlock', 'capabilities', 'id-map'],
    preferred: ['apparmor'],
    audit: { quotaBytes: 64n * MIB, durability: 'batch' },
  };
}

const mountsWith = (shared: string): readonly MountOperation[] => [
  { kind: 'proc', subsetPid: true },
  { kind: 'dev', shmSizeBytes: MIB },
  { kind: 'tmpfs', target: '/tmp', sizeBytes: 64n * MIB, maxFiles: 4096, mode: 0o1777, flags },
  { kind: 'bind', source: shared, target: '/shared', access: 'read-write', flags },
  { kind: 'mask', target: '/proc/scsi' },
  { kind: 'mask', target: '/srv' },
];

let compiled: ReturnType<typeof compileProved<undefined>> | undefined;

/** The agreement check takes a while and the filter is always the same. */
function compileOnce(filter: CompiledPolicy['filter']): ReturnType<typeof compileProved<undefined>> {
  compiled ??= compileProved(filter, () => undefined);
  return compiled;
}
