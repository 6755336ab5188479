/** The arguments for which two decisions differ, in words. */
import type { Decision, DecisionSpace } from '../seccomp/decision.js';
import { type Term, termsOf } from '../seccomp/decision-terms.js';
import type { ArgumentIndex } from '../seccomp/filter.js';
import { allBits, type Conjunction, type Test } from './conjunction.js';
import { describeAlternatives } from './describe.js';

/** As many values as one still reads. */
const MOST_TERMS = 40;
/** Of bits that a test leaves out, so few are told as single values. */
const MOST_FREE_BITS = 2;

/**
 * `where request is TIOCSTI`, `unless flags has none of …`; undefined where all arguments are meant.
 * `call` gives the arguments their names; empty: they have none.
 */
export function describeWhere(space: DecisionSpace, where: Decision, call: string): string | undefined {
  if (where === space.yes) return undefined;
  const terms = termsOf(space, where, MOST_TERMS);
  switch (terms.kind) {
    case 'many':
      return 'for some arguments';
    case 'range': {
      const arg = terms.argument as ArgumentIndex;
      const tests: Test[] = [];
      if (terms.first > 0n) tests.push({ kind: 'least', arg, value: terms.first });
      if (terms.last < allBits(64)) tests.push({ kind: 'most', arg, value: terms.last });
      return `where ${describeAlternatives(call, [tests])}`;
    }
    case 'any':
      return `where ${describeTerms(call, terms.terms)}`;
    case 'none':
      return `unless ${describeTerms(call, terms.terms)}`;
  }
}

/** Terms may overlap: a value that several have is told once. */
function describeTerms(call: string, terms: readonly Term[]): string {
  const all = terms.flatMap(conjunctionsOf).map((when) => [keyOf(when), when] as const);
  return describeAlternatives(call, [...new Map(all).values()]);
}

const keyOf = (when: Conjunction): string =>
  when.map((test) => `${test.arg} ${test.value} ${test.kind === 'bits' ? test.mask : test.kind}`).join(', ');

/** `term` with single values for tests that leave few bits open: 2 or 10, and not "all bits but one are those of 2". */
function conjunctionsOf(term: Term): Conjunction[] {
  return term.reduce<Conjunction[]>(
    (all, { argument, mask, value }) =>
      singleValues(mask, value).flatMap((one) =>
        all.map((before) => [...before, { kind: 'bits', arg: argument as ArgumentIndex, ...one } as const]),
      ),
    [[]],
  );
}

function singleValues(mask: bigint, value: bigint): { readonly mask: bigint; readonly value: bigint }[] {
  const whole = mask > allBits(32) ? allBits(64) : allBits(32);
  const free: bigint[] = [];
  for (let bit = 1n; bit <= whole && free.length <= MOST_FREE_BITS; bit <<= 1n) if ((mask & bit) === 0n) free.push(bit);
  if (free.length > MOST_FREE_BITS) return [{ mask, value }];
  return free
    .reduce((values, bit) => values.flatMap((one) => [one, one | bit]), [value])
    .map((one) => ({ mask: whole, value: one }));
}
