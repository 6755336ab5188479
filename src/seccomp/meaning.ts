/**
 * What a filter says, without any compiler: the definition that programs are
 * held against. Small on purpose, and evaluated call by call.
 */
import { AUDIT_ARCH_X86_64, encodeAction, WORD_ARCH, WORD_NR, X32_BIT } from './bpf.js';
import { holds, type WordCondition, wordsOf } from './conditions.js';
import type { WordComparison } from './explore.js';
import type { Filter } from './filter.js';
import { syscallNumber } from './syscalls.js';

/** What a tracer writes over the number of a call that is not to happen. No call of any ABI. */
const NO_CALL = 0xffff_ffff;

type WordRule = { readonly when: readonly WordCondition[]; readonly verdict: number };

export type Meaning = {
  /** The verdict on `data`, as a program returns it. */
  readonly verdictOn: (data: Uint32Array) => number;
  /** The comparisons on which the verdict on call `nr` of `arch`, x86-64 unless said otherwise, depends. */
  readonly comparisonsFor: (nr: number, arch?: number) => readonly WordComparison[];
  /** Those whose calls are told apart by number; on any other, all calls get one verdict. */
  readonly architectures: readonly number[];
  /** The numbers of `arch` at which the verdict may change. */
  readonly numbersOn: (arch: number) => readonly number[];
};

/**
 * The first rule of the call whose conditions all hold decides, else the
 * default action; calls of another ABI get the foreign action.
 *
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL
 */
export function meaningOf(filter: Filter): Meaning {
  const rules = new Map<number, WordRule[]>();
  for (const rule of filter.rules) {
    const nr = syscallNumber(rule.syscall);
    const list = rules.get(nr) ?? [];
    list.push({ when: rule.when.map(wordsOf), verdict: encodeAction(rule.action) });
    rules.set(nr, list);
  }
  const byDefault = encodeAction(filter.defaultAction);
  const foreign = encodeAction(filter.foreignAction);
  return {
    verdictOn(data) {
      const nr = data[WORD_NR] ?? 0;
      if (data[WORD_ARCH] !== AUDIT_ARCH_X86_64 || (nr >= X32_BIT && nr !== NO_CALL)) return foreign;
      const match = rules.get(nr)?.find(({ when }) => when.every((condition) => holds(condition, data)));
      return match === undefined ? byDefault : match.verdict;
    },
    comparisonsFor: (nr) => (rules.get(nr) ?? []).flatMap(({ when }) => when.flatMap(comparisonsOf)),
    architectures: [AUDIT_ARCH_X86_64],
    numbersOn: () => [...rules.keys()].flatMap((nr) => [nr, nr + 1]),
  };
}

/** `c` as comparisons of the words that it looks at. */
export const comparisonsOf = (c: WordCondition): WordComparison[] =>
  [
    { word: c.lowWord, mask: c.lowMask, value: c.low },
    { word: c.highWord, mask: c.highMask, value: c.high },
  ].filter(({ mask }) => mask !== 0);
