/**
 * What a filter says, without any compiler: the definition that programs are
 * held against. Small on purpose, and evaluated call by call.
 */
import { AUDIT_ARCH_X86_64, DATA_WORDS, encodeAction, WORD_ARCH, WORD_NR, X32_BIT } from './bpf.js';
import { holds, type WordCondition, wordsOf } from './conditions.js';
import type { WordComparison } from './explore.js';
import type { Filter } from './filter.js';
import { syscallNumber } from './syscalls.js';

/** What a tracer writes over the number of a call that is not to happen. No call of any ABI. */
const NO_CALL = 0xffff_ffff;

/** Values of some words of `struct seccomp_data`. */
export type KnownWords = ReadonlyMap<number, number>;

type WordRule = { readonly when: readonly WordCondition[]; readonly verdict: number };

export type Meaning = {
  /** The verdict on `data`, as a program returns it. */
  readonly verdictOn: (data: Uint32Array) => number;
  /** The comparisons on which the verdict on call `nr` of `arch`, x86-64 unless said otherwise, depends while `known` holds. */
  readonly comparisonsFor: (nr: number, arch?: number, known?: KnownWords) => readonly WordComparison[];
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
    comparisonsFor: (nr, _, known) => openComparisons(rules.get(nr) ?? [], known),
    architectures: [AUDIT_ARCH_X86_64],
    numbersOn: () => [...rules.keys()].flatMap((nr) => [nr, nr + 1]),
  };
}

const NOTHING: KnownWords = new Map();

/** The comparisons of those rules, in their order of decision, that may still decide while `known` holds. */
export function openComparisons(
  rules: readonly { readonly when: readonly WordCondition[] }[],
  known = NOTHING,
): WordComparison[] {
  const found: WordComparison[] = [];
  for (const { when } of rules) {
    const open = when.filter((condition) => outcomeOf(condition, known) !== true);
    if (open.length === 0) break;
    if (!open.some((condition) => outcomeOf(condition, known) === false)) found.push(...open.flatMap(comparisonsOf));
  }
  return found;
}

/** Whether the condition holds; undefined while that depends on words that are not known. */
function outcomeOf(c: WordCondition, known: KnownWords): boolean | undefined {
  const low = c.lowMask === 0 ? 0 : known.get(c.lowWord);
  const high = c.highMask === 0 ? 0 : known.get(c.highWord);
  if (low !== undefined && high !== undefined) {
    scratch[c.lowWord] = low;
    scratch[c.highWord] = high;
    return holds(c, scratch);
  }
  if (c.compare !== 'eq' && c.compare !== 'masked') return undefined;
  const differs =
    (low !== undefined && (low & c.lowMask) >>> 0 !== c.low) ||
    (high !== undefined && (high & c.highMask) >>> 0 !== c.high);
  return differs ? false : undefined;
}

const scratch = new Uint32Array(DATA_WORDS);

/** `c` as comparisons of the words that it looks at. */
export const comparisonsOf = (c: WordCondition): WordComparison[] =>
  [
    { word: c.lowWord, mask: c.lowMask, value: c.low },
    { word: c.highWord, mask: c.highMask, value: c.high },
  ].filter(({ mask }) => mask !== 0);
