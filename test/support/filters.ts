/** Filters for tests: short to write, and random ones. */
import fc from 'fast-check';
import type { Action, ArgumentIndex, Condition, Filter, Rule } from '../../src/seccomp/filter.js';

export const allow: Action = { kind: 'allow' };
export const notify: Action = { kind: 'notify' };
export const errno = (value: number): Action => ({ kind: 'errno', errno: value });

/** A filter whose default and foreign action is notification. */
export const filterOf = (rules: readonly Rule[], actions: Partial<Filter> = {}): Filter => ({
  arch: 'x86_64',
  defaultAction: notify,
  foreignAction: notify,
  rules: [...rules].sort((a, b) => (a.syscall < b.syscall ? -1 : a.syscall > b.syscall ? 1 : 0)),
  ...actions,
});

export const rule = (syscall: string, when: readonly Condition[] = [], action: Action = allow): Rule => ({
  syscall,
  action,
  when,
});
export const equals32 = (arg: ArgumentIndex, value: bigint): Condition => ({ arg, width: 32, compare: 'eq', value });
export const masked32 = (arg: ArgumentIndex, mask: bigint, value: bigint): Condition => ({
  arg,
  width: 32,
  compare: 'masked',
  mask,
  value: value & mask,
});
export const compare64 = (
  arg: ArgumentIndex,
  compare: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge',
  value: bigint,
): Condition => ({ arg, width: 64, compare, value });

const value32 = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 3n, 0x5401n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn),
  fc.bigInt(0n, 0xffff_ffffn),
);
/** Values around the edges of the two halves, where compilers go wrong. */
export const value64: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(0n, 1n, 0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n, 0x2_0000_0000n, 0xffff_ffff_ffff_ffffn),
  fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
);
const argument = fc.constantFrom<ArgumentIndex>(0, 1, 2, 3, 4, 5);

/** Equalities and masks of 32 bits: what the policy language can say. */
export const condition32: fc.Arbitrary<Condition> = fc.oneof(
  fc.tuple(argument, value32).map(([arg, value]) => equals32(arg, value)),
  fc.tuple(argument, value32, value32).map(([arg, mask, value]) => masked32(arg, mask, value)),
);
export const ordered64: fc.Arbitrary<Condition> = fc
  .tuple(
    fc.constantFrom<ArgumentIndex>(0, 1),
    fc.constantFrom<'ne' | 'lt' | 'le' | 'gt' | 'ge'>('ne', 'lt', 'le', 'gt', 'ge'),
    value64,
  )
  .map(([arg, compare, value]) => compare64(arg, compare, value));

/** At most one condition for each argument: two could exclude each other, which is an error of its own. */
export const whenOf = (condition: fc.Arbitrary<Condition>, most: number): fc.Arbitrary<Condition[]> =>
  fc.uniqueArray(condition, { maxLength: most, selector: ({ arg }) => arg });
