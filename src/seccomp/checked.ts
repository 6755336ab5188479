/** The one way to a program that may be loaded: compiled within a time limit, and held against its filter. */
import { findDisagreement } from './agree.js';
import { compileFilter } from './compile.js';
import { FilterError } from './errors.js';
import type { BpfProgram, Filter, Rule } from './filter.js';
import { mayHang, type Ordering, runInTime, USUAL_LIMIT_MS } from './own-process.js';
import { disagrees, type Proved, proveWhile } from './prove.js';
import { restateForLibseccomp } from './restate.js';
import { decodeOutcome, encodeFilter } from './transfer.js';

/**
 * A program that does what `filter` says on every call that findDisagreement() tries.
 *
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL, FILTER_NEVER_MATCHES, FILTER_REFUSED, FILTER_TOO_LARGE,
 *   FILTER_DISAGREES, FILTER_TIMEOUT, FILTER_COMPILER_MISSING
 */
export function compileChecked(filter: Filter, { timeLimitMs = USUAL_LIMIT_MS } = {}): BpfProgram {
  const program = compileInTime(filter, timeLimitMs);
  const disagreement = findDisagreement(filter, program);
  if (disagreement === undefined) return program;
  throw disagrees(disagreement);
}

/**
 * As compileChecked(), with the proof: the program was tried on the running kernel too, where that can be.
 * `made` is what `meanwhile` makes while the kernel answers; what that throws passes.
 */
export function compileProved<T>(filter: Filter, meanwhile: () => T): Proved<T> & { readonly program: BpfProgram } {
  const program = compileInTime(filter, USUAL_LIMIT_MS);
  return { program, ...proveWhile(filter, program, meanwhile) };
}

/** The program of rules that mean the same as those of `filter`; of its own where those are too long for one. */
function compileInTime(filter: Filter, timeLimitMs: number): BpfProgram {
  const restated = restateForLibseccomp(filter);
  try {
    return compileAsWritten(restated, timeLimitMs);
  } catch (error) {
    const isTooLarge = error instanceof FilterError && error.code === 'FILTER_TOO_LARGE';
    if (!isTooLarge || restated === filter) throw error;
    return compileAsWritten(filter, timeLimitMs);
  }
}

const compileAsWritten = (filter: Filter, timeLimitMs: number): BpfProgram =>
  mayNotEnd(filter) ? compileInChild(filter, timeLimitMs) : compileFilter(filter);

/** Whether libseccomp may not return from `filter`. */
export const mayNotEnd = ({ rules }: Filter): boolean => mayHang(rules.map(orderingOf));

const orderingOf = ({ syscall, when }: Rule): Ordering => ({
  syscall,
  orders: when.map(({ compare }) => compare !== 'eq' && compare !== 'masked'),
});

const mayNotEndOn = (filter: Filter): string | undefined =>
  filter.rules.find(({ syscall }) =>
    mayNotEnd({ ...filter, rules: filter.rules.filter((rule) => rule.syscall === syscall) }),
  )?.syscall;

function compileInChild(filter: Filter, timeLimitMs: number): BpfProgram {
  const ended = runInTime('compile-child', encodeFilter(filter), timeLimitMs);
  switch (ended.kind) {
    case 'answered':
      return decodeOutcome(ended.answer);
    case 'late':
      throw new FilterError('FILTER_TIMEOUT', `compiling the filter did not end within ${timeLimitMs} ms`, {
        why: 'the compiler (libseccomp) does not end for some pairs of ordered 64-bit comparisons',
        hint: 'write the rules with equalities, masks or one ordered comparison for each call',
        call: mayNotEndOn(filter),
        cause: ended.cause,
      });
    case 'failed':
      throw new FilterError('FILTER_REFUSED', 'compiling the filter in a process of its own failed', {
        cause: ended.cause,
      });
  }
}
