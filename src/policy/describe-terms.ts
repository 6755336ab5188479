/** The arguments for which two decisions differ, in words. */
import type { Terms } from '../seccomp/decision-terms.js';
import type { ArgumentIndex } from '../seccomp/filter.js';
import type { Part, Term } from '../seccomp/term.js';
import { allBits, type Test } from './conjunction.js';
import { describeAlternatives, describeAnyBit, isAll, type ToldTest } from './describe.js';

/** As many values as one still reads. */
export const MOST_TERMS = 40;
/** Of bits that a test leaves out, so few are told as single values. */
const MOST_FREE_BITS = 2;
/** So few values in a row are told by their names. */
const MOST_NEIGHBOURS = 4n;

/**
 * `where request is TIOCSTI`, `unless flags has none of …`; undefined where all arguments are meant.
 * `call` gives the arguments their names; empty: they have none.
 */
export function describeTerms(terms: Terms, call: string): string | undefined {
  switch (terms.kind) {
    case 'many':
      return 'for some arguments';
    case 'any':
      return terms.terms.some((term) => term.length === 0) ? undefined : `where ${describe(call, terms.terms)}`;
    case 'none': {
      if (terms.terms.length === 0) return undefined;
      const cleared = terms.terms.map(clearedBits);
      return cleared.every((test) => test !== undefined)
        ? `where ${cleared.map((test) => describeAnyBit(call, test)).join(' and ')}`
        : `unless ${describe(call, terms.terms)}`;
    }
  }
}

/** The one test of `term`, if all it says is that certain bits are zero: its opposite is as short. */
function clearedBits(term: Term): Extract<Test, { kind: 'bits' }> | undefined {
  const [part, ...others] = term;
  if (part?.kind !== 'bits' || others.length > 0 || part.value !== 0n || isAll(part.mask)) return undefined;
  return { kind: 'bits', arg: part.argument as ArgumentIndex, mask: part.mask, value: 0n };
}

/** Terms may overlap: what another one says too is told once, and values in their order. */
function describe(call: string, terms: readonly Term[]): string {
  const all = new Map(terms.flatMap(testsOf).map((when) => [keyOf(when), when]));
  const told = [...all.values()].filter(
    (one) => ![...all.values()].some((other) => other !== one && covers(other, one)),
  );
  return describeAlternatives(call, told.sort(compareTold));
}

const keyOf = (when: readonly ToldTest[]): string =>
  when.map((test) => `${test.arg} ${boundsOf(test).join(' ')}`).join(', ');

const boundsOf = (test: ToldTest): readonly (bigint | string)[] =>
  test.kind === 'between'
    ? [test.kind, test.first, test.last, `${test.width}`]
    : [test.kind, test.value, test.kind === 'bits' ? test.mask : ''];

/** Whether every test of `wide` holds wherever `narrow` does: of two that say the same, none is left of the keys. */
function covers(wide: readonly ToldTest[], narrow: readonly ToldTest[]): boolean {
  return wide.every((test) => narrow.some((other) => other.arg === test.arg && implies(other, test)));
}

const implies = (narrow: ToldTest, wide: ToldTest): boolean =>
  narrow.kind === 'bits' && wide.kind === 'bits'
    ? (wide.mask & ~narrow.mask) === 0n && (narrow.value & wide.mask) === wide.value
    : keyOf([narrow]) === keyOf([wide]);

/** Those that are told together stand together: all tests but the last first. */
function compareTold(one: readonly ToldTest[], other: readonly ToldTest[]): number {
  for (const [place, test] of one.entries()) {
    const counterpart = other[place];
    if (counterpart === undefined) return 1;
    const difference = test.arg - counterpart.arg || compareNumbers(lowestOf(test), lowestOf(counterpart));
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

const lowestOf = (test: ToldTest): bigint => (test.kind === 'between' ? test.first : test.value);
const compareNumbers = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** `term` with single values for tests that leave few bits open: 2 or 10, and not "all bits but one are those of 2". */
function testsOf(term: Term): ToldTest[][] {
  return term.reduce<ToldTest[][]>(
    (all, part) => testsOfPart(part).flatMap((test) => all.map((before) => [...before, test])),
    [[]],
  );
}

function testsOfPart(part: Part): ToldTest[] {
  const arg = part.argument as ArgumentIndex;
  if (part.kind === 'range') {
    const { width, first, last } = part;
    if (last - first >= MOST_NEIGHBOURS) return [{ kind: 'between', arg, width, first, last }];
    const values = Array.from({ length: Number(last - first) + 1 }, (_, place) => first + BigInt(place));
    return values.map((value): Test => ({ kind: 'bits', arg, mask: allBits(width), value }));
  }
  return singleValues(part.mask, part.value).map((one): Test => ({ kind: 'bits', arg, ...one }));
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
