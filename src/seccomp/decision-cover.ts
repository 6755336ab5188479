/** A condition as terms of bits: none can be left out, and none says more than it must. */
import type { Decision, DecisionSpace } from './decision.js';
import { bitAtLevel } from './decision-words.js';
import type { Term } from './term.js';

const MOST_STEPS = 50_000;

type Literal = { readonly level: number; readonly isOne: boolean };
type Cover = { readonly cubes: readonly (readonly Literal[])[]; readonly covered: Decision };

/**
 * Terms of which none can be left out, or undefined where they are more than `most`.
 * @see S. Minato, Fast Generation of Irredundant Sum-of-Products Forms from Binary Decision Diagrams, 1992
 */
export function coverOf(space: DecisionSpace, condition: Decision, most: number): Term[] | undefined {
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
  const tests = new Map<number, { readonly mask: bigint; readonly value: bigint }>();
  for (const { level, isOne } of cube) {
    const { word, bit } = bitAtLevel(level);
    const argument = (word - 4) >> 1;
    const place = 1n << BigInt(bit + (word % 2 === 0 ? 0 : 32));
    const test = tests.get(argument) ?? { mask: 0n, value: 0n };
    tests.set(argument, { mask: test.mask | place, value: isOne ? test.value | place : test.value });
  }
  return [...tests]
    .map(([argument, test]) => ({ kind: 'bits', argument, ...test }) as const)
    .sort((a, b) => a.argument - b.argument);
}
