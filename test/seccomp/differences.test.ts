import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { AUDIT_ARCH_X86_64, WORD_ARCH, WORD_NR, wordOf } from '../../src/seccomp/bpf.js';
import { type Decision, DecisionSpace } from '../../src/seccomp/decision.js';
import { allOf, decisionOfFilter } from '../../src/seccomp/decision-filter.js';
import { termsOf } from '../../src/seccomp/decision-terms.js';
import { argumentAtLeast, argumentEquals, bitsOfWord, evaluateOn, exceeds } from '../../src/seccomp/decision-words.js';
import { findDifferences, type NumberRange } from '../../src/seccomp/differences.js';
import type { FilterError } from '../../src/seccomp/errors.js';
import type { Condition } from '../../src/seccomp/filter.js';
import { syscallNumber } from '../../src/seccomp/syscalls.js';
import type { Part, Term } from '../../src/seccomp/term.js';
import {
  compare64,
  condition32,
  equals32,
  errno,
  filterOf,
  masked32,
  ordered64,
  rule,
  whenOf,
} from '../support/filters.js';
import { suite } from '../support/suite.js';

const test = suite('differences of decisions');

const NAMES = ['read', 'ioctl', 'openat'] as const;
const condition = fc.oneof(condition32, ordered64);
const filterArbitrary = fc
  .array(
    fc
      .tuple(fc.constantFrom(...NAMES), whenOf(condition, 2), fc.constantFrom(undefined, 1, 38))
      .map(([name, when, answer]) => rule(name, when, answer === undefined ? undefined : errno(answer))),
    { maxLength: 4 },
  )
  .map((rules) => filterOf(rules));

const isIn = (ranges: readonly NumberRange[], value: number): boolean =>
  ranges.some(({ first, last }) => first <= value && value <= last);

/** Calls that the two filters look at, with arguments near what they compare with. */
const dataArbitrary = fc
  .tuple(
    fc.constantFrom(AUDIT_ARCH_X86_64, AUDIT_ARCH_X86_64, 0x4000_0003),
    fc.constantFrom(...NAMES.map(syscallNumber), 1, 0x4000_0000),
    fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 3, 0x5401, 0xffff_ffff), fc.integer({ min: 0, max: 0xffff_ffff })), {
      minLength: 14,
      maxLength: 14,
    }),
  )
  .map(([arch, nr, rest]) => Uint32Array.from([nr, arch, ...rest]));

test('a call is in one difference if its two outcomes differ, and in none if not', () => {
  let differing = 0;
  fc.assert(
    fc.property(filterArbitrary, filterArbitrary, fc.array(dataArbitrary, { minLength: 20 }), (one, other, calls) => {
      const space = new DecisionSpace();
      const [before, after] = [decisionOfFilter(space, one), decisionOfFilter(space, other)];
      const differences = findDifferences(space, before, after);
      for (const data of [...calls, ...differences.map(({ witness }) => witness)]) {
        const outcomes = [evaluateOn(space, before, data), evaluateOn(space, after, data)];
        const found = differences.filter(
          ({ architectures, numbers, where }) =>
            isIn(architectures, data[WORD_ARCH] ?? 0) &&
            isIn(numbers, data[WORD_NR] ?? 0) &&
            evaluateOn(space, where, data) === 1,
        );
        assert.is(found.length, outcomes[0] === outcomes[1] ? 0 : 1);
        if (found[0] === undefined) continue;
        differing++;
        assert.equal([found[0].before, found[0].after], outcomes);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(differing > 300, `${differing} calls differed`);
});

function decisionOfPart(space: DecisionSpace, part: Part): Decision {
  const { kind, argument } = part;
  if (kind === 'bits') return argumentEquals(space, argument, part.value, part.mask);
  const { width, first, last } = part;
  const atLeast = (value: bigint): Decision =>
    width === 64
      ? argumentAtLeast(space, argument, value)
      : exceeds(space, bitsOfWord(space, wordOf(argument, 'low')), Number(value), true);
  const above = last === (1n << BigInt(width)) - 1n ? space.no : atLeast(last + 1n);
  return space.choose(above, space.no, atLeast(first));
}

/** What the terms say, as a decision again. */
function decisionOfTerms(space: DecisionSpace, terms: readonly Term[]): Decision {
  return terms.reduce((any, term) => {
    const all = term.reduce((rest, part) => space.choose(decisionOfPart(space, part), rest, space.no), space.yes);
    return space.choose(all, space.yes, any);
  }, space.no);
}

test('terms say what the condition says, and nothing else', () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.array(whenOf(condition, 2), { minLength: 1, maxLength: 3 }), (alternatives) => {
      const space = new DecisionSpace();
      const whole = alternatives.reduce(
        (any, when) => space.choose(allOf(space, when), space.yes, any),
        space.no as Decision,
      );
      const terms = termsOf(space, whole);
      kinds.add(terms.kind);
      switch (terms.kind) {
        case 'many':
          return;
        case 'any':
          assert.is(decisionOfTerms(space, terms.terms), whole);
          return;
        case 'none':
          assert.is(space.choose(decisionOfTerms(space, terms.terms), space.no, space.yes), whole);
          return;
      }
    }),
    { numRuns: 1000 },
  );
  assert.equal([...kinds].sort(), ['any', 'many', 'none']);
});

const TERMS: readonly (readonly [string, readonly Condition[], string])[] = [
  ['an equality', [equals32(1, 7n)], 'any 1&ffffffff=7'],
  ['a mask', [masked32(0, 6n, 4n)], 'any 0&6=4'],
  ['two arguments', [equals32(0, 1n), equals32(1, 2n)], 'any 0&ffffffff=1,1&ffffffff=2'],
  ['an order', [compare64(2, 'ge', 5n)], 'any 2(64):5-ffffffffffffffff'],
  ['an order beside a value', [compare64(1, 'lt', 4096n), equals32(2, 1n)], 'any 1(64):0-fff,2&ffffffff=1'],
  ['an inequality', [compare64(2, 'ne', 5n)], 'none 2&ffffffffffffffff=5'],
];
for (const [what, when, expected] of TERMS)
  test(`${what} is told as such`, () => {
    const space = new DecisionSpace();
    const terms = termsOf(space, allOf(space, when));
    const text = (value: bigint): string => value.toString(16);
    const partText = (part: Part): string =>
      part.kind === 'bits'
        ? `${part.argument}&${text(part.mask)}=${text(part.value)}`
        : `${part.argument}(${part.width}):${text(part.first)}-${text(part.last)}`;
    const told =
      terms.kind === 'many'
        ? 'many'
        : `${terms.kind} ${terms.terms.map((term) => term.map(partText).join(',')).join(' ')}`;
    assert.is(told, expected);
  });

test('numbers that are picked out bit by bit are no list, and refused', () => {
  const space = new DecisionSpace();
  const odd = bitsOfWord(space, WORD_NR)[0] ?? space.no;
  try {
    findDifferences(space, space.no, odd);
    assert.unreachable();
  } catch (error) {
    assert.is((error as FilterError).code, 'FILTER_TOO_COMPLEX');
  }
});

test('arguments are words in the order of the structure', () => {
  const space = new DecisionSpace();
  const [difference] = findDifferences(space, space.no, argumentAtLeast(space, 3, 0x1_0000_0000n));
  assert.is(difference?.witness[wordOf(3, 'high')], 1);
  assert.is(difference?.witness[wordOf(3, 'low')], 0);
});

test.run();
