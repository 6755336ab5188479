import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { findDisagreement } from '../../src/seccomp/agree.js';
import { compileChecked, mayNotEnd } from '../../src/seccomp/checked.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { FilterError } from '../../src/seccomp/errors.js';
import type { Filter } from '../../src/seccomp/filter.js';
import { compare64, equals32, filterOf, ordered64, rule, whenOf } from '../support/filters.js';
import { patient } from '../support/patience.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('compileChecked');

/** For what ends: a process of its own may take long to start on a busy machine. */
const AMPLE = { timeLimitMs: patient(120_000) };

const codeOf = async (filter: Filter, options?: typeof AMPLE): Promise<string> => {
  const error = await rejection(() => compileChecked(filter, options));
  assert.instance(error, FilterError);
  return (error as FilterError).code;
};

/** The two faults of libseccomp, and a third that needs no empty comparison. */
const weaker = filterOf([
  rule('prctl', [compare64(1, 'lt', 0xffff_ffffn)]),
  rule('prctl', [compare64(1, 'ge', 0x2_0000_0000n)]),
]);
/** Too many masks would have to be written for these. */
const hanging: readonly Filter[] = [1n, 2n].map((value) => {
  const bounds = [compare64(0, 'ge', 0x3_0000_0004n), compare64(1, 'ge', 0x1_0000_0002n)];
  return filterOf([equals32(2, 1n), equals32(3, value)].map((other) => rule('prctl', [...bounds, other])));
});

test('what libseccomp makes weaker is said anew', () =>
  assert.is(findDisagreement(weaker, compileChecked(weaker, AMPLE)), undefined));

for (const [index, filter] of hanging.entries()) {
  test(`hanging filter ${index + 1} is cut off and refused`, async () => {
    const started = performance.now();
    assert.is(await codeOf(filter), 'FILTER_TIMEOUT');
    const tookMs = performance.now() - started;
    assert.ok(tookMs < AMPLE.timeLimitMs, `${tookMs} ms`);
  });
}

test('reports what a process of its own reported', async () => {
  const ranged = filterOf([rule('lseek', [compare64(1, 'ge', 1n), compare64(1, 'le', 9n)])]);
  const error = (await rejection(() => compileChecked(ranged, AMPLE))) as FilterError;
  assert.is(error.code, 'FILTER_REFUSED');
  assert.match(error.message, /lseek/);
});

test('gives the same program in either process', () => {
  const two = filterOf([rule('prctl', [compare64(0, 'eq', 7n), compare64(1, 'lt', 0x1_0000_0000n)])]);
  assert.ok(mayNotEnd(two));
  assert.equal(compileChecked(two, AMPLE), compileFilter(two));
});

const ends: readonly [name: string, filter: Filter, waits: boolean][] = [
  ['equalities of 64 bits', filterOf([0n, 1n, 2n].map((v) => rule('prctl', [compare64(0, 'eq', v)]))), false],
  ['one ordered comparison', filterOf([rule('prctl', [compare64(0, 'lt', 5n)])]), false],
  ['one for each of two calls', filterOf(['prctl', 'lseek'].map((n) => rule(n, [compare64(0, 'lt', 5n)]))), false],
  ['two on one call', weaker, true],
  ['one beside an equality', filterOf([rule('prctl', [compare64(0, 'ge', 5n), equals32(1, 1n)])]), true],
];
for (const [name, filter, waits] of ends)
  test(`${name}: ${waits ? 'a' : 'no'} process of its own`, () => assert.is(mayNotEnd(filter), waits));

test('40 random filters of two rules with 64-bit comparisons agree or are refused', () =>
  fc.assert(
    fc.property(whenOf(ordered64, 2), whenOf(ordered64, 2), (one, two) => {
      const filter = filterOf([rule('prctl', one), rule('prctl', two)]);
      try {
        assert.is(findDisagreement(filter, compileChecked(filter, { timeLimitMs: 700 })), undefined);
      } catch (error) {
        assert.instance(error, FilterError);
      }
    }),
    { numRuns: 40 },
  ));

test.run();
