/** Faults of rules on system calls. */
import { allow, type Case, invalid, syscalls, WHY, where } from './malformed-builders.js';

export const CALL_CASES: readonly Case[] = [
  ['a rule without a reason', allow({ group: 'time' }), invalid('/syscalls/allow/0', /why/)],
  ['a reason that is too short', allow({ group: 'time', why: 'time' }), invalid('/syscalls/allow/0/why')],
  ['a rule of neither group nor calls', allow({ why: WHY }), invalid('/syscalls/allow/0')],
  ['a rule of both group and calls', allow({ group: 'time', calls: ['time'], why: WHY }), invalid('/syscalls/allow/0')],
  ['an unknown group', allow({ group: 'io.basik', why: WHY }), invalid('/syscalls/allow/0/group', /io\.basic/)],
  ['a family of groups in allow', allow({ group: 'admin.*', why: WHY }), invalid('/syscalls/allow/0')],
  ['an unknown call', allow({ calls: ['opnat'], why: WHY }), invalid('/syscalls/allow/0/calls/0', /openat/)],
  [
    'an unknown call in forbid',
    syscalls({ forbid: [{ calls: ['ptrase'], why: WHY }] }),
    invalid('/syscalls/forbid/0/calls/0', /ptrace/),
  ],
  ['a call named twice', allow({ calls: ['time', 'time'], why: WHY }), invalid('/syscalls/allow/0/calls')],
  ['an empty list of calls', allow({ calls: [], why: WHY }), invalid('/syscalls/allow/0/calls')],
  ['a call that a parent forbids', allow({ calls: ['mount'], why: WHY }), invalid('/syscalls/allow/0')],
  ['a group that a parent forbids', allow({ group: 'debug.trace', why: WHY }), invalid('/syscalls/allow/0')],
  [
    '"without" what is not in the group',
    allow({ group: 'time', without: ['read'], why: WHY }),
    invalid('/syscalls/allow/0/without/0'),
  ],
  [
    'removal of what is not inherited',
    syscalls({ remove: [{ calls: ['bpf'], why: WHY }] }),
    invalid('/syscalls/remove/0'),
  ],
  ['an unknown edition', syscalls({ baseline: '2019-01' }), invalid('/syscalls/baseline', /2026-11/)],
  ['an unknown errno', syscalls({ onDeny: { errno: 'EPREM' } }), invalid('/syscalls/onDeny/errno', /EPERM/)],
  [
    'an errno for who is killed',
    syscalls({ forbid: [{ calls: ['time'], action: 'kill-process', errno: 'EPERM', why: WHY }] }),
    invalid('/syscalls/forbid/0/errno'),
  ],

  [
    'no bits that must not be there',
    where('open', { flags: { noneOf: ['O_CREAT', 'O_RDONLY'] } }),
    invalid('/syscalls/allow/0/where/open/0/flags/noneOf/1', /anyOf/),
  ],
  [
    'no bits that must be there',
    where('open', { flags: { allOf: ['0x0'] } }),
    invalid('/syscalls/allow/0/where/open/0/flags/allOf/0', /anyOf/),
  ],
  [
    'a mask without bits',
    where('open', { flags: { mask: '0', anyOf: ['0'] } }),
    invalid('/syscalls/allow/0/where/open/0/flags/mask'),
  ],
  [
    'a condition on a call that has none',
    where('getpid', { pid: { anyOf: ['1'] } }),
    invalid('/syscalls/allow/0/where/getpid'),
  ],
  [
    'a condition on a call that the rule does not name',
    allow({ calls: ['dup'], where: { ioctl: [{ request: { anyOf: ['1'] } }] }, why: WHY }),
    invalid('/syscalls/allow/0/where/ioctl'),
  ],
  [
    'a condition on an unknown argument',
    where('socket', { familly: { anyOf: ['AF_INET'] } }),
    invalid('/syscalls/allow/0/where/socket/0/familly', /family/),
  ],
  [
    'an unknown name of a value',
    where('socket', { family: { anyOf: ['AF_INTE'] } }),
    invalid('/syscalls/allow/0/where/socket/0/family/anyOf/0', /AF_INET/),
  ],
  [
    'a value that does not fit',
    where('socket', { family: { anyOf: ['0x100000002'] } }),
    invalid('/syscalls/allow/0/where/socket/0/family/anyOf/0'),
  ],
  [
    'a value outside its mask',
    where('socket', { type: { mask: '0xf', anyOf: ['0x10'] } }),
    invalid('/syscalls/allow/0/where/socket/0/type/anyOf/0'),
  ],
  ['a mask alone', where('socket', { type: { mask: '0xf' } }), invalid('/syscalls/allow/0/where/socket/0/type/mask')],
  [
    'conditions that exclude each other',
    where('clone', { flags: { noneOf: ['CLONE_VM'], allOf: ['CLONE_VM'] } }),
    invalid('/syscalls/allow/0/where/clone/0'),
  ],
  [
    'an order on 32 bits',
    where('socket', { protocol: { atMost: '6' } }),
    invalid('/syscalls/allow/0/where/socket/0/protocol/atMost'),
  ],
  [
    'an order and a value of one argument',
    where('mmap', { length: { atMost: '4096', anyOf: ['16'] } }),
    invalid('/syscalls/allow/0/where/mmap/0/length', /one of/),
  ],
  [
    'an order and a mask on one argument',
    where('mmap', { length: { atMost: '4096', noneOf: ['1'] } }),
    invalid('/syscalls/allow/0/where/mmap/0/length'),
  ],
  ['an empty condition', where('socket', { family: {} }), invalid('/syscalls/allow/0/where/socket/0/family')],
];
