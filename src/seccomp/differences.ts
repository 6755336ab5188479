/** Where two decisions part ways: which calls, with which arguments, and one call that shows it. */
import { DATA_WORDS, WORD_ARCH, WORD_NR } from './bpf.js';
import { type Decision, type DecisionSpace, LEAF_LEVEL, tooComplex } from './decision.js';
import { bitAtLevel, firstLevelOf, WORD_BITS } from './decision-words.js';

/** First and last number, both included. */
export type NumberRange = { readonly first: number; readonly last: number };

/** Calls that are decided alike before, and alike after. */
export type Difference = {
  readonly architectures: readonly NumberRange[];
  readonly numbers: readonly NumberRange[];
  readonly before: number;
  readonly after: number;
  /** Whether the arguments of such a call are among those with the difference: leaves `yes` and `no`. */
  readonly where: Decision;
  /** The words of one such call: the first architecture and number, the smallest arguments. */
  readonly witness: Uint32Array;
};

/** More ranges of numbers than this are no list that anybody reads. */
const MOST_RANGES = 20_000;
/** Leaf of calls without a difference; the others count from 1. */
const SAME = 0;

/**
 * Every call on which `before` and `after` differ, by `isSame`; empty where there is none.
 * @throws {FilterError} FILTER_TOO_COMPLEX where the numbers are picked out bit by bit
 */
export function findDifferences(
  space: DecisionSpace,
  before: Decision,
  after: Decision,
  isSame: (before: number, after: number) => boolean = (a, b) => a === b,
): Difference[] {
  const pairs: { readonly before: number; readonly after: number }[] = [];
  const pairOf = (x: number, y: number): number => {
    if (isSame(x, y)) return SAME;
    const known = pairs.findIndex((pair) => pair.before === x && pair.after === y);
    return known >= 0 ? known + 1 : pairs.push({ before: x, after: y });
  };
  const differing = space.combine(before, after, pairOf);
  const found: Difference[] = [];
  for (const [numbered, architectures] of partsByWord(space, differing, WORD_ARCH))
    for (const [rest, numbers] of partsByWord(space, numbered, WORD_NR))
      for (const place of leavesOf(space, rest)) {
        const pair = pairs[place - 1];
        const [arch, nr] = [architectures[0], numbers[0]];
        if (pair === undefined || arch === undefined || nr === undefined) continue;
        const witness = smallestCall(space, rest, place);
        witness[WORD_ARCH] = arch.first;
        witness[WORD_NR] = nr.first;
        const where = space.combine(rest, rest, (leaf) => (leaf === place ? 1 : 0));
        found.push({ architectures, numbers, ...pair, where, witness });
      }
  return found;
}

/** What is decided for each value of `word`, which is asked before all that is left: value ranges by decision. */
function partsByWord(space: DecisionSpace, decision: Decision, word: number): Map<Decision, NumberRange[]> {
  const parts = new Map<Decision, NumberRange[]>();
  const firstLevel = firstLevelOf(word);
  let count = 0;
  const visit = (here: Decision, bit: number, prefix: number): void => {
    if (space.valueOf(here) === SAME) return;
    if (space.levelOf(here) < firstLevel + WORD_BITS) {
      const level = firstLevel + bit;
      visit(space.lowOf(here, level), bit + 1, prefix);
      visit(space.highOf(here, level), bit + 1, prefix + 2 ** (WORD_BITS - 1 - bit));
      return;
    }
    if (++count > MOST_RANGES) throw tooComplex(`more than ${MOST_RANGES} ranges of numbers`);
    const ranges = parts.get(here) ?? [];
    const last = prefix + 2 ** (WORD_BITS - bit) - 1;
    const before = ranges[ranges.length - 1];
    if (before !== undefined && before.last + 1 === prefix) ranges[ranges.length - 1] = { first: before.first, last };
    else ranges.push({ first: prefix, last });
    parts.set(here, ranges);
  };
  visit(decision, 0, 0);
  return parts;
}

/** The values of the leaves but SAME, in the order of the smallest calls that lead there. */
function leavesOf(space: DecisionSpace, decision: Decision): Set<number> {
  const seen = new Set<Decision>();
  const values = new Set<number>();
  const visit = (here: Decision): void => {
    if (seen.has(here)) return;
    seen.add(here);
    const level = space.levelOf(here);
    if (level === LEAF_LEVEL) {
      const value = space.valueOf(here) ?? SAME;
      if (value !== SAME) values.add(value);
      return;
    }
    visit(space.lowOf(here, level));
    visit(space.highOf(here, level));
  };
  visit(decision);
  return values;
}

/** The words of a call for which `decision` has `value`: zeroes wherever they can be. */
export function smallestCall(space: DecisionSpace, decision: Decision, value: number): Uint32Array {
  const data = new Uint32Array(DATA_WORDS);
  const hopeless = new Set<Decision>();
  const visit = (here: Decision): boolean => {
    if (hopeless.has(here)) return false;
    const level = space.levelOf(here);
    if (level === LEAF_LEVEL) return space.valueOf(here) === value;
    if (visit(space.lowOf(here, level))) return true;
    if (visit(space.highOf(here, level))) {
      const { word, bit } = bitAtLevel(level);
      data[word] = ((data[word] ?? 0) | (1 << bit)) >>> 0;
      return true;
    }
    hopeless.add(here);
    return false;
  };
  if (!visit(decision)) throw new RangeError(`no call leads to ${value}`);
  return data;
}
