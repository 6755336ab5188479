/** Faults of the other sections, of the whole, and of what a policy extends. */
import { allow, type Case, files, invalid, policy, syscalls, WHY } from './malformed-builders.js';

export const SECTION_CASES: readonly Case[] = [
  [
    'a folder of no memory',
    files({ scratch: [{ path: '/x', size: '0', why: WHY }] }),
    invalid('/filesystem/scratch/0/size', /such as/),
  ],
  [
    'a folder of no bytes',
    files({ scratch: [{ path: '/x', size: '0KiB', why: WHY }] }),
    invalid('/filesystem/scratch/0/size', /such as/),
  ],
  [
    'a writable root with no memory',
    files({ root: 'writable', rootSize: '0' }),
    invalid('/filesystem/rootSize', /such as/),
  ],
  [
    'a trail of no bytes, which would be one without end',
    policy({ audit: { quota: '0' } }),
    invalid('/audit/quota', /such as/),
  ],
  ...['/', '/proc', '/dev'].map(
    (path): Case => [
      `${path} hidden`,
      files({ mask: [{ paths: ['/etc/shadow', path], why: WHY }] }),
      invalid('/filesystem/mask/0/paths/1', /below|of the image/),
    ],
  ),
  ['a run without memory', policy({ resources: { memory: '0' } }), invalid('/resources/memory', /such as/)],
  [
    'user 0 for whoever is not to be user 0',
    policy({ process: { user: { otherwise: { uid: 0, gid: 1 } } } }),
    invalid('/process/user/otherwise/uid', /not 0/),
  ],
  [
    'group 0 for whoever is not to be user 0',
    policy({ process: { user: { otherwise: { uid: 1, gid: 0 } } } }),
    invalid('/process/user/otherwise/gid', /not 0/),
  ],
  [
    'a relative path',
    files({ allow: [{ paths: ['tmp'], access: ['read'], why: WHY }] }),
    invalid('/filesystem/allow/0/paths/0'),
  ],
  [
    'a path with ..',
    files({ allow: [{ paths: ['/tmp/../etc'], access: ['read'], why: WHY }] }),
    invalid('/filesystem/allow/0/paths/0'),
  ],
  [
    'a path with a NUL',
    files({ allow: [{ paths: ['/tmp\u0000'], access: ['read'], why: WHY }] }),
    invalid('/filesystem/allow/0/paths/0'),
  ],
  [
    'an access that is none',
    files({ allow: [{ paths: ['/x'], access: ['reed'], why: WHY }] }),
    invalid('/filesystem/allow/0/access/0'),
  ],
  [
    'a size without a unit',
    files({ scratch: [{ path: '/x', size: '64', why: WHY }] }),
    invalid('/filesystem/scratch/0/size'),
  ],
  [
    'two mounts on one place',
    files({ scratch: [{ path: '/tmp', size: '1MiB', why: WHY }] }),
    invalid('/filesystem/scratch/0/path'),
  ],
  [
    'a mount over /proc',
    files({ mounts: [{ from: '/tmp', to: '/proc', access: 'read-only', why: WHY }] }),
    invalid('/filesystem/mounts/0/to'),
  ],
  [
    'removal of a mount that is not there',
    files({ remove: [{ from: 'mounts', path: '/x', why: WHY }] }),
    invalid('/filesystem/remove/0'),
  ],

  [
    'an unknown capability',
    policy({ process: { capabilities: { allow: [{ cap: 'CAP_CHWON', why: WHY }] } } }),
    invalid('/process/capabilities/allow/0/cap', /CAP_CHOWN/),
  ],
  [
    'removal of a capability that is not there',
    policy({ process: { capabilities: { remove: [{ cap: 'CAP_KILL', why: WHY }] } } }),
    invalid('/process/capabilities/remove/0'),
  ],
  ['a limit below 0', policy({ process: { rlimits: { nofile: -1 } } }), invalid('/process/rlimits/nofile')],
  ['a limit with a fraction', policy({ process: { rlimits: { nofile: 1.5 } } }), invalid('/process/rlimits/nofile')],
  [
    'a limit beyond all numbers',
    '{"process": {"rlimits": {"nofile": 1e999}}}',
    { code: 'POLICY_SYNTAX', pointer: '/process/rlimits/nofile' },
  ],
  [
    'a variable with an equals sign',
    policy({ process: { env: { pass: [{ names: ['A=B'], why: WHY }] } } }),
    invalid('/process/env/pass/0/names/0'),
  ],
  [
    'a listener without a network',
    policy({ network: { listen: [{ port: 80, protocol: 'tcp', why: WHY }] } }),
    invalid('/network/listen'),
  ],
  ['a time without a unit', policy({ resources: { time: '10' } }), invalid('/resources/time')],
  ['a lock on a place that no policy has', policy({ lock: ['/sycalls/forbid'] }), invalid('/lock/0', /syscalls/)],
  [
    'an expired exception',
    allow({ calls: ['sync'], why: WHY, expires: '2026-11-20' }),
    { code: 'POLICY_EXPIRED', pointer: '/syscalls/allow/0/expires' },
  ],
  [
    'an expired review',
    policy({ review: { expires: '2020-01-01' } }),
    { code: 'POLICY_EXPIRED', pointer: '/review/expires' },
  ],
  [
    'no edition',
    JSON.stringify({
      apiVersion: 1,
      name: 'x',
      version: '1.0.0',
      syscalls: { allow: [{ calls: ['exit_group'], why: WHY }] },
    }),
    invalid('/syscalls', /2026-11/),
  ],
  ['no exit_group', JSON.stringify({ apiVersion: 1, name: 'x', version: '1.0.0' }), { code: 'POLICY_NO_EXIT' }],
  [
    'exit_group removed',
    syscalls({
      remove: [
        { calls: ['getpid'], why: WHY },
        { calls: ['exit_group'], why: WHY },
      ],
    }),
    { code: 'POLICY_NO_EXIT', pointer: '/syscalls/remove/1' },
  ],
  [
    'exit_group removed with its group',
    syscalls({ remove: [{ group: 'process.*', why: WHY }] }),
    { code: 'POLICY_NO_EXIT', pointer: '/syscalls/remove/0' },
  ],
  [
    'exit_group forbidden',
    syscalls({ forbid: [{ calls: ['exit_group'], why: WHY }] }),
    { code: 'POLICY_NO_EXIT', pointer: '/syscalls/forbid/0' },
  ],
  [
    'a lock that is broken',
    policy({ image: { signature: 'optional' } }),
    { code: 'POLICY_LOCKED', pointer: '/image/signature' },
  ],

  [
    'an unknown profile',
    policy({ extends: { policy: 'strickt' } }),
    { code: 'POLICY_PROFILE_UNKNOWN', pointer: '/extends/policy', hint: /strict/ },
  ],
  ['a parent that is not there', policy({ extends: { policy: './none.json' } }), { code: 'POLICY_NOT_FOUND' }],
  [
    'a parent outside the folder',
    policy({ extends: { policy: '../x.json' } }),
    { code: 'POLICY_EXTENDS_OUTSIDE', pointer: '/extends/policy' },
  ],
  [
    'a parent by an absolute path',
    policy({ extends: { policy: '/etc/passwd' } }),
    { code: 'POLICY_EXTENDS_OUTSIDE', pointer: '/extends/policy' },
  ],
  [
    'another version of the parent',
    policy({ extends: { policy: 'strict', version: '9.0.0' } }),
    { code: 'POLICY_VERSION_MISMATCH', pointer: '/extends/version' },
  ],
  [
    'another digest of the parent',
    policy({ extends: { policy: 'strict', digest: `sha256:${'0'.repeat(64)}` } }),
    { code: 'POLICY_DIGEST_MISMATCH', pointer: '/extends/digest' },
  ],
  [
    'itself as its parent',
    policy({ extends: { policy: './case.json' } }),
    { code: 'POLICY_EXTENDS_CYCLE', pointer: '/extends/policy' },
  ],
];
