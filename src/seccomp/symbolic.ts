/**
 * Symbolic equivalence: whether a program does what its filter says on every
 * call there is. Architectures and numbers come in classes, of which one stands
 * for all. So do the arguments of a call, and examine() has tried them all,
 * where each word is compared whole or under one mask; the calls that it names
 * as unsettled are compared here, as decisions over all bits of their
 * arguments at once.
 */
import type { Examination } from './agree.js';
import { decodeProgram, WORD_ARCH, WORD_NR } from './bpf.js';
import { DecisionSpace } from './decision.js';
import { decisionOfCall } from './decision-filter.js';
import { decisionOfProgram } from './decision-program.js';
import { FilterError } from './errors.js';
import type { BpfProgram, Filter } from './filter.js';

export type Symbolic =
  /** No call of any architecture, with any arguments, gets another verdict than the filter's. */
  | { readonly kind: 'equal' }
  | { readonly kind: 'different'; readonly arch: number; readonly nr: number }
  | { readonly kind: 'untold'; readonly why: string };

/** Some tenths of a second's worth; what takes more is left to the cases. */
const MOST_NODES = 1 << 16;

/**
 * For a program with which examine() found no disagreement.
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL
 */
export function compareSymbolically(
  filter: Filter,
  program: BpfProgram,
  { unsettled, hasAllNumbers }: Pick<Examination, 'unsettled' | 'hasAllNumbers'>,
): Symbolic {
  if (!hasAllNumbers) return { kind: 'untold', why: 'the program looks at single bits of number or architecture' };
  const decoded = decodeProgram(program);
  const space = new DecisionSpace(MOST_NODES);
  try {
    for (const { arch, nr } of unsettled) {
      const known = new Map([[WORD_ARCH, arch]]);
      if (nr !== undefined) known.set(WORD_NR, nr);
      if (decisionOfProgram(space, decoded, known) !== decisionOfCall(space, filter, arch, nr ?? 0))
        return { kind: 'different', arch, nr: nr ?? 0 };
    }
  } catch (error) {
    if (error instanceof FilterError && (error.code === 'FILTER_TOO_COMPLEX' || error.code === 'FILTER_UNSUPPORTED'))
      return { kind: 'untold', why: error.message };
    throw error;
  }
  return { kind: 'equal' };
}
