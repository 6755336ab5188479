/** Small, valid inputs of planLaunch(), for tests of the rooms that make and read plans. */
import type { HostFacts } from '../../src/host/facts.js';
import type { RootFs, RunConfiguration } from '../../src/image/rootfs.js';
import type { LaunchInputs, RunOptions } from '../../src/launch/plan.js';
import { certify } from '../../src/policy/certificate.js';
import type { CompiledPolicy } from '../../src/policy/compiled.js';
import type { BpfProgram } from '../../src/seccomp/filter.js';
import type { Proof } from '../../src/seccomp/prove.js';

const NONE = { noexec: true, nosuid: true, nodev: true } as const;

/** `return ALLOW`. */
const ALLOW_ALL = Uint8Array.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]) as BpfProgram;

const DIGEST = `sha256:${'ab'.repeat(32)}` as const;
const UNPROVED: Proof = {
  examination: {
    disagreement: undefined,
    architectures: [],
    numbers: 0,
    cases: 0,
    sampled: [],
    unsettled: [],
    hasAllNumbers: true,
  },
  symbolic: { kind: 'equal' },
  live: { kind: 'unable', why: 'made for a test' },
};

export const compiledPolicy = (): CompiledPolicy => ({
  name: 'made-for-a-test',
  digest: DIGEST,
  canonical: '{}',
  filter: { arch: 'x86_64', defaultAction: { kind: 'notify' }, foreignAction: { kind: 'notify' }, rules: [] },
  program: ALLOW_ALL,
  certificate: certify({ name: 'made-for-a-test', version: '1.0.0', digest: DIGEST }, ALLOW_ALL, UNPROVED),
  refusals: [],
  onDeny: { errno: 1, rule: 'test.json#/syscalls/onDeny' },
  onUnknown: { errno: 38, rule: 'test.json#/syscalls/onUnknown' },
  onForeign: { errno: 38, rule: 'test.json#/syscalls/onForeign' },
  knownCalls: [0, 1, 60, 231],
  capabilities: { bounding: 0n, permitted: 0n, effective: 0n, inheritable: 0n, ambient: 0n },
  landlock: { handledFs: 0n, handledNet: 0n, scoped: 0n, rules: [] },
  apparmor: { profileName: 'test', text: '', gaps: [], use: { kind: 'none', why: 'made for a test' } },
  root: 'read-only',
  rootSizeBytes: 1n << 20n,
  mounts: [
    { kind: 'proc', subsetPid: true },
    { kind: 'dev', shmSizeBytes: 1n << 20n },
    { kind: 'tmpfs', target: '/tmp', sizeBytes: 1n << 20n, maxFiles: 100, mode: 0o1777, flags: NONE },
  ],
  limits: {
    memoryBytes: undefined,
    swapBytes: undefined,
    processes: undefined,
    cpuMillis: undefined,
    wallSeconds: undefined,
    rlimits: [],
  },
  user: { uid: 'nonzero', otherwise: { uid: 65_534, gid: 65_534 } },
  environment: { pass: ['LANG'], set: {} },
  image: { signature: 'required', pinDigest: false },
  network: 'none',
  required: ['seccomp'],
  preferred: ['cgroup'],
  audit: { quotaBytes: 1n << 20n, durability: 'batch' },
});

export const rootFs = (configuration: Partial<RunConfiguration>): RootFs => ({
  reference: 'oci:/layout:app',
  digest: `sha256:${'cd'.repeat(32)}`,
  layers: ['/layers/one'],
  idMap: {
    method: 'subordinate',
    uid: [{ inner: 0, outer: 100_000, count: 65_536 }],
    gid: [{ inner: 0, outer: 100_000, count: 65_536 }],
  },
  configuration: {
    environment: ['PATH=/bin', 'A=image'],
    entrypoint: ['/entry'],
    command: ['default'],
    workingDirectory: '/work',
    user: undefined,
    stopSignal: 15,
    ...configuration,
  },
  trust: { kind: 'signed', signer: 'key release', format: 'sigstore-bundle', rule: 'default' },
  remarks: [],
});

export const runOptions = (): RunOptions => ({
  command: [],
  entrypoint: undefined,
  environment: [],
  workingDirectory: undefined,
  user: undefined,
  hostname: undefined,
  interactive: false,
  terminal: false,
  messagesAsJson: false,
});

const host: HostFacts = {
  kernelRelease: '6.1.0',
  user: { uid: 1000, gid: 1000, name: 'ada' },
  landlockAbi: 7,
  apparmor: false,
  apparmorPolicy: { visible: false, profiles: [], namespace: undefined, parser: undefined, inputs: [] },
  idMap: rootFs({}).idMap,
  idMapRemark: undefined,
  newuidmap: '/usr/bin/newuidmap',
  newgidmap: '/usr/bin/newgidmap',
  cgroup: { kind: 'none', why: 'made for a test' },
  cgroupFolders: [],
};

export const launchInputs = (): LaunchInputs => ({
  productVersion: '0.0.0',
  policy: compiledPolicy(),
  rootFs: rootFs({}),
  host,
  options: runOptions(),
  stateDirectory: '/state',
  programs: [],
});
