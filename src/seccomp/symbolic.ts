/**
 * Symbolic equivalence: whether a program does what its filter says on every
 * call there is. Architectures and numbers come in classes, of which one stands
 * for all. So do the arguments of a call, and examine() has tried them all,
 * where each word is compared whole or under one mask; the other calls are
 * compared here as decisions over all bits of their arguments at once.
 */
import { classesOf } from './agree.js';
import { DATA_WORDS, decodeProgram, WORD_ARCH, WORD_NR } from './bpf.js';
import { DecisionSpace } from './decision.js';
import { decisionOfCall } from './decision-filter.js';
import { decisionOfProgram } from './decision-program.js';
import { FilterError } from './errors.js';
import { reachableComparisons, type WordComparison } from './explore.js';
import type { BpfProgram, Filter } from './filter.js';
import { meaningOf } from './meaning.js';
import { runProgram, type Trace } from './simulate.js';

export type Symbolic =
  /** No call of any architecture, with any arguments, gets another verdict than the filter's. */
  | { readonly kind: 'equal' }
  | { readonly kind: 'different'; readonly arch: number; readonly nr: number }
  | { readonly kind: 'untold'; readonly why: string };

/** Some tenths of a second's worth; what takes more is left to the cases. */
const MOST_NODES = 1 << 16;
const KNOWN_WORDS = (1 << WORD_NR) | (1 << WORD_ARCH);

/**
 * For a program with which examine() found no disagreement; `sampled` are the calls of which it tried only some cases.
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL
 */
export function compareSymbolically(filter: Filter, program: BpfProgram, sampled: readonly number[]): Symbolic {
  const decoded = decodeProgram(program);
  const meaning = meaningOf(filter);
  const { architectures, numbersOf, areAll } = classesOf(decoded, meaning);
  if (!areAll) return { kind: 'untold', why: 'the program looks at single bits of number or architecture' };
  const space = new DecisionSpace(MOST_NODES);
  const data = new Uint32Array(DATA_WORDS);
  const trace: Trace = { path: 0, words: 0 };
  /** Most calls: neither looks at an argument, and one run stands for all. */
  const differsOnCall = (arch: number, nr: number): boolean => {
    data.set([nr, arch]);
    const verdict = runProgram(decoded, data, trace);
    const isPlain = (trace.words & ~KNOWN_WORDS) === 0 && meaning.comparisonsFor(nr, arch).length === 0;
    if (isPlain) return verdict !== meaning.verdictOn(data);
    const known = new Map([
      [WORD_ARCH, arch],
      [WORD_NR, nr],
    ]);
    const compared = [...reachableComparisons(decoded, known), ...meaning.comparisonsFor(nr, arch)];
    if (hasOneMaskForEachWord(compared) && !sampled.includes(nr)) return false;
    return decisionOfProgram(space, decoded, known) !== decisionOfCall(space, filter, arch, nr);
  };
  /** Where the meaning does not depend on the number, neither may the program. */
  const differsAnywhere = (arch: number): boolean =>
    decisionOfProgram(space, decoded, new Map([[WORD_ARCH, arch]])) !== decisionOfCall(space, filter, arch, 0);
  try {
    for (const arch of architectures) {
      if (!meaning.architectures.includes(arch)) {
        if (differsAnywhere(arch)) return { kind: 'different', arch, nr: 0 };
        continue;
      }
      for (const nr of numbersOf(arch)) if (differsOnCall(arch, nr)) return { kind: 'different', arch, nr };
    }
  } catch (error) {
    if (error instanceof FilterError && (error.code === 'FILTER_TOO_COMPLEX' || error.code === 'FILTER_UNSUPPORTED'))
      return { kind: 'untold', why: error.message };
    throw error;
  }
  return { kind: 'equal' };
}

function hasOneMaskForEachWord(compared: readonly WordComparison[]): boolean {
  const masks = new Map<number, number>();
  for (const { word, mask } of compared) {
    if ((masks.get(word) ?? mask) !== mask) return false;
    masks.set(word, mask);
  }
  return true;
}
