/** A condition on arguments as few terms that people can read. */
import { wordOf } from './bpf.js';
import { type Decision, type DecisionSpace, LEAF_LEVEL } from './decision.js';
import { argumentAtLeast, bitAtLevel } from './decision-words.js';

/** Bits of arguments that must have certain values, all of them; empty: no argument matters. */
export type Term = readonly { readonly argument: number; readonly mask: bigint; readonly value: bigint }[];

export type Terms =
  /** One of the terms holds. */
  | { readonly kind: 'any'; readonly terms: readonly Term[] }
  /** None of the terms holds. */
  | { readonly kind: 'none'; readonly terms: readonly Term[] }
  /** One argument, as 64 bits without sign, is in a range. */
  | { readonly kind: 'range'; readonly argument: number; readonly first: bigint; readonly last: bigint }
  /** Too many to be read, or of something that is no argument. */
  | { readonly kind: 'many' };

const MOST_STEPS = 50_000;
const WORD_FIRST_ARGUMENT = wordOf(0, 'low');
const ALL = 0xffff_ffff_ffff_ffffn;

/** `condition`, whose leaves are yes and no, in at most `most` terms. */
export function termsOf(space: DecisionSpace, condition: Decision, most = 8): Terms {
  if (asksForInstruction(space, condition)) return { kind: 'many' };
  const terms = coverOf(space, condition, most);
  const range = terms !== undefined && terms.length <= 1 ? undefined : rangeOf(space, condition);
  if (range !== undefined) return range;
  const others = coverOf(space, space.choose(condition, space.no, space.yes), most);
  if (terms !== undefined && (others === undefined || terms.length <= others.length)) return { kind: 'any', terms };
  return others === undefined ? { kind: 'many' } : { kind: 'none', terms: others };
}

/** Whether where the call was made from matters. */
function asksForInstruction(space: DecisionSpace, condition: Decision): boolean {
  const seen = new Set<Decision>();
  const visit = (here: Decision): boolean => {
    const level = space.levelOf(here);
    if (level === LEAF_LEVEL || seen.has(here)) return false;
    seen.add(here);
    if (bitAtLevel(level).word < WORD_FIRST_ARGUMENT) return true;
    return visit(space.lowOf(here, level)) || visit(space.highOf(here, level));
  };
  return visit(condition);
}

type Literal = { readonly level: number; readonly isOne: boolean };
type Cover = { readonly cubes: readonly (readonly Literal[])[]; readonly covered: Decision };

/**
 * Terms of which none can be left out, or undefined where they are more than `most`.
 * @see S. Minato, Fast Generation of Irredundant Sum-of-Products Forms from Binary Decision Diagrams, 1992
 */
function coverOf(space: DecisionSpace, condition: Decision, most: number): Term[] | undefined {
  const { yes, no } = space;
  const and = (a: Decision, b: Decision): Decision => space.choose(a, b, no);
  const without = (a: Decision, b: Decision): Decision => space.choose(b, no, a);
  const known = new Map<string, Cover>();
  let steps = 0;
  /** A cover of at least `least` and at most `whole`. */
  const visit = (least: Decision, whole: Decision): Cover | undefined => {
    if (least === no) return { cubes: [], covered: no };
    if (whole === yes) return { cubes: [[]], covered: yes };
    const key = `${least} ${whole}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    if (++steps > MOST_STEPS) return undefined;
    const level = Math.min(space.levelOf(least), space.levelOf(whole));
    const [least0, least1] = [space.lowOf(least, level), space.highOf(least, level)];
    const [whole0, whole1] = [space.lowOf(whole, level), space.highOf(whole, level)];
    const zero = visit(without(least0, whole1), whole0);
    const one = zero === undefined ? undefined : visit(without(least1, whole0), whole1);
    if (zero === undefined || one === undefined) return undefined;
    const left = space.choose(without(least0, zero.covered), yes, without(least1, one.covered));
    const either = visit(left, and(whole0, whole1));
    if (either === undefined) return undefined;
    const cubes = [
      ...zero.cubes.map((cube) => [{ level, isOne: false }, ...cube]),
      ...one.cubes.map((cube) => [{ level, isOne: true }, ...cube]),
      ...either.cubes,
    ];
    if (cubes.length > most) return undefined;
    const own = space.ask(level, zero.covered, one.covered);
    const cover = { cubes, covered: space.choose(either.covered, yes, own) };
    known.set(key, cover);
    return cover;
  };
  return visit(condition, condition)?.cubes.map(termOf);
}

function termOf(cube: readonly Literal[]): Term {
  const tests = new Map<number, { mask: bigint; value: bigint }>();
  for (const { level, isOne } of cube) {
    const { word, bit } = bitAtLevel(level);
    const argument = (word - 4) >> 1;
    const place = 1n << BigInt(bit + (word % 2 === 0 ? 0 : 32));
    const test = tests.get(argument) ?? { mask: 0n, value: 0n };
    tests.set(argument, { mask: test.mask | place, value: isOne ? test.value | place : test.value });
  }
  return [...tests].map(([argument, test]) => ({ argument, ...test })).sort((a, b) => a.argument - b.argument);
}

/** `condition` as a range of one argument, if it is one. */
function rangeOf(space: DecisionSpace, condition: Decision): Extract<Terms, { kind: 'range' }> | undefined {
  const top = space.levelOf(condition);
  const argument = (bitAtLevel(top).word - 4) >> 1;
  if (argument < 0 || argument > 5) return undefined;
  const [first, last] = [edgeOf(space, condition, argument, false), edgeOf(space, condition, argument, true)];
  if (first === undefined || last === undefined) return undefined;
  const above = last === ALL ? space.no : argumentAtLeast(space, argument, last + 1n);
  const range = space.choose(above, space.no, argumentAtLeast(space, argument, first));
  return range === condition ? { kind: 'range', argument, first, last } : undefined;
}

/** The smallest (largest) value of the argument for which `condition` holds; undefined where it asks another one. */
function edgeOf(space: DecisionSpace, condition: Decision, argument: number, largest: boolean): bigint | undefined {
  let value = largest ? ALL : 0n;
  let here = condition;
  while (space.valueOf(here) === undefined) {
    const level = space.levelOf(here);
    const { word, bit } = bitAtLevel(level);
    if ((word - 4) >> 1 !== argument) return undefined;
    const [low, high] = [space.lowOf(here, level), space.highOf(here, level)];
    const takesHigh = largest ? high !== space.no : low === space.no;
    const place = 1n << BigInt(bit + (word % 2 === 0 ? 0 : 32));
    value = takesHigh ? value | place : value & ~place;
    here = takesHigh ? high : low;
  }
  return value;
}
