/**
 * And-bound conditions on the arguments of one call, and their algebra: what a
 * rule allows, less what another forbids, in terms that compile faithfully.
 *
 * There is at most one test an argument (libseccomp takes no more): equalities
 * and masks on one argument merge into one mask, an order stands alone.
 */
import type { ArgumentIndex, Condition } from '../seccomp/filter.js';

export type Test =
  | { readonly kind: 'bits'; readonly arg: ArgumentIndex; readonly mask: bigint; readonly value: bigint }
  | { readonly kind: 'least'; readonly arg: ArgumentIndex; readonly value: bigint }
  | { readonly kind: 'most'; readonly arg: ArgumentIndex; readonly value: bigint };

/** Sorted by argument; empty: every call. */
export type Conjunction = readonly Test[];

const MASK_32 = 0xffff_ffffn;
const MASK_64 = 0xffff_ffff_ffff_ffffn;

/** Two tests that no single rule can hold, an order and something else on one argument; or more rules than a filter holds. */
export class Inexpressible extends Error {}

/** What holds where both hold; undefined where nothing does. @throws {Inexpressible} */
export function both(a: Conjunction, b: Conjunction): Conjunction | undefined {
  const tests = new Map(a.map((test) => [test.arg, test]));
  for (const test of b) {
    const known = tests.get(test.arg);
    const merged = known === undefined ? test : mergeTests(known, test);
    if (merged === undefined) return undefined;
    tests.set(test.arg, merged);
  }
  return [...tests.values()].sort((x, y) => x.arg - y.arg);
}

/** `whole` without what `part` holds, as disjoint pieces; empty where `part` covers it. @throws {Inexpressible} */
export function subtract(whole: Conjunction, part: Conjunction): Conjunction[] {
  if (both(whole, part) === undefined) return [whole];
  if (implies(whole, part)) return [];
  const pieces: Conjunction[] = [];
  let rest = whole;
  for (const test of part) {
    for (const opposite of negate(test)) {
      const piece = both(rest, [opposite]);
      if (piece !== undefined) pieces.push(piece);
    }
    rest = both(rest, [test]) ?? rest;
  }
  return pieces;
}

/** Whether `wide` holds wherever `narrow` does, for each of their tests by itself. */
function implies(narrow: Conjunction, wide: Conjunction): boolean {
  return wide.every((test) => narrow.some((known) => known.arg === test.arg && testImplies(known, test)));
}

function testImplies(narrow: Test, wide: Test): boolean {
  if (narrow.kind === 'bits' && wide.kind === 'bits')
    return (wide.mask & ~narrow.mask) === 0n && (narrow.value & wide.mask) === wide.value;
  if (isWhole(narrow) && wide.kind !== 'bits') return isInOrder(narrow.value, wide);
  if (narrow.kind === 'least' && wide.kind === 'least') return narrow.value >= wide.value;
  return narrow.kind === 'most' && wide.kind === 'most' && narrow.value <= wide.value;
}

/** Whether one value alone meets it, which is in an order or is not. */
const isWhole = (test: Test): boolean => test.kind === 'bits' && test.mask === MASK_64;

const isInOrder = (value: bigint, order: Test): boolean =>
  order.kind === 'least' ? value >= order.value : value <= order.value;

/** So many pieces of one call have room in no filter. */
const MOST_PIECES = 512;

/**
 * Every piece of `wholes` that none of `parts` holds: those first that leave the fewest pieces,
 * whatever their order, in which policies say nothing. @throws {Inexpressible}
 */
export function subtractAll(wholes: readonly Conjunction[], parts: readonly Conjunction[]): Conjunction[] {
  let left = parts.length < 2 ? [...wholes] : wholes.filter((whole) => !parts.some((part) => implies(whole, part)));
  for (const part of byPieces(parts)) {
    left = left.flatMap((whole) => subtract(whole, part));
    if (left.length > MOST_PIECES + wholes.length) throw new Inexpressible('more pieces than a filter holds');
  }
  return left;
}

/** `parts` in the one order that does not depend on how they stand. */
function byPieces(parts: readonly Conjunction[]): readonly Conjunction[] {
  if (parts.length < 2) return parts;
  const told = parts.map((part) => ({ part, pieces: piecesAround(part) }));
  const inOrder = (a: Conjunction, b: Conjunction): number => (keyOf(a) < keyOf(b) ? -1 : 1);
  return told.sort((a, b) => a.pieces - b.pieces || inOrder(a.part, b.part)).map(({ part }) => part);
}

/** As many as subtract() makes of a whole that says nothing of the same arguments. */
const piecesAround = (part: Conjunction): number =>
  part.reduce((sum, test) => sum + (test.kind === 'bits' ? countBits(test.mask) : 1), 0);

function countBits(mask: bigint): number {
  let count = 0;
  for (const half of [Number(mask & MASK_32), Number(mask >> 32n)])
    for (let left = half; left !== 0; left &= left - 1) count++;
  return count;
}

/** The same for conjunctions that say the same in the same words. */
export const keyOf = (conjunction: Conjunction): string =>
  conjunction.map((test) => `${test.arg} ${test.value} ${test.kind === 'bits' ? test.mask : test.kind}`).join();

/** Whether `wholes` together hold every call that `part` holds; no where that cannot be told. */
export function covers(wholes: readonly Conjunction[], part: Conjunction): boolean {
  if (wholes.some((whole) => implies(part, whole))) return true;
  try {
    return subtractAll([part], wholes).length === 0;
  } catch (error) {
    if (error instanceof Inexpressible) return false;
    throw error;
  }
}

/** `alternatives` without those that one other of them covers. */
export function withoutCovered(alternatives: readonly Conjunction[]): Conjunction[] {
  const kept: Conjunction[] = [];
  const byWidth = [...alternatives].sort((a, b) => a.length - b.length);
  for (const one of byWidth) if (!kept.some((other) => implies(one, other))) kept.push(one);
  // Of two with as many tests the one that covers the other may stand behind it, unless values alone tell them apart.
  if (kept.every((one, index) => index === 0 || differsInValues(one, kept[index - 1] ?? []))) return kept;
  return kept.filter((one) => !kept.some((other) => other !== one && implies(one, other)));
}

/** Whether `one` has more tests than `before`, or the same bits of the same arguments. */
const differsInValues = (one: Conjunction, before: Conjunction): boolean =>
  one.length > before.length || one.every((test, index) => hasSameBits(test, before[index]));

const hasSameBits = (test: Test, other: Test | undefined): boolean =>
  test.kind === 'bits' && other?.kind === 'bits' && test.arg === other.arg && test.mask === other.mask;

/** In the filter's words. */
export function conditionsOf(conjunction: Conjunction): Condition[] {
  return conjunction.map(conditionOf);
}

/** A mask on `arg`: the bits of `mask` are those of `value`. */
export function bits(arg: ArgumentIndex, mask: bigint, value: bigint): Test {
  return { kind: 'bits', arg, mask, value };
}

/** All bits that an argument of `width` has. */
export const allBits = (width: 32 | 64): bigint => (width === 32 ? MASK_32 : MASK_64);

function conditionOf(test: Test): Condition {
  const { arg, value } = test;
  switch (test.kind) {
    case 'least':
      return { arg, width: 64, compare: 'ge', value };
    case 'most':
      return { arg, width: 64, compare: 'le', value };
    case 'bits':
      if (test.mask === MASK_64) return { arg, width: 64, compare: 'eq', value };
      if (test.mask === MASK_32) return { arg, width: 32, compare: 'eq', value };
      return { arg, width: test.mask > MASK_32 ? 64 : 32, compare: 'masked', mask: test.mask, value };
  }
}

function mergeTests(a: Test, b: Test): Test | undefined {
  if (a.kind === 'bits' && b.kind === 'bits') {
    if (((a.value ^ b.value) & a.mask & b.mask) !== 0n) return undefined;
    return bits(a.arg, a.mask | b.mask, a.value | b.value);
  }
  if (isWhole(a)) return isInOrder(a.value, b) ? a : undefined;
  if (isWhole(b)) return isInOrder(b.value, a) ? b : undefined;
  if (a.kind === 'least' && b.kind === 'least') return a.value > b.value ? a : b;
  if (a.kind === 'most' && b.kind === 'most') return a.value < b.value ? a : b;
  const least = a.kind === 'least' ? a : b.kind === 'least' ? b : undefined;
  const most = a.kind === 'most' ? a : b.kind === 'most' ? b : undefined;
  if (least !== undefined && most !== undefined && least.value > most.value) return undefined;
  throw new Inexpressible(`argument ${a.arg} would need two tests in one rule`);
}

/** Disjoint tests that hold together exactly where `test` does not. */
function negate(test: Test): Test[] {
  if (test.kind === 'least') return test.value === 0n ? [] : [{ ...test, kind: 'most', value: test.value - 1n }];
  if (test.kind === 'most') return test.value === MASK_64 ? [] : [{ ...test, kind: 'least', value: test.value + 1n }];
  return negateBits(test);
}

function negateBits(test: Extract<Test, { kind: 'bits' }>): Test[] {
  const opposites: Test[] = [];
  let same = 0n;
  for (let bit = 1n; bit <= test.mask; bit <<= 1n) {
    if ((test.mask & bit) === 0n) continue;
    opposites.push(bits(test.arg, same | bit, (test.value & same) | (~test.value & bit)));
    same |= bit;
  }
  return opposites;
}
