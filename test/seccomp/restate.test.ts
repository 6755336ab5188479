/** Rules that libseccomp gets wrong, and what is handed to it in their place. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { findDisagreement } from '../../src/seccomp/agree.js';
import { AUDIT_ARCH_X86_64, decodeProgram, WORD_ARCH, WORD_NR } from '../../src/seccomp/bpf.js';
import { compileChecked } from '../../src/seccomp/checked.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { DecisionSpace } from '../../src/seccomp/decision.js';
import { decisionOfCall } from '../../src/seccomp/decision-filter.js';
import { decisionOfProgram } from '../../src/seccomp/decision-program.js';
import type { FilterError } from '../../src/seccomp/errors.js';
import type { Action, ArgumentIndex, BpfProgram, Condition, Filter } from '../../src/seccomp/filter.js';
import { restateForLibseccomp } from '../../src/seccomp/restate.js';
import { syscallNumber } from '../../src/seccomp/syscalls.js';
import { allow, compare64, equals32, errno, filterOf, masked32, notify, rule } from '../support/filters.js';
import { goldenCompiler } from '../support/golden.js';
import { suite } from '../support/suite.js';

const test = suite('restateForLibseccomp');

/** A busy machine takes its time to start a process. */
const AMPLE = { timeLimitMs: 20_000 };

const on = (when: readonly Condition[], action: Action = allow) => rule('prctl', when, action);
const le = (arg: ArgumentIndex, value: bigint): Condition => compare64(arg, 'le', value);
const ge = (arg: ArgumentIndex, value: bigint): Condition => compare64(arg, 'ge', value);

/** What libseccomp 2.5.4 does with each: `hangs` is not tried here, since nothing could interrupt it. */
// biome-ignore format: a table
const WRONG: readonly [what: string, does: 'disagrees' | 'refuses' | 'hangs', rules: Filter['rules']][] = [
  ['a rule before one for every call', 'disagrees', [on([equals32(0, 1n)]), on([], errno(5))]],
  ['a mask before another of another argument', 'disagrees', [on([masked32(0, 4n, 4n)]), on([equals32(1, 2n)], errno(1))]],
  ['one that is in another', 'refuses', [on([equals32(1, 1n), equals32(2, 2n)]), on([equals32(1, 1n)], errno(5))]],
  ['upper bounds with a mask each', 'disagrees', [on([le(0, 4n), masked32(1, 3n, 0n)]), on([le(0, 10n), equals32(1, 1n)])]],
  ['lower bounds with a mask each', 'disagrees', [on([ge(0, 4n), masked32(1, 3n, 0n)]), on([ge(0, 10n), equals32(1, 1n)])]],
  ['an upper and a lower bound', 'disagrees', [on([le(0, 14n)]), on([ge(0, 0x2_0000_0001n)])]],
  ['both behind one equality', 'disagrees', [on([equals32(0, 0n), le(1, 2n)]), on([equals32(0, 0n), ge(1, 0x3_0000_0004n)])]],
  ['two that differ in both halves', 'disagrees', [on([compare64(1, 'lt', 0xffff_ffffn)]), on([ge(1, 0x2_0000_0000n)])]],
  ['one bound before two other arguments', 'hangs', [on([ge(0, 9n), equals32(1, 3n)]), on([ge(0, 9n), equals32(2, 13n)])]],
  ['bounds of which one never holds', 'hangs', [on([le(0, 1n), compare64(1, 'gt', 0x3_0000_0005n)]), on([le(0, 1n), compare64(1, 'lt', 1n)])]],
];

for (const [what, does, rules] of WRONG) {
  const filter = filterOf(rules);
  test(`${what}: the program does what the rules say`, () => {
    assert.ok(compileChecked(filter, AMPLE), 'or it is refused');
  });
  if (does === 'hangs') continue;
  test.needs(goldenCompiler(), `${what}: as it stands, libseccomp ${does}`, () => {
    if (does === 'disagrees') assert.ok(findDisagreement(filter, compileFilter(filter)));
    else
      assert.throws(
        () => compileFilter(filter),
        (error: FilterError) => error.code === 'FILTER_REFUSED',
      );
  });
}

// biome-ignore format: a table
const HARMLESS: readonly [what: string, rules: Filter['rules']][] = [
  ['masks that overlap', [on([masked32(0, 6n, 2n)]), on([masked32(0, 3n, 3n), equals32(1, 1n)])]],
  ['actions that exclude each other', [on([equals32(0, 1n), equals32(1, 4n)]), on([equals32(0, 3n)], errno(1))]],
  ['bounds of several arguments', [on([le(0, 5n)]), on([ge(1, 5n)]), on([masked32(0, 1n, 1n)])]],
  ['a bound behind another equality each', [on([equals32(0, 1n), le(1, 5n)]), on([equals32(0, 2n), le(1, 7n)])]],
  ['one rule', [on([le(0, 5n), ge(1, 6n), equals32(2, 1n)])]],
];
for (const [what, rules] of HARMLESS)
  test(`${what}: handed over as they are`, () => {
    const filter = filterOf(rules);
    assert.is(restateForLibseccomp(filter), filter);
    assert.ok(compileChecked(filter, AMPLE), 'or it is refused');
  });

const small = fc.bigInt(0n, 7n);
const value64 = fc.tuple(small, fc.constantFrom(0n, 0n, 1n, 3n)).map(([low, high]) => (high << 32n) | low);
const conditionOn = (arg: ArgumentIndex): fc.Arbitrary<Condition> =>
  fc.oneof(
    small.map((value) => equals32(arg, value)),
    fc.tuple(fc.bigInt(1n, 7n), small).map(([mask, value]) => masked32(arg, mask, value)),
    fc
      .tuple(fc.constantFrom<'le' | 'ge' | 'lt' | 'gt' | 'ne'>('le', 'ge', 'lt', 'gt', 'ne'), value64)
      .map(([compare, value]) => compare64(arg, compare, value)),
  );
const when = fc
  .tuple(...([0, 1, 2] as const).map((arg) => fc.option(conditionOn(arg), { nil: undefined })))
  .map((drawn) => drawn.filter((condition) => condition !== undefined));
const action = fc.constantFrom(allow, allow, errno(1), errno(38), notify);
const filter: fc.Arbitrary<Filter> = fc
  .array(fc.tuple(when, action), { minLength: 1, maxLength: 5 })
  .map((rules) => filterOf(rules.map((drawn) => on(...drawn))));

function isSame(one: Filter, other: Filter): boolean {
  const space = new DecisionSpace();
  const [a, b] = [one, other].map((each) => decisionOfCall(space, each, AUDIT_ARCH_X86_64, syscallNumber('prctl')));
  return a === b;
}

/** On every call of the one name that the rules have: findDisagreement() tries all others, too, and takes longer. */
function isProgramOf(one: Filter, program: BpfProgram): boolean {
  const space = new DecisionSpace();
  const nr = syscallNumber('prctl');
  const known = new Map([
    [WORD_ARCH, AUDIT_ARCH_X86_64],
    [WORD_NR, nr],
  ]);
  const meant = decisionOfCall(space, one, AUDIT_ARCH_X86_64, nr);
  return decisionOfProgram(space, decodeProgram(program), known) === meant;
}

test('40 random filters mean the same when they are said anew', () => {
  let restated = 0;
  fc.assert(
    fc.property(filter, (one) => {
      const other = restateForLibseccomp(one);
      if (other !== one) restated++;
      assert.ok(isSame(one, other));
      assert.equal(restateForLibseccomp(one), other, 'every time in the same words');
    }),
    { numRuns: 40 },
  );
  assert.ok(restated > 10, `${restated} were said anew`);
});

test('20 random filters that are said anew without bounds compile, and agree', () => {
  fc.assert(
    fc.property(filter, (one) => {
      const other = restateForLibseccomp(one);
      const isBounded = other.rules.some((each) => each.when.some(({ compare }) => compare !== 'eq' && compare !== 'masked')); // biome-ignore format: one line
      fc.pre(other !== one && !isBounded && other.rules.length < 100);
      assert.ok(isProgramOf(one, compileFilter(other)));
    }),
    { numRuns: 20 },
  );
});

test('values that no argument has are refused, not left out', () => {
  const none = { arg: 0, width: 32, compare: 'masked', mask: 2n, value: 1n } as const;
  const never = filterOf([on([none]), on([equals32(1, 1n)], errno(1))]);
  assert.throws(
    () => restateForLibseccomp(never),
    (error: FilterError) => error.code === 'FILTER_NEVER_MATCHES',
  );
});

test('what would need too many rules is handed over as it is', () => {
  const bounds = [ge(0, 0x3_0000_0004n), ge(1, 0x1_0000_0002n)];
  const wide = filterOf([on([...bounds, equals32(2, 1n)]), on([...bounds, equals32(3, 1n)])]);
  assert.is(restateForLibseccomp(wide), wide);
});

test.run();
