/** Policies that nobody writes by mistake: made to be read differently by different readers, to take long, or to be echoed. */
import { allow, bytes, type Case, files, invalid, policy, syscalls, WHY, where } from './malformed-builders.js';

const syntax = (pointer?: string): Case[2] => ({
  code: 'POLICY_SYNTAX',
  ...(pointer === undefined ? {} : { pointer }),
});
/** The text of a policy with one number written as `spelling`. */
const pids = (spelling: string): string => policy({ resources: { pids: 77_777 } }).replace('77777', spelling);
const nofile = (spelling: string): string =>
  policy({ process: { rlimits: { nofile: 77_777 } } }).replace('77777', spelling);
const titled = (written: string): string => policy({ title: 'HERE' }).replace('HERE', written);
const unknown = (name: string): Case => [
  `the unknown key ${JSON.stringify(name)}`,
  policy({ [name]: 1 }),
  invalid(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
];
const many = <Value>(count: number, make: (index: number) => Value): Value[] =>
  Array.from({ length: count }, (_, index) => make(index));
const size = (memory: string): Case => [
  `a size of ${JSON.stringify(memory)}`,
  policy({ resources: { memory } }),
  invalid('/resources/memory', /such as 256MiB/),
];
const day = (expires: string): Case => [
  `the day ${expires}`,
  policy({ review: { expires } }),
  invalid('/review/expires'),
];
const masks = (index: number): object => ({
  calls: ['socket'],
  where: {
    socket: [
      Object.fromEntries(
        ['family', 'type', 'protocol'].map((name, at) => {
          const bit = 1 << ((index * (at + 2)) % 31);
          return [name, { mask: `0x${(bit | 1).toString(16)}`, anyOf: [`0x${bit.toString(16)}`] }];
        }),
      ),
    ],
  },
  why: WHY,
});

export const HOSTILE_CASES: readonly Case[] = [
  ['a byte order mark', bytes([0xef, 0xbb, 0xbf], policy({})), { code: 'POLICY_ENCODING', line: 1 }],
  ['a NUL at the very end', bytes(policy({}), [0]), { code: 'POLICY_ENCODING' }],
  ['a surrogate in UTF-8', bytes('{"a": "', [0xed, 0xa0, 0x80], '"}'), { code: 'POLICY_ENCODING' }],
  ['a character beyond Unicode', bytes('{"a": "', [0xf4, 0x90, 0x80, 0x80], '"}'), { code: 'POLICY_ENCODING' }],
  ['half a surrogate pair', titled('\\ud800'), syntax('/title')],
  ['the other half', titled('x\\udfffx'), syntax('/title')],
  ['halves in the wrong order', titled('\\udc00\\ud800'), syntax('/title')],
  ['half a surrogate pair as a key', policy({ HERE: 1 }).replace('HERE', '\\udead'), syntax()],
  ['a control character', titled('a\\u001bb'), invalid('/title')],
  ['a NUL by its escape', titled('a\\u0000b'), invalid('/title')],
  ['a character that turns the line around', titled('a\\u202eb'), invalid('/title')],
  ['a line separator', titled('a\\u2028b'), invalid('/title')],
  ['a title that nobody sees', titled('\u00a0 \u200b'), invalid('/title')],
  ...[' '.repeat(8), '\u00a0'.repeat(8), '\u200b\ufeff'.repeat(8)].map(
    (why): Case => [
      `a reason of nothing, ${JSON.stringify(why)}`,
      allow({ calls: ['sync'], why }),
      invalid('/syscalls/allow/0/why', /in words/),
    ],
  ),
  ['a raw line feed in a text', titled('a\nb'), syntax()],
  ['an escape that is none', titled('\\x41'), syntax()],
  ['an escape that is cut off', titled('\\u00'), syntax()],
  [
    'one key under two spellings',
    '{"apiVersion": 1,\n"name": "a",\n"\\u006eame": "b"}',
    { ...syntax('/name'), line: 3 },
  ],
  ['a duplicate key at depth', files({ mounts: [{ HERE: 1, to: '/a' }] }).replace('HERE', 'to'), syntax()],
  [
    'a duplicate key of a condition',
    where('ioctl', { request: {} }).replace('{}', '{"mask":"1","mask":"2"}'),
    syntax(),
  ],
  ['__proto__ at depth', policy({ process: { HERE: {} } }).replace('HERE', '__proto__'), syntax('/process/__proto__')],
  ['__proto__ by its escape', policy({ HERE: {} }).replace('HERE', '__pro\\u0074o__'), syntax('/__proto__')],
  ...[
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'a/b~c',
    '',
    ' name',
    'NAME',
    'naïve',
    'a\nb\u001b[31m',
  ].map(unknown),
  ['constructor as a call', allow({ calls: ['constructor'], why: WHY }), invalid('/syscalls/allow/0/calls/0')],
  ['__proto__ as a call', allow({ calls: ['__proto__'], why: WHY }), invalid('/syscalls/allow/0/calls/0')],
  [
    'constructor as an argument',
    where('ioctl', { constructor: { anyOf: ['1'] } }),
    invalid('/syscalls/allow/0/where/ioctl/0/constructor'),
  ],
  [
    'constructor as a capability',
    policy({ process: { capabilities: { allow: [{ cap: 'constructor', why: WHY }] } } }),
    invalid('/process/capabilities/allow/0/cap'),
  ],
  ['toString as an errno', syscalls({ onDeny: { errno: 'toString' } }), invalid('/syscalls/onDeny/errno')],
  ['constructor as a lock', policy({ lock: ['/constructor'] }), invalid('/lock/0')],

  ...[
    '1e999',
    '-1e999',
    '-0',
    '0x40',
    '077',
    '+1',
    '.5',
    '1.',
    '64.0',
    '6.4e1',
    '64.00000000000000000001',
    '9007199254740993',
    'NaN',
    'Infinity',
    '١',
    '1_000',
  ].map((spelling): Case => [`the number ${spelling}`, pids(spelling), syntax()]),
  ['a number of 100,000 digits', pids('9'.repeat(100_000)), syntax()],
  ['a number of processes below 1', pids('0'), invalid('/resources/pids')],
  ['a negative number of processes', pids('-5'), invalid('/resources/pids')],
  ['a fraction of a process', pids('1.5'), invalid('/resources/pids')],
  ['a number as text', pids('"64"'), invalid('/resources/pids')],
  ['null for a number', pids('null'), invalid('/resources/pids')],
  ['true for a number', pids('true'), invalid('/resources/pids')],
  ['a limit of 2^53', nofile('9007199254740992'), invalid('/process/rlimits/nofile')],
  ...[
    '1e3',
    '-1MiB',
    '1.5GiB',
    '64mb',
    '64 MiB',
    '0x40MiB',
    '64MIB',
    '64KB',
    '1TiB',
    '9999999999MiB',
    'Unlimited',
    '',
  ].map(size),
  ...[
    '2027-02-30',
    '2027-02-29',
    '2027-13-01',
    '2027-00-10',
    '2027-04-31',
    '27-04-30',
    '2027-4-30',
    '2027/04/30',
    'never',
    '2027-04-30T00:00:00Z',
    '',
  ].map(day),
  ['a day of approval that is none', policy({ review: { approved: '2026-06-31' } }), invalid('/review/approved')],
  [
    'an exception until a day that is none',
    allow({ calls: ['sync'], why: WHY, expires: '2027-11-31' }),
    invalid('/syscalls/allow/0/expires'),
  ],
  ...[0, 65_536, -1, 1.5, '80', null].map(
    (port): Case => [
      `port ${JSON.stringify(port)}`,
      policy({ network: { mode: 'private', listen: [{ port, protocol: 'tcp', why: WHY }] } }),
      invalid('/network/listen/0/port'),
    ],
  ),
  [
    'a protocol in capitals',
    policy({ network: { mode: 'private', listen: [{ port: 1, protocol: 'TCP', why: WHY }] } }),
    invalid('/network/listen/0/protocol'),
  ],
  ['a mode in capitals', policy({ network: { mode: 'None' } }), invalid('/network/mode', /"none"/)],
  ['a root in capitals', files({ root: 'Read-Only' }), invalid('/filesystem/root', /"read-only"/)],
  ['a signature setting in capitals', policy({ image: { signature: 'REQUIRED' } }), invalid('/image/signature')],
  [
    'a capability without its prefix',
    policy({ process: { capabilities: { allow: [{ cap: 'CHOWN', why: WHY }] } } }),
    invalid('/process/capabilities/allow/0/cap'),
  ],
  [
    'a misspelt capability',
    policy({ process: { capabilities: { allow: [{ cap: 'CAP_CHOWM', why: WHY }] } } }),
    invalid('/process/capabilities/allow/0/cap', /CAP_CHOWN/),
  ],
  ['a call in capitals', allow({ calls: ['OPENAT'], why: WHY }), invalid('/syscalls/allow/0/calls/0')],
  ['a call of i386', allow({ calls: ['socketcall'], why: WHY }), invalid('/syscalls/allow/0/calls/0')],
  ['a call with a space', allow({ calls: ['openat '], why: WHY }), invalid('/syscalls/allow/0/calls/0')],

  ['a comment without an end', `${policy({})}/* no end`, syntax()],
  ['a comment of a shell', `# no\n${policy({})}`, syntax()],
  ['text behind the end', `${policy({})} x`, syntax()],
  ['a second policy behind the first', policy({}) + policy({}), syntax()],
  ['commas alone', ','.repeat(90_000), syntax()],
  ['60,000 unknown keys', `{${many(60_000, (n) => `"k${n}": 1`).join()}}`, syntax()],
  ['5,000 unknown keys', `{${many(5000, (n) => `"k${n}": 1`).join()}}`, { code: 'POLICY_INVALID' }],
  ['a list of 300,000 numbers', `{"lock": [${'1,'.repeat(300_000)}1]}`, syntax()],
  ['a list of 20,000 wrong items', `{"lock": [${'1,'.repeat(20_000)}1]}`, { code: 'POLICY_INVALID' }],
  [
    '10,000 unknown calls',
    allow({ calls: many(10_000, (n) => `openat_${n}`), why: WHY }),
    invalid('/syscalls/allow/0/calls/0'),
  ],
  ['60,000 comments that begin', `${policy({})}${'/* " '.repeat(60_000)}`, syntax()],
  [
    '45,000 values of one argument',
    where('ioctl', { request: { anyOf: many(45_000, String) } }),
    invalid('/syscalls/allow/0/where/ioctl/0/request'),
  ],
  [
    '40,000 variables that nothing passes',
    policy({ process: { env: { remove: many(40_000, (n) => `V${n}`) } } }),
    invalid('/process/env/remove/0'),
  ],
  ['2,000 rules', allow(...many(2000, () => ({ calls: ['sync'], why: WHY }))), invalid('/syscalls/allow')],
  ['a title of 900,000 letters', policy({ title: 'x'.repeat(900_000) }), invalid('/title')],
  ['a key of 900,000 letters', policy({ ['k'.repeat(900_000)]: 1 }), { code: 'POLICY_INVALID' }],
  ['a name for which a careless pattern takes for ever', policy({ name: `${'a'.repeat(500_000)}!` }), invalid('/name')],
  [
    'a path for which a careless pattern takes for ever',
    files({ mask: [{ paths: [`/${'a/'.repeat(200_000)}/`], why: WHY }] }),
    invalid('/filesystem/mask/0/paths/0'),
  ],
  [
    'a value for which a careless pattern takes for ever',
    where('ioctl', { request: { anyOf: ['A|'.repeat(400_000)] } }),
    invalid('/syscalls/allow/0/where/ioctl/0/request/anyOf/0'),
  ],
  ['a nesting of 65 lists', `{"lock": ${'['.repeat(65)}${']'.repeat(65)}}`, syntax()],
  [
    '27,000,000 combinations',
    where(
      'socket',
      Object.fromEntries(['family', 'type', 'protocol'].map((name) => [name, { anyOf: many(300, String) }])),
    ),
    invalid('/syscalls/allow/0/where/socket/0/type'),
  ],
  [
    'masks that cut each other to pieces',
    syscalls({ allow: [{ calls: ['socket'], why: WHY }], forbid: many(30, masks) }),
    invalid('/syscalls'),
  ],
  [
    'more conditions than a filter holds',
    allow(
      ...many(8, (j) => ({
        calls: ['ioctl'],
        where: { ioctl: [{ request: { anyOf: many(200, (n) => String(j * 200 + n)) } }] },
        why: WHY,
      })),
    ),
    invalid('/syscalls/allow/5/where/ioctl'),
  ],
  [
    'an order that a mask cuts',
    syscalls({
      quiet: [{ calls: ['mremap'], where: { mremap: [{ oldLength: { atLeast: '5' } }] }, errno: 'EPERM', why: WHY }],
      forbid: [{ calls: ['mremap'], where: { mremap: [{ oldLength: { noneOf: ['5'] } }] }, why: WHY }],
      remove: [{ calls: ['mremap'], why: WHY }],
    }),
    invalid('/syscalls'),
  ],
  [
    'conditions that exclude each other',
    where('ioctl', { request: { anyOf: ['1'], noneOf: ['1'] } }),
    invalid('/syscalls/allow/0/where/ioctl/0'),
  ],
  [
    'a range that is empty',
    where('mremap', { oldLength: { atLeast: '5', atMost: '4' } }),
    invalid('/syscalls/allow/0/where/mremap/0'),
  ],
];
