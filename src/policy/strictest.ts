/** What holds where no policy of a chain says anything: the strictest of each section. */

import type { Control } from './compiled.js';
import type { Level, PolicyMeaning } from './policy.js';

/** Every control, so that none can be forgotten: the compiler counts them. */
const EVERY_CONTROL: Readonly<Record<Control, Level>> = {
  'user-namespace': 'required',
  'mount-namespace': 'required',
  'pid-namespace': 'required',
  'network-namespace': 'required',
  'ipc-namespace': 'required',
  'uts-namespace': 'required',
  'cgroup-namespace': 'required',
  'id-map': 'required',
  'subordinate-ids': 'required',
  root: 'required',
  capabilities: 'required',
  'no-new-privileges': 'required',
  seccomp: 'required',
  landlock: 'required',
  apparmor: 'required',
  cgroup: 'required',
  'resource-limits': 'required',
};

const MIB = 1024n ** 2n;

/** The policy before its first file: nothing is allowed, not even to end. */
export const STRICTEST: PolicyMeaning = {
  apiVersion: 1,
  name: '',
  title: '',
  version: '0.0.0',
  stability: 'draft',
  parents: [],
  requires: EVERY_CONTROL,
  image: { signature: 'required', pinDigest: true },
  process: {
    user: { uid: 'nonzero', otherwise: { uid: 65534, gid: 65534 } },
    capabilities: [],
    rlimits: { core: 0, nofile: 256 },
    pass: [],
    set: {},
  },
  filesystem: {
    root: 'read-only',
    rootSize: 0n,
    proc: 'none',
    dev: 'none',
    shmSize: 0n,
    scratch: [],
    mounts: [],
    allow: [],
    mask: [],
    readOnly: [],
  },
  syscalls: {
    edition: '',
    onDeny: { errno: 'EPERM', rule: 'built-in#/syscalls/onDeny' },
    onUnknown: { errno: 'ENOSYS', rule: 'built-in#/syscalls/onUnknown' },
    onForeign: { errno: 'ENOSYS', rule: 'built-in#/syscalls/onForeign' },
    allow: [],
    forbid: [],
    observe: [],
    answers: [],
    quiet: [],
  },
  network: { mode: 'none', listen: [], connect: [] },
  resources: { memory: 64n * MIB, swap: 0n, pids: 32, cpuMillis: 1000, wallSeconds: 600 },
  audit: { quota: 64n * MIB, durability: 'batch' },
  controls: {},
  lock: [],
};
