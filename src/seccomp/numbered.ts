/**
 * A filter for several ABIs, with the numbers of calls in place of their names.
 *
 * The rules of a call stand in the order in which they decide: the first whose
 * conditions all hold. Arguments of an ABI of 32 bits are compared by their low
 * half. @see filter.ts for the filters of policies, which know x86-64 alone
 */
import type { Abi } from './abis.js';
import type { WordCondition } from './conditions.js';
import type { Action } from './filter.js';

export type NumberedRule = { readonly action: Action; readonly when: readonly WordCondition[] };

export type AbiRules = {
  readonly abi: Abi;
  readonly calls: ReadonlyMap<number, readonly NumberedRule[]>;
  /** Calls with a higher number get `newerAction`. Undefined: none do. */
  readonly newest: number | undefined;
};

export type NumberedFilter = {
  readonly defaultAction: Action;
  /** For calls of an ABI that the filter does not name. */
  readonly foreignAction: Action;
  readonly newerAction: Action;
  /** No ABI twice. */
  readonly abis: readonly AbiRules[];
};
