import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  bits,
  both,
  type Conjunction,
  covers,
  Inexpressible,
  subtract,
  subtractAll,
  type Test,
  withoutCovered,
} from '../../src/policy/conjunction.js';
import type { ArgumentIndex } from '../../src/seccomp/filter.js';
import { suite } from '../support/suite.js';
import { holdsAll } from './meaning.js';

const test = suite('conjunctions');

/** Few bits of two arguments, so that all values can be tried. */
const BITS = 4n;
const VALUES = Array.from({ length: 16 }, (_, value) => BigInt(value));
const EVERYTHING = VALUES.flatMap((a) => VALUES.map((b) => [a, b]));
const mask = fc.bigInt(0n, (1n << BITS) - 1n);
const testOf = (arg: ArgumentIndex) => fc.tuple(mask, mask).map(([m, v]) => bits(arg, m, v & m));
const conjunction: fc.Arbitrary<Conjunction> = fc
  .tuple(fc.option(testOf(0), { nil: undefined }), fc.option(testOf(1), { nil: undefined }))
  .map((tests) => tests.filter((one) => one !== undefined));
const some = fc.array(conjunction, { maxLength: 4 });
const anyHolds = (alternatives: readonly Conjunction[], args: readonly bigint[]): boolean =>
  alternatives.some((when) => holdsAll(when, args));

test('one value and a bound of the same argument are exact', () => {
  for (const value of [4n, 5n, 6n])
    for (const kind of ['least', 'most'] as const) {
      const one: Conjunction = [bits(0, 0xffff_ffff_ffff_ffffn, value)];
      const order: Conjunction = [{ kind, arg: 0, value: 5n }];
      const isWithin = kind === 'least' ? value >= 5n : value <= 5n;
      assert.equal([both(one, order), both(order, one)], isWithin ? [one, one] : [undefined, undefined]);
      assert.equal(subtract(one, order), isWithin ? [] : [one]);
      assert.is(covers([order], one), isWithin);
    }
});

test('both holds where both hold', () => {
  fc.assert(
    fc.property(conjunction, conjunction, (a, b) => {
      const merged = both(a, b);
      for (const args of EVERYTHING)
        assert.is(merged !== undefined && holdsAll(merged, args), holdsAll(a, args) && holdsAll(b, args));
    }),
  );
});

test('what is subtracted is gone, what is left was there, and no piece overlaps another', () => {
  fc.assert(
    fc.property(conjunction, conjunction, (whole, part) => {
      const pieces = subtract(whole, part);
      for (const args of EVERYTHING) {
        const count = pieces.filter((piece) => holdsAll(piece, args)).length;
        assert.is(count, holdsAll(whole, args) && !holdsAll(part, args) ? 1 : 0);
      }
    }),
  );
});

test('what forbids beats what allows, however many and in whatever order', () => {
  fc.assert(
    fc.property(some, some, (allow, forbid) => {
      const left = subtractAll(allow, forbid);
      const reversed = subtractAll([...allow].reverse(), [...forbid].reverse());
      for (const args of EVERYTHING) {
        const expected = anyHolds(allow, args) && !anyHolds(forbid, args);
        assert.is(anyHolds(left, args), expected);
        assert.is(anyHolds(reversed, args), expected);
      }
    }),
  );
});

test('alternatives that another covers can go', () => {
  fc.assert(
    fc.property(some, (alternatives) => {
      const kept = withoutCovered(alternatives);
      for (const args of EVERYTHING) assert.is(anyHolds(kept, args), anyHolds(alternatives, args));
    }),
  );
});

const word = fc.constantFrom(1n, 5n, 0x8000_0001n, 0x1_0000_0001n, 0x8000_0001_0000_0003n, 0xffff_ffff_ffff_ffffn);
const wideTest = (arg: ArgumentIndex): fc.Arbitrary<Test> =>
  fc.oneof(
    fc.tuple(word, word).map(([m, v]) => bits(arg, m, v & m)),
    fc.record({ kind: fc.constantFrom('least', 'most'), arg: fc.constant(arg), value: word }),
  );
const wide: fc.Arbitrary<Conjunction[]> = fc.array(
  fc
    .tuple(wideTest(0), wideTest(1), fc.nat(2))
    .map(([one, other, which]) => [[one], [other], [one, other]][which] ?? []),
  { minLength: 1, maxLength: 6 },
);

test('whether there is room for what is left does not depend on the order of rules', () => {
  const roomFor = (wholes: readonly Conjunction[], parts: readonly Conjunction[]): string => {
    try {
      return `${subtractAll(withoutCovered(wholes), parts).length} pieces`;
    } catch (error) {
      assert.instance(error, Inexpressible);
      return 'no room';
    }
  };
  const found = new Set<string>();
  fc.assert(
    fc.property(wide, wide, fc.infiniteStream(fc.nat()), (allow, forbid, stream) => {
      const shuffled = (list: readonly Conjunction[]): Conjunction[] =>
        list
          .map((one) => ({ one, place: stream.next().value ?? 0 }))
          .sort((a, b) => a.place - b.place)
          .map(({ one }) => one);
      const room = roomFor(allow, forbid);
      found.add(room);
      assert.is(roomFor(shuffled(allow), shuffled(forbid)), room);
    }),
    { numRuns: 2000 },
  );
  assert.ok(found.has('no room') && found.size > 10, `${[...found]}`);
});

test('covering is exact', () => {
  fc.assert(
    fc.property(some, conjunction, (wholes, part) => {
      const exact = EVERYTHING.every((args) => !holdsAll(part, args) || anyHolds(wholes, args));
      assert.is(covers(wholes, part), exact);
    }),
  );
});

test('orders are negated at their edge, and an order beside a mask is told', () => {
  const least = { kind: 'least', arg: 0, value: 8n } as const;
  const left = subtract([], [least]);
  for (const value of [0n, 7n, 8n, 0xffff_ffff_ffff_ffffn]) assert.is(anyHolds(left, [value]), value < 8n);
  assert.equal(subtract([], [{ ...least, value: 0n }]), []);
  assert.throws(
    () => both([least], [bits(0, 1n, 1n)]),
    (error: unknown) => error instanceof Inexpressible,
  );
  assert.is(covers([[least]], [{ ...least, value: 9n }]), true);
});

test.run();
