/**
 * Small random policies, single changes of them, and other orders of them.
 *
 * Of arguments they look at the two lowest bits, or at all: so that a few
 * values stand for all there are (see plain-outcome.ts).
 */
import fc from 'fast-check';
import type { Conjunction, Test } from '../../src/policy/conjunction.js';
import type { AnswerRule, CallRule, ForbidRule, PathRule, PolicyMeaning, Syscalls } from '../../src/policy/policy.js';
import { STRICTEST } from '../../src/policy/strictest.js';

/** The calls that rules name, with the arguments that conditions look at, and their width. */
const ARGUMENTS_OF = { read: [], unshare: [[0, 64]], kill: [[0, 32], [1, 32]], mremap: [[1, 64], [2, 64]] } as const; // biome-ignore format: a table
type Name = keyof typeof ARGUMENTS_OF;
const NAMES = Object.keys(ARGUMENTS_OF) as Name[];

const small = fc.bigInt(0n, 3n);
function testOf(arg: Test['arg'], width: 32 | 64): fc.Arbitrary<Test> {
  const all = width === 32 ? 0xffff_ffffn : 0xffff_ffff_ffff_ffffn;
  const exact = small.map((value): Test => ({ kind: 'bits', arg, mask: all, value }));
  const masked = fc
    .tuple(fc.bigInt(1n, 3n), small)
    .map(([mask, value]): Test => ({ kind: 'bits', arg, mask, value: value & mask }));
  if (width === 32) return fc.oneof(exact, masked);
  const order = fc
    .tuple(fc.constantFrom('least', 'most'), small)
    .map(([kind, value]): Test => ({ kind: kind === 'least' ? 'least' : 'most', arg, value }));
  return fc.oneof(exact, masked, order);
}

const conjunctionOf = (name: Name): fc.Arbitrary<Conjunction> => {
  const tests = ARGUMENTS_OF[name].map(([arg, width]) => fc.option(testOf(arg, width), { nil: undefined, freq: 2 }));
  return fc.tuple(...tests).map((drawn) => drawn.filter((test) => test !== undefined));
};
const callsOf = (name: Name): fc.Arbitrary<CallRule['calls']> =>
  fc.array(conjunctionOf(name), { minLength: 1, maxLength: 2 }).map((alternatives) => ({ [name]: alternatives }));
const rule: fc.Arbitrary<CallRule> = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 2 }), fc.nat(99))
  .chain(([names, place]) =>
    fc.tuple(...names.map(callsOf)).map((calls) => ({
      rule: `random.json#/${place}`,
      why: 'drawn by lot',
      calls: Object.assign({}, ...calls) as CallRule['calls'],
    })),
  );
const errno = fc.constantFrom('EPERM', 'ENOSYS', 'EACCES');
const answer: fc.Arbitrary<AnswerRule> = fc.tuple(rule, errno).map(([one, name]) => ({ ...one, errno: name }));
const forbid: fc.Arbitrary<ForbidRule> = fc
  .tuple(answer, fc.constantFrom('errno', 'errno', 'kill-process'))
  .map(([one, action]) => ({ ...one, action: action === 'errno' ? 'errno' : 'kill-process' }));

const named = errno.map((name) => ({ errno: name, rule: 'random.json#/syscalls/onDeny' }));
const few = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 2 });
const syscalls: fc.Arbitrary<Syscalls> = fc.record({
  edition: fc.constant('2026-11'),
  onDeny: named,
  onUnknown: named,
  onForeign: named,
  allow: fc.array(rule, { maxLength: 3 }),
  forbid: few(forbid),
  observe: few(rule),
  answers: few(answer),
  quiet: few(answer),
});

/** Paths above, beside and below each other. */
export const PATHS = ['/', '/a', '/a/b', '/a/b/c', '/ab', '/proc/kcore', '/proc/self'] as const;
const path = fc.constantFrom(...PATHS);
const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 2 });
export const RIGHTS = ['read', 'write', 'execute'] as const;
const origin = { rule: 'random.json#/filesystem', why: 'drawn by lot' };
const pathRule: fc.Arbitrary<PathRule> = fc
  .tuple(paths, fc.uniqueArray(fc.constantFrom(...RIGHTS), { minLength: 1 }))
  .map(([some, access]) => ({ ...origin, paths: some, access }));
const pathList = paths.map((some) => ({ ...origin, paths: some }));
const flags = fc.record({ noexec: fc.boolean(), nosuid: fc.boolean(), nodev: fc.boolean() });
const scratch = fc.record({
  rule: fc.constant('random.json#/filesystem/scratch/0'),
  why: fc.constant('drawn by lot'),
  path: fc.constantFrom('/a', '/a/b', '/tmp'),
  size: fc.bigInt(0n, 2n),
  files: fc.integer({ min: 1, max: 2 }),
  mode: fc.constantFrom(0o755, 0o777, 0o1777),
  flags,
});
const mount = fc.record({
  rule: fc.constant('random.json#/filesystem/mounts/0'),
  why: fc.constant('drawn by lot'),
  from: fc.constantFrom('/etc', '/usr'),
  to: fc.constantFrom('/mnt', '/a/b/c'),
  access: fc.constantFrom('read-only' as const, 'read-write' as const),
  flags,
});
const filesystem: fc.Arbitrary<PolicyMeaning['filesystem']> = fc.record({
  root: fc.constantFrom('read-only' as const, 'writable' as const),
  rootSize: fc.bigInt(0n, 3n),
  proc: fc.constantFrom('none' as const, 'pids' as const, 'masked' as const),
  dev: fc.constantFrom('none' as const, 'minimal' as const),
  shmSize: fc.bigInt(0n, 1n),
  scratch: fc.uniqueArray(scratch, { maxLength: 2, selector: (one) => one.path }),
  mounts: fc.uniqueArray(mount, { maxLength: 2, selector: (one) => one.to }),
  allow: fc.array(pathRule, { maxLength: 3 }),
  mask: few(pathList),
  readOnly: few(pathList),
});

const cap = fc.constantFrom('CAP_KILL', 'CAP_CHOWN', 'CAP_FOWNER').map((name) => ({ ...origin, cap: name }));
const pass = fc
  .uniqueArray(fc.constantFrom('TERM', 'LANG', 'TZ'), { minLength: 1, maxLength: 2 })
  .map((names) => ({ ...origin, names }));
const process: fc.Arbitrary<PolicyMeaning['process']> = fc.record({
  user: fc.record({
    uid: fc.constantFrom('nonzero' as const, 'any' as const),
    otherwise: fc.record({ uid: fc.integer({ min: 1, max: 2 }), gid: fc.constant(1) }),
  }),
  capabilities: few(cap),
  rlimits: fc.record({ core: fc.nat(1), nofile: fc.nat(2), as: fc.nat(1) }, { requiredKeys: [] }),
  pass: few(pass),
  set: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('1', '2'), { maxKeys: 2 }),
});
const protocol = fc.constantFrom('tcp', 'udp');
const network: fc.Arbitrary<PolicyMeaning['network']> = fc.record({
  mode: fc.constantFrom('none' as const, 'private' as const, 'host' as const),
  listen: few(fc.record({ port: fc.integer({ min: 1, max: 2 }), protocol }).map((one) => ({ ...origin, ...one }))),
  connect: few(
    fc
      .record({ host: fc.constantFrom('a', 'b'), port: fc.constant(443), protocol })
      .map((one) => ({ ...origin, ...one })),
  ),
});
const amount = fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined });
const size = fc.option(fc.bigInt(1n, 3n), { nil: undefined });
const resources = fc.record({ memory: size, swap: size, pids: fc.integer({ min: 1, max: 3 }), cpuMillis: amount, wallSeconds: amount }); // biome-ignore format: one line
const level = fc.constantFrom('required' as const, 'preferred' as const);
const requires = fc.tuple(level, level).map(([landlock, cgroup]) => ({ ...STRICTEST.requires, landlock, cgroup }));
const image = fc.record({
  signature: fc.constantFrom('required' as const, 'optional' as const),
  pinDigest: fc.boolean(),
});
const audit = fc.record({ quota: fc.bigInt(1n, 2n), durability: fc.constantFrom('batch' as const, 'sync' as const) });
const lock = few(fc.constantFrom('/network', '/syscalls').map((pointer) => ({ pointer, rule: 'random.json#/lock/0' })));

type Section =
  | 'syscalls'
  | 'filesystem'
  | 'process'
  | 'network'
  | 'resources'
  | 'requires'
  | 'image'
  | 'audit'
  | 'lock';
type Sections = { readonly [Name in Section]: fc.Arbitrary<PolicyMeaning[Name]> };
const SECTIONS: Sections = { syscalls, filesystem, process, network, resources, requires, image, audit, lock };

export const randomPolicy: fc.Arbitrary<PolicyMeaning> = fc
  .record<Pick<PolicyMeaning, Section>>(SECTIONS)
  .map((sections) => ({ ...STRICTEST, name: 'random', version: '1.0.0', ...sections }));

/** Entries of the lists that a change can add, in the order of `Lists`. */
const ENTRIES = {
  'syscalls.allow': rule,
  'syscalls.forbid': forbid,
  'syscalls.observe': rule,
  'syscalls.answers': answer,
  'syscalls.quiet': answer,
  'filesystem.allow': pathRule,
  'filesystem.mask': pathList,
  'filesystem.readOnly': pathList,
  'process.capabilities': cap,
  'process.pass': pass,
} as const;
type ListName = keyof typeof ENTRIES;
type Change = (policy: PolicyMeaning) => PolicyMeaning;

/** One entry more, less or another in one list. */
const listChange: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom(...(Object.keys(ENTRIES) as ListName[])), fc.constantFrom('add', 'remove', 'alter'), fc.nat(5))
  .chain(([name, what, at]) =>
    (ENTRIES[name] as fc.Arbitrary<unknown>).map((entry): Change => {
      const [section = '', list = ''] = name.split('.');
      return (policy) => {
        const old = (policy as unknown as Record<string, Record<string, readonly unknown[]>>)[section];
        const entries = old?.[list] ?? [];
        const place = at % (entries.length + 1);
        const changed =
          what === 'add'
            ? [...entries.slice(0, place), entry, ...entries.slice(place)]
            : entries.flatMap((one, index) => (index !== place ? [one] : what === 'remove' ? [] : [entry]));
        return { ...policy, [section]: { ...old, [list]: changed } };
      };
    }),
  );

/** One setting of a section becomes what another policy has there. */
const settingChange: fc.Arbitrary<Change> = fc.constantFrom(...(Object.keys(SECTIONS) as Section[])).chain((section) =>
  fc.tuple(SECTIONS[section] as fc.Arbitrary<object>, fc.nat(20)).map(([other, at]): Change => {
    if (Array.isArray(other)) return (policy) => ({ ...policy, [section]: other });
    const keys = Object.keys(other);
    const key = keys[at % Math.max(1, keys.length)] ?? '';
    return (policy) => ({
      ...policy,
      [section]: { ...policy[section], [key]: (other as Record<string, unknown>)[key] },
    });
  }),
);

/** A change of one rule or setting; not each has an effect. */
export const singleChange: fc.Arbitrary<Change> = fc.oneof(
  { arbitrary: listChange, weight: 3 },
  { arbitrary: settingChange, weight: 1 },
);

/** `policy` with every list in another order of which the order says nothing, and every object's members in another. */
export function reordered(policy: PolicyMeaning, random: () => number): PolicyMeaning {
  const shuffle = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) {
      const entries = value.map((entry) => shuffle(entry, ''));
      return ORDERED.has(key) ? entries : shuffled(entries, random);
    }
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).map(([name, member]) => [name, shuffle(member, name)] as const);
    return Object.fromEntries(shuffled(members, random));
  };
  return shuffle(policy, '') as PolicyMeaning;
}

/** The first of these that matches decides what a call gets. */
const ORDERED = new Set(['forbid', 'answers', 'quiet']);

function shuffled<T>(entries: readonly T[], random: () => number): T[] {
  const keyed = entries.map((entry) => [random(), entry] as const);
  return keyed.sort(([a], [b]) => a - b).map(([, entry]) => entry);
}
