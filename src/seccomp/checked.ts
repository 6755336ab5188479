/** The one way to a program that may be loaded: compiled within a time limit, and held against its filter. */
import { spawnSync } from 'node:child_process';
import { installationRoot } from '../base/installation.js';
import { findDisagreement } from './agree.js';
import { compileFilter } from './compile.js';
import { FilterError } from './errors.js';
import type { BpfProgram, Filter } from './filter.js';
import { disagrees, type Proof, proveProgram } from './prove.js';
import { decodeOutcome, encodeFilter } from './transfer.js';

/** Below two seconds with the start of a process, after which a user takes a command for dead. */
const DEFAULT_TIME_LIMIT_MS = 1500;
const CHILD = `${installationRoot}/build/src/seccomp/compile-child.js`;

/**
 * A program that does what `filter` says on every call that findDisagreement() tries.
 *
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL, FILTER_NEVER_MATCHES, FILTER_REFUSED, FILTER_TOO_LARGE,
 *   FILTER_DISAGREES, FILTER_TIMEOUT, FILTER_COMPILER_MISSING
 */
export function compileChecked(filter: Filter, { timeLimitMs = DEFAULT_TIME_LIMIT_MS } = {}): BpfProgram {
  const program = compileInTime(filter, timeLimitMs);
  const disagreement = findDisagreement(filter, program);
  if (disagreement === undefined) return program;
  throw disagrees(disagreement);
}

/** As compileChecked(), with the proof: the program was tried on the running kernel too, where that can be. */
export function compileProved(
  filter: Filter,
  { timeLimitMs = DEFAULT_TIME_LIMIT_MS } = {},
): { readonly program: BpfProgram; readonly proof: Proof } {
  const program = compileInTime(filter, timeLimitMs);
  return { program, proof: proveProgram(filter, program) };
}

const compileInTime = (filter: Filter, timeLimitMs: number): BpfProgram =>
  mayNotEnd(filter) ? compileInChild(filter, timeLimitMs) : compileFilter(filter);

/**
 * Whether libseccomp may not return from this filter: seen only where one
 * call has two or more conditions of which one orders 64 bits. Only these
 * pay for a process of their own; a native call cannot be interrupted.
 */
export function mayNotEnd(filter: Filter): boolean {
  const conditions = new Map<string, number>();
  const ordered = new Set<string>();
  for (const { syscall, when } of filter.rules) {
    conditions.set(syscall, (conditions.get(syscall) ?? 0) + when.length);
    if (when.some(({ compare }) => compare !== 'eq' && compare !== 'masked')) ordered.add(syscall);
  }
  return [...ordered].some((syscall) => (conditions.get(syscall) ?? 0) > 1);
}

function compileInChild(filter: Filter, timeLimitMs: number): BpfProgram {
  const child = spawnSync(process.execPath, [CHILD], {
    input: encodeFilter(filter),
    env: {},
    timeout: timeLimitMs,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  // Without the signal where it ended by itself at that moment: what it wrote may not have been read.
  const isLate = child.error !== undefined && 'code' in child.error && child.error.code === 'ETIMEDOUT';
  if (child.signal === 'SIGKILL' || isLate)
    throw new FilterError('FILTER_TIMEOUT', `compiling the filter did not end within ${timeLimitMs} ms`, {
      why: 'the compiler (libseccomp) does not end for some pairs of ordered 64-bit comparisons',
      hint: 'write the rules with equalities, masks or one ordered comparison for each call',
      cause: child.error,
    });
  if (child.status !== 0)
    throw new FilterError('FILTER_REFUSED', 'compiling the filter in a process of its own failed', {
      cause: child.error,
    });
  return decodeOutcome(child.stdout);
}
