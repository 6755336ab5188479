/** A policy that says something at every place that the schema has, and is accepted. */
const why = 'a reason that is long enough';
const until = { why, owner: 'team', ticket: 'T-1', expires: '2099-12-31' };

export const FULL_POLICY = {
  $schema: '../policies/policy-v1.schema.json',
  apiVersion: 1,
  name: 'full',
  title: 'Says something everywhere',
  version: '1.0.0',
  stability: 'draft',
  extends: { policy: 'strict', version: '^1.0.0' },
  review: { approved: '2026-01-01', owner: 'team', ticket: 'T-1', expires: '2099-12-31' },
  requires: { seccomp: 'required', apparmor: 'preferred' },
  image: { signature: 'required', pinDigest: true },
  process: {
    user: { uid: 'nonzero', otherwise: { uid: 1000, gid: 1000 } },
    capabilities: { allow: [{ cap: 'CAP_CHOWN', ...until }] },
    rlimits: { core: 0, nofile: 512 },
    env: { pass: [{ names: ['FOO'], ...until }], remove: ['TZ'], set: { BAR: 'baz' } },
  },
  filesystem: {
    root: 'read-only',
    rootSize: '1MiB',
    proc: 'pids',
    dev: 'minimal',
    shmSize: '1MiB',
    scratch: [{ path: '/work', size: '1MiB', files: 10, mode: '0700', flags: ['nosuid', 'nodev'], ...until }],
    mounts: [{ from: '/srv/data', to: '/data', access: 'read-only', flags: ['nosuid', 'nodev'], ...until }],
    allow: [{ paths: ['/work'], access: ['create', 'write'], ...until }],
    mask: [{ paths: ['/etc/shadow'], why }],
    readOnly: [{ paths: ['/data'], why }],
    remove: [{ from: 'scratch', path: '/tmp', why }],
  },
  syscalls: {
    baseline: '2026-11',
    onDeny: { errno: 'EPERM', why },
    onUnknown: { errno: 'ENOSYS', why },
    onForeign: { errno: 'ENOSYS', why },
    allow: [
      {
        calls: ['socket'],
        where: {
          socket: [{ family: { anyOf: ['AF_INET'] }, type: { mask: 'SOCK_TYPE_MASK', anyOf: ['SOCK_STREAM'] } }],
        },
        ...until,
      },
      { group: 'fs.xattr', without: ['file_setattr'], why },
    ],
    remove: [{ calls: ['personality'], why }],
    forbid: [
      { group: 'sched.change', without: ['ioprio_get'], action: 'errno', errno: 'EACCES', why },
      { calls: ['kexec_load'], action: 'kill-process', why },
    ],
    observe: [{ calls: ['landlock_create_ruleset'], ...until }],
    answers: [{ calls: ['landlock_add_rule'], errno: 'ENOSYS', why }],
    quiet: [
      {
        calls: ['ioctl'],
        where: { ioctl: [{ request: { anyOf: ['FICLONERANGE'] } }] },
        errno: 'EOPNOTSUPP',
        why,
      },
    ],
  },
  network: { mode: 'none', listen: [], connect: [] },
  resources: { memory: '128MiB', swap: '0', pids: 10, cpu: '500m', time: '10m' },
  audit: { quota: '1MiB', durability: 'sync' },
  controls: { catalogue: ['1.2'] },
  lock: ['/network/mode'],
};
