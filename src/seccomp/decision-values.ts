/** A condition as terms by argument: for which values of the first one the others must be what. */
import { wordOf } from './bpf.js';
import type { Decision, DecisionSpace } from './decision.js';
import { coverOf } from './decision-cover.js';
import { bitAtLevel, firstLevelOf, WORD_BITS } from './decision-words.js';
import { costOf, type Part, type Term } from './term.js';

/** `condition`, which asks arguments alone, in at most `most` terms that exclude each other; undefined where they are more. */
export function termsByArgument(space: DecisionSpace, condition: Decision, most: number): Term[] | undefined {
  const known = new Map<Decision, readonly Term[] | undefined>();
  const visit = (here: Decision): readonly Term[] | undefined => {
    if (here === space.yes) return [[]];
    if (here === space.no) return [];
    if (!known.has(here)) known.set(here, termsFrom(here));
    return known.get(here);
  };
  const termsFrom = (here: Decision): readonly Term[] | undefined => {
    const argument = argumentAt(space.levelOf(here));
    const sets = valueSets(space, here, argument, most);
    const terms: Term[] = [];
    for (const [rest, set] of sets ?? []) {
      if (rest === space.no) continue;
      const [values, others] = [valuesIn(space, set, argument, most), visit(rest)];
      if (values === undefined || others === undefined) return undefined;
      if (terms.length + values.length * others.length > most) return undefined;
      terms.push(...values.flatMap((value) => others.map((other) => [...value, ...other])));
    }
    return sets === undefined ? undefined : terms;
  };
  return visit(condition)?.slice();
}

const argumentAt = (level: number): number => (bitAtLevel(level).word - wordOf(0, 'low')) >> 1;

/** Behind the last bit of the argument. */
const endOf = (argument: number): number => firstLevelOf(wordOf(argument, 'low')) + WORD_BITS;

type ValueSets = ReadonlyMap<Decision, Decision>;

/** What is left to be asked once the argument is known: for each, the values (as a condition) that lead to it. */
function valueSets(space: DecisionSpace, decision: Decision, argument: number, most: number): ValueSets | undefined {
  const end = endOf(argument);
  const known = new Map<Decision, ValueSets>();
  const visit = (here: Decision): ValueSets | undefined => {
    const level = space.levelOf(here);
    if (level >= end) return new Map([[here, space.yes]]);
    const before = known.get(here);
    if (before !== undefined) return before;
    const [low, high] = [visit(space.lowOf(here, level)), visit(space.highOf(here, level))];
    if (low === undefined || high === undefined) return undefined;
    const rests = new Set([...low.keys(), ...high.keys()]);
    if (rests.size > most + 1) return undefined;
    const setOf = (rest: Decision): Decision => space.ask(level, low.get(rest) ?? space.no, high.get(rest) ?? space.no);
    const sets = new Map([...rests].map((rest) => [rest, setOf(rest)]));
    known.set(here, sets);
    return sets;
  };
  return visit(decision);
}

/** The values of one argument that `set` holds, as ranges or bits: whichever is shorter. */
function valuesIn(space: DecisionSpace, set: Decision, argument: number, most: number): readonly Term[] | undefined {
  if (set === space.yes) return [[]];
  const ranges = rangesIn(space, set, argument, most)?.map((range) => [range]);
  const bits = coverOf(space, set, most);
  if (ranges === undefined || bits === undefined) return ranges ?? bits;
  return costOf(ranges) < costOf(bits) ? ranges : bits;
}

/** The values as ranges with gaps between them; undefined where they are more than `most`. */
function rangesIn(space: DecisionSpace, set: Decision, argument: number, most: number): Part[] | undefined {
  const end = endOf(argument);
  const width = space.levelOf(set) >= end - WORD_BITS ? 32 : 64;
  const found: { readonly first: bigint; readonly last: bigint }[] = [];
  /** For the values that begin with the bits of `prefix` above `level`. */
  const visit = (here: Decision, level: number, prefix: bigint): boolean => {
    if (here === space.no) return true;
    const bits = BigInt(end - level);
    if (here === space.yes) {
      const [first, last] = [prefix << bits, ((prefix + 1n) << bits) - 1n];
      const before = found[found.length - 1];
      if (before !== undefined && before.last + 1n === first) found[found.length - 1] = { first: before.first, last };
      else found.push({ first, last });
      return found.length <= most;
    }
    return (
      visit(space.lowOf(here, level), level + 1, prefix << 1n) &&
      visit(space.highOf(here, level), level + 1, (prefix << 1n) | 1n)
    );
  };
  if (!visit(set, end - width, 0n)) return undefined;
  return found.map(({ first, last }) => partOf(argument, width, first, last));
}

function partOf(argument: number, width: 32 | 64, first: bigint, last: bigint): Part {
  if (first === last) return { kind: 'bits', argument, mask: (1n << BigInt(width)) - 1n, value: first };
  return { kind: 'range', argument, width, first, last };
}
