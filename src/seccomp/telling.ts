/**
 * The values at which comparisons change their mind, and their combinations.
 */
import type { WordComparison } from './explore.js';

/** A word of `struct seccomp_data` and the values that it takes in turn. */
export type TellingWord = { readonly word: number; readonly values: readonly number[] };

/** Of a call's combinations, so many are tried at most. */
export const MOST_COMBINATIONS = 100_000;
const MOST_MERGED = 256;
const ALL = 0xffff_ffff;

/**
 * For each compared word, one value for every way in which its comparisons
 * can come out together. Exact where the word is compared whole or under one
 * mask; where several masks meet, exact for what any of them can ask for
 * together, as long as they are not hundreds.
 */
export function tellingWords(comparisons: readonly WordComparison[]): TellingWord[] {
  const words = [...new Set(comparisons.map(({ word }) => word))].sort((a, b) => a - b);
  return words.map((word) => ({ word, values: oneOfEachKind(comparisons.filter((c) => c.word === word)) }));
}

function oneOfEachKind(comparisons: readonly WordComparison[]): number[] {
  if (comparisons.every(({ mask }) => mask === ALL)) return aroundEach(comparisons);
  const distinct = distinctOf(comparisons);
  const kinds = new Map<string, number>();
  for (const value of candidates(comparisons)) {
    const kind = distinct.map((c) => Math.sign(((value & c.mask) >>> 0) - c.value) + 1).join('');
    if (!kinds.has(kind)) kinds.set(kind, value);
  }
  return [...kinds.values()];
}

/** Compared whole, a word is one of the values, or lies between two of them. */
function aroundEach(comparisons: readonly WordComparison[]): number[] {
  const values = [...new Set(comparisons.map(({ value }) => value))].sort((a, b) => a - b);
  const [least = 0] = values;
  const found = least > 0 ? [least - 1] : [];
  for (const [index, value] of values.entries()) {
    found.push(value);
    if (value < ALL && value + 1 !== values[index + 1]) found.push(value + 1);
  }
  return found;
}

function* candidates(comparisons: readonly WordComparison[]): Generator<number> {
  yield 0;
  yield ALL;
  for (const { mask, value } of mergedComparisons(comparisons)) {
    const rest = ~mask >>> 0;
    const wanted = (value & mask) >>> 0;
    // The values on either side, among those that the mask leaves apart.
    const above = ((((wanted | rest) >>> 0) + 1) & mask) >>> 0;
    const below = ((wanted - 1) & mask) >>> 0;
    for (const near of [wanted, above, below])
      for (const fill of [0, ALL, 0x5a5a_5a5a]) yield (near | (fill & rest)) >>> 0;
    if (mask === ALL) continue;
    for (let bit = 0; bit < 32; bit++)
      if ((mask >>> bit) & 1) for (const fill of [0, rest]) yield ((wanted ^ (1 << bit)) | fill) >>> 0;
  }
}

/** The comparisons, and what two or more of them with different masks ask for together. */
function mergedComparisons(comparisons: readonly WordComparison[]): { mask: number; value: number }[] {
  const distinct = distinctOf(comparisons);
  const merged = new Map(distinct.map(({ mask, value }) => [`${mask} ${value}`, { mask, value }]));
  for (const one of merged.values()) {
    for (const { mask, value } of distinct) {
      const both = (one.mask | mask) >>> 0;
      if (both === one.mask || merged.size >= MOST_MERGED || ((one.value ^ value) & one.mask & mask) !== 0) continue;
      const together = { mask: both, value: (one.value | (value & mask)) >>> 0 };
      merged.set(`${together.mask} ${together.value}`, together); // visited by this loop in its turn
    }
  }
  return [...merged.values()];
}

/** Of one word. */
const distinctOf = (comparisons: readonly WordComparison[]): WordComparison[] => [
  ...new Map(comparisons.map((one) => [`${one.mask} ${one.value}`, one])).values(),
];

/** How many combinations `words` have. */
export const combinationsOf = (words: readonly TellingWord[]): number =>
  words.reduce((product, { values }) => product * values.length, 1);

/**
 * Puts the combinations into `data` one after another until `visit` returns
 * true; returns whether it did. All of them up to MOST_COMBINATIONS; beyond,
 * every pair of values of two words with the others at random, then random
 * ones up to that number, the same ones each time.
 */
export function someCombination(words: readonly TellingWord[], data: Uint32Array, visit: () => boolean): boolean {
  return combinationsOf(words) <= MOST_COMBINATIONS ? someOfAll(words, 0, data, visit) : someOfMany(words, data, visit);
}

function someOfAll(words: readonly TellingWord[], index: number, data: Uint32Array, visit: () => boolean): boolean {
  const current = words[index];
  if (current === undefined) return visit();
  for (const value of current.values) {
    data[current.word] = value;
    if (someOfAll(words, index + 1, data, visit)) return true;
  }
  return false;
}

function someOfMany(words: readonly TellingWord[], data: Uint32Array, visit: () => boolean): boolean {
  const random = randomNumbers();
  const fill = (): void => {
    for (const { word, values } of words) data[word] = values[random() % values.length] ?? 0;
  };
  let visited = 0;
  for (const [index, first] of words.entries()) {
    for (const second of words.slice(index + 1)) {
      const pair = [first, second];
      const visitPair = (): boolean => {
        const [a = 0, b = 0] = [data[first.word], data[second.word]];
        fill();
        [data[first.word], data[second.word]] = [a, b];
        return ++visited > MOST_COMBINATIONS || visit();
      };
      if (someOfAll(pair, 0, data, visitPair)) return visited <= MOST_COMBINATIONS;
    }
  }
  for (; visited < MOST_COMBINATIONS; visited++) {
    fill();
    if (visit()) return true;
  }
  return false;
}

/** xorshift32 from a fixed start, so that a finding can be found again. */
function randomNumbers(): () => number {
  let state = 0x9e37_79b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
