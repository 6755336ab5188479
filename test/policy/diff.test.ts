import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { Change, Direction } from '../../src/policy/change.js';
import { Inexpressible } from '../../src/policy/conjunction.js';
import { findChanges } from '../../src/policy/diff.js';
import { editionOf } from '../../src/policy/editions.js';
import { errnoName } from '../../src/policy/errno.js';
import type { Filesystem, PolicyMeaning } from '../../src/policy/policy.js';
import { filterOf, refusalsOf } from '../../src/policy/rules.js';
import { AUDIT_ARCH_X86_64 } from '../../src/seccomp/bpf.js';
import { compileChecked, mayNotEnd } from '../../src/seccomp/checked.js';
import { holds, wordsOf } from '../../src/seccomp/conditions.js';
import { FilterError } from '../../src/seccomp/errors.js';
import { dataOf, simulate } from '../../src/seccomp/simulate.js';
import { syscallName } from '../../src/seccomp/syscalls.js';
import { suite } from '../support/suite.js';
import {
  EVERY_CALL,
  type PlainCall,
  plainOutcome,
  plainRights,
  plainSettings,
  plainVisible,
  plainWritable,
} from './plain-outcome.js';
import { PATHS, RIGHTS, randomPolicy, reordered, singleChange } from './random-policies.js';
import { shipped, shippedPolicy } from './shipped.js';

/** Half a minute's work for a processor of its own, of which others may leave little. */
const LIMIT_MS = 1_500_000;
const test = suite('differences of policies', LIMIT_MS);

const RUNS = 10_000;
/** Compiling takes longer than all else: the witnesses of so many comparisons are run. */
const SIMULATED = 200;

type CallWitness = Extract<Change['witness'], { kind: 'call' }>;
const callOf = ({ arch, number, arguments: args }: CallWitness): PlainCall => ({
  arch,
  nr: number,
  args,
});

/** What of a call tells its kind: a name, or how it is foreign or unknown. */
function kindOfCall({ arch, nr }: PlainCall): string {
  if (arch !== AUDIT_ARCH_X86_64) return 'foreign';
  if (nr >= 0x4000_0000) return 'foreign';
  return new Map([[0, 'read'], [25, 'mremap'], [62, 'kill'], [272, 'unshare'], [39, 'getpid']]).get(nr) ?? 'unknown'; // biome-ignore format: a table
}

const isKnown = ({ nr }: PlainCall): boolean => editionOf('2026-11')?.known.has(syscallName(nr) ?? '') === true;

/** Every way in which a call of each kind has another outcome: by brute force, and as told. */
function bruteCalls(before: PolicyMeaning, after: PolicyMeaning): string[] {
  const found = EVERY_CALL.flatMap((call) => {
    const [old, now] = [plainOutcome(before.syscalls, call), plainOutcome(after.syscalls, call)];
    return old === now ? [] : [`${kindOfCall(call)}: ${old} → ${now}`];
  });
  return [...new Set(found)].sort();
}

function toldCalls(changes: readonly Change[]): string[] {
  const found = changes.flatMap(({ witness, before, after }) => {
    if (witness.kind !== 'call') return [];
    // Of the calls that no random rule names, one stands for all.
    const call = callOf(witness);
    const kind = kindOfCall(call);
    const known = kind === 'unknown' && isKnown(call) ? 'getpid' : kind;
    return [`${known}: ${before} → ${after}`];
  });
  return [...new Set(found)].sort();
}

function confirmWitnesses(changes: readonly Change[], before: PolicyMeaning, after: PolicyMeaning): void {
  for (const change of changes) {
    const { witness } = change;
    if (witness.kind !== 'call') continue;
    const call = callOf(witness);
    if (kindOfCall(call) === 'unknown') continue; // has no rule: what is told of it is all there is
    assert.is(plainOutcome(before.syscalls, call), change.before, change.subject);
    assert.is(plainOutcome(after.syscalls, call), change.after, change.subject);
  }
}

const isAtOrBelow = (path: string, above: string): boolean =>
  above === '/' || path === above || path.startsWith(`${above}/`);

/** Whether a change says of `path` that `access` became or ceased to be possible there. */
function isTold(changes: readonly Change[], pointer: string, path: string, access: string, now: boolean): boolean {
  const direction: Direction = now ? 'widened' : 'narrowed';
  return changes.some(
    (change) =>
      change.pointer === pointer &&
      change.direction === direction &&
      change.witness.kind === 'access' &&
      isAtOrBelow(path, change.witness.path) &&
      (pointer !== '/filesystem/allow' || change.subject.split(' at ')[0]?.split(', ').includes(access)),
  );
}

/** Each place with another answer is told, and each place that is told has another answer. */
function comparePaths(changes: readonly Change[], from: Filesystem, to: Filesystem): void {
  const differs = (path: string, access: string, plain: (fs: Filesystem) => boolean, pointer: string): void => {
    const [old, now] = [plain(from), plain(to)];
    if (old !== now) assert.ok(isTold(changes, pointer, path, access, now), `${pointer} ${access} ${path}`);
  };
  for (const path of PATHS) {
    for (const access of RIGHTS) differs(path, access, (fs) => plainRights(fs, path).has(access), '/filesystem/allow');
    if ([...from.mask, ...to.mask].some(({ paths }) => paths.includes(path)))
      differs(path, 'see', (fs) => plainVisible(fs, path), '/filesystem/mask');
    if ([...from.readOnly, ...to.readOnly].some(({ paths }) => paths.some((above) => isAtOrBelow(path, above))))
      if ([...from.readOnly, ...to.readOnly].some(({ paths }) => paths.includes(path)))
        differs(path, 'write', (fs) => plainWritable(fs, path), '/filesystem/readOnly');
  }
  for (const { witness, pointer, direction } of changes) {
    if (witness.kind !== 'access') continue;
    const { path, access } = witness;
    const plain = (fs: Filesystem): boolean =>
      pointer === '/filesystem/allow'
        ? plainRights(fs, path).has(access)
        : pointer === '/filesystem/mask'
          ? plainVisible(fs, path)
          : plainWritable(fs, path);
    assert.equal(
      [plain(from), plain(to)],
      direction === 'widened' ? [false, true] : [true, false],
      `${pointer} ${path}`,
    );
  }
}

/** The settings with another value are those that are told. */
function compareSettings(changes: readonly Change[], before: PolicyMeaning, after: PolicyMeaning): void {
  const [from, to] = [plainSettings(before), plainSettings(after)];
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v));
  const brute = Object.keys(from).filter((key) => text(from[key]) !== text(to[key]));
  const keys = Object.keys(from).sort((a, b) => b.length - a.length);
  const told = changes.flatMap(({ pointer }) => keys.find((key) => isAtOrBelow(pointer, key)) ?? []);
  assert.equal([...new Set(told)].sort(), brute.sort());
}

test(`of ${RUNS} single changes of random policies, exactly the effective are told, each with a true witness`, () => {
  let effective = 0;
  let simulated = 0;
  fc.assert(
    fc.property(randomPolicy, singleChange, (before, change) => {
      const after = change(before);
      const changes = findChanges(before, after);
      assert.equal(toldCalls(changes), bruteCalls(before, after));
      confirmWitnesses(changes, before, after);
      comparePaths(changes, before.filesystem, after.filesystem);
      compareSettings(changes, before, after);
      if (changes.length > 0) effective++;
      if (simulated < SIMULATED && simulateWitnesses(changes, before, after)) simulated++;
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  assert.ok(effective > RUNS / 4, `only ${effective} changes had an effect`);
  assert.ok(effective < RUNS, 'none was without effect');
  assert.is(simulated, SIMULATED, 'so many had their witnesses run');
});

/** Runs the compiled programs on the witnesses, and the supervisor's answers on what they hand over. */
function simulateWitnesses(changes: readonly Change[], before: PolicyMeaning, after: PolicyMeaning): boolean {
  const calls = changes.flatMap((change) =>
    change.witness.kind === 'call' ? [{ change, witness: change.witness }] : [],
  );
  if (calls.length === 0) return false;
  const [from, to] = [compiled(before), compiled(after)];
  if (from === undefined || to === undefined) return false;
  for (const { change, witness } of calls) {
    const call = callOf(witness);
    assert.is(from(call), change.before, change.subject);
    assert.is(to(call), change.after, change.subject);
  }
  return true;
}

/** Undefined where a random policy has rules that no filter can hold together, or that libseccomp may not end with. */
function compiled({ syscalls }: PolicyMeaning): ((call: PlainCall) => string) | undefined {
  try {
    const filter = filterOf(syscalls);
    if (mayNotEnd(filter)) return undefined;
    const program = compileChecked(filter);
    const refusals = refusalsOf(syscalls);
    return (call) => {
      const verdict = simulate(program, call);
      if (verdict === 'allow') return 'allowed';
      if (verdict !== 'notify') return `${errnoName(Number(verdict.split(' ')[1]))}, unrecorded`;
      if (call.arch !== AUDIT_ARCH_X86_64 || call.nr >= 0x4000_0000) return syscalls.onForeign.errno;
      const data = dataOf(call);
      const refusal = refusals.find(({ nr, when }) => nr === call.nr && when.every((one) => holds(wordsOf(one), data)));
      if (refusal === undefined) return isKnown(call) ? syscalls.onDeny.errno : syscalls.onUnknown.errno;
      if (refusal.answer.kind === 'errno') return errnoName(refusal.answer.errno);
      return refusal.answer.kind === 'kill' ? 'process killed' : 'allowed and recorded';
    };
  } catch (error) {
    if (error instanceof FilterError || error instanceof Inexpressible) return undefined;
    throw error;
  }
}

test(`of ${RUNS} other orders of random policies, none is a difference`, () => {
  fc.assert(
    fc.property(randomPolicy, fc.infiniteStream(fc.nat()), (policy, stream) => {
      const other = reordered(policy, () => stream.next().value ?? 0);
      assert.equal(findChanges(policy, other), []);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

test('what is widened one way is narrowed the other way', () => {
  const opposite: Readonly<Record<Direction, Direction>> = {
    widened: 'narrowed',
    narrowed: 'widened',
    changed: 'changed',
  };
  const key = ({ pointer, subject, direction }: Change): string => `${pointer} ${subject} ${direction}`;
  fc.assert(
    fc.property(randomPolicy, singleChange, (before, change) => {
      const after = change(before);
      const forth = findChanges(before, after).map((one) => ({ ...one, direction: opposite[one.direction] }));
      const back = findChanges(after, before);
      const isSettled = ({ section }: Change): boolean => section !== 'mounts' && section !== 'network';
      assert.equal(forth.filter(isSettled).map(key).sort(), back.filter(isSettled).map(key).sort());
    }),
    { numRuns: 500 },
  );
});

test('no shipped policy differs from itself', () => {
  for (const policy of shipped) assert.equal(findChanges(policy, policy), [], policy.name);
});

test('default widens strict by these calls, and by these alone where some arguments were allowed before', () => {
  const changes = findChanges(shippedPolicy('strict'), shippedPolicy('default'));
  const calls = changes.filter(({ section }) => section === 'calls');
  assert.ok(calls.every(({ direction }) => direction === 'widened'));
  const conditional = calls.filter(({ condition }) => condition !== undefined).map(({ subject }) => subject);
  assert.equal(conditional.sort(), [
    'ioctl',
    'mknod',
    'mknodat',
    'mmap',
    'mprotect',
    'personality',
    'pkey_mprotect',
    'prctl',
    'setsockopt',
    'socket',
  ]);
  const mprotect = calls.find(({ subject }) => subject === 'mprotect');
  assert.is(mprotect?.condition, 'where protection has all of PROT_EXEC');
  assert.equal(mprotect?.witness.kind === 'call' && mprotect.witness.arguments, [0n, 0n, 4n, 0n, 0n, 0n]);
  assert.match(mprotect?.rules.after?.rule ?? '', /^default\.json#\/syscalls\/allow\/\d+$/);
});

test.run();
