/** The bits of `struct seccomp_data` as a decision asks them, and comparisons of its words. */
import { DATA_WORDS, WORD_ARCH, WORD_NR, wordOf } from './bpf.js';
import type { Decision, DecisionSpace } from './decision.js';

export const WORD_BITS = 32;

/**
 * The words in the order in which they are asked: architecture and number
 * first, so that each call has a part of its own; of 64 bits the high half
 * first, as their order has it; the instruction pointer last, at which no
 * filter of anyone looks.
 */
const ORDER: readonly number[] = [
  WORD_ARCH,
  WORD_NR,
  ...[0, 1, 2, 3, 4, 5].flatMap((argument) => [wordOf(argument, 'high'), wordOf(argument, 'low')]),
  3,
  2,
];
const PLACES: readonly number[] = Array.from({ length: DATA_WORDS }, (_, word) => ORDER.indexOf(word));

/** The level of the word's highest bit; its other bits follow. */
export const firstLevelOf = (word: number): number => (PLACES[word] ?? 0) * WORD_BITS;

/** The word and bit (0 the lowest) that are asked at `level`. */
export function bitAtLevel(level: number): { readonly word: number; readonly bit: number } {
  return { word: ORDER[Math.floor(level / WORD_BITS)] ?? 0, bit: WORD_BITS - 1 - (level % WORD_BITS) };
}

/** The value that `decision` has for the call whose words are `data`. */
export function evaluateOn(space: DecisionSpace, decision: Decision, data: Uint32Array): number {
  return space.evaluate(decision, (level) => {
    const { word, bit } = bitAtLevel(level);
    return (((data[word] ?? 0) >>> bit) & 1) === 1;
  });
}

/** 32 bits, each a decision between yes and no; the lowest first. */
export type Bits = readonly Decision[];

/** The bits of `word`. */
export function bitsOfWord(space: DecisionSpace, word: number): Bits {
  const lowest = firstLevelOf(word) + WORD_BITS - 1;
  return Array.from({ length: WORD_BITS }, (_, bit) => space.ask(lowest - bit, space.no, space.yes));
}

export function bitsOfNumber(space: DecisionSpace, value: number): Bits {
  return Array.from({ length: WORD_BITS }, (_, bit) => ((value >>> bit) & 1 ? space.yes : space.no));
}

/** `bits` where `mask` has ones, and zeroes elsewhere. */
export function masked(space: DecisionSpace, bits: Bits, mask: number): Bits {
  return bits.map((bit, index) => ((mask >>> index) & 1 ? bit : space.no));
}

/** Whether the number of `bits` equals `value`. */
export function equals(space: DecisionSpace, bits: Bits, value: number): Decision {
  return bits.reduce(
    (below, bit, index) =>
      (value >>> index) & 1 ? space.choose(bit, below, space.no) : space.choose(bit, space.no, below),
    space.yes,
  );
}

/** Whether the number of `bits`, unsigned, is greater than `value`; with `orEqual` also where it is the same. */
export function exceeds(space: DecisionSpace, bits: Bits, value: number, orEqual: boolean): Decision {
  return bits.reduce(
    (below, bit, index) =>
      (value >>> index) & 1 ? space.choose(bit, below, space.no) : space.choose(bit, space.yes, below),
    orEqual ? space.yes : space.no,
  );
}

/** Whether `(word & mask) == value`. */
export function wordEquals(space: DecisionSpace, word: number, value: number, mask = 0xffff_ffff): Decision {
  if ((value & ~mask) !== 0) return space.no;
  const lowest = firstLevelOf(word) + WORD_BITS - 1;
  let below = space.yes;
  for (let bit = 0; bit < WORD_BITS; bit++) {
    if (((mask >>> bit) & 1) === 0) continue;
    const isOne = ((value >>> bit) & 1) === 1;
    below = space.ask(lowest - bit, isOne ? space.no : below, isOne ? below : space.no);
  }
  return below;
}

/** The part of `parts` whose number `word` has, and `otherwise` for every other number; `parts` ask only what follows the word. */
export function chooseByNumber(
  space: DecisionSpace,
  word: number,
  parts: readonly (readonly [number, Decision])[],
  otherwise: Decision,
): Decision {
  const lastLevel = firstLevelOf(word) + WORD_BITS - 1;
  const sorted = [...parts].sort(([a], [b]) => a - b);
  const isOne = (place: number, bit: number): boolean => (((sorted[place]?.[0] ?? 0) >>> bit) & 1) === 1;
  /** For the parts from `start` to before `end`, which are alike in all bits above `bit`. */
  const visit = (start: number, end: number, bit: number): Decision => {
    if (start === end) return otherwise;
    if (bit < 0) return sorted[start]?.[1] ?? otherwise;
    let middle = isOne(end - 1, bit) ? start : end;
    while (middle < end && !isOne(middle, bit)) middle++;
    return space.ask(lastLevel - bit, visit(start, middle, bit - 1), visit(middle, end, bit - 1));
  };
  return visit(0, sorted.length, WORD_BITS - 1);
}

const LOW = 0xffff_ffffn;
const numberOf = (value: bigint): { readonly high: number; readonly low: number } => ({
  high: Number(value >> 32n),
  low: Number(value & LOW),
});

/** Whether `(argument & mask) == value`, all of 64 bits. */
export function argumentEquals(space: DecisionSpace, argument: number, value: bigint, mask: bigint): Decision {
  const [wanted, within] = [numberOf(value), numberOf(mask)];
  const high = wordEquals(space, wordOf(argument, 'high'), wanted.high, within.high);
  return space.choose(high, wordEquals(space, wordOf(argument, 'low'), wanted.low, within.low), space.no);
}

/** Whether the argument, as 64 bits without sign, is at least `value`. */
export function argumentAtLeast(space: DecisionSpace, argument: number, value: bigint): Decision {
  const { high, low } = numberOf(value);
  const highBits = bitsOfWord(space, wordOf(argument, 'high'));
  const onTie = exceeds(space, bitsOfWord(space, wordOf(argument, 'low')), low, true);
  return space.choose(
    exceeds(space, highBits, high, false),
    space.yes,
    space.choose(equals(space, highBits, high), onTie, space.no),
  );
}
