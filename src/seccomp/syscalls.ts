/**
 * The system calls of x86-64: one table of names and numbers, from the
 * kernel's header and not from libseccomp, which knows none newer than itself.
 *
 * @see scripts/generate/syscalls.mjs, which makes the table
 */

import { SYSCALLS } from '../../generated/syscalls.js';
import { nearestName } from '../base/nearest.js';
import * as scmp from '../ffi/libseccomp.js';
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, X32_BIT } from './bpf.js';
import { FilterError } from './errors.js';

/** Name and number of every call, by number. */
export const allSyscalls: readonly { readonly name: string; readonly nr: number }[] = SYSCALLS.map(([name, nr]) => ({
  name,
  nr,
}));

const numbers = new Map(SYSCALLS);
const names = new Map(SYSCALLS.map(([name, nr]) => [nr, name]));

/**
 * Calls that a kernel since 6.14 makes without asking any filter: uretprobe(2)
 * and uprobe(2), which do something only where the kernel's own trampoline
 * made them, and end with SIGILL or ENXIO elsewhere. Measured in the live kernel.
 */
export const unfilteredCalls: ReadonlySet<number> = new Set([335, 336]);

/** Whether `name` is a call of x86-64. */
export const isSyscall = (name: string): boolean => numbers.has(name);

/** The number of the call. @throws {FilterError} FILTER_UNKNOWN_SYSCALL */
export function syscallNumber(name: string): number {
  const nr = numbers.get(name);
  if (nr !== undefined) return nr;
  const near = nearestName(name, numbers.keys());
  throw new FilterError('FILTER_UNKNOWN_SYSCALL', `no system call of x86-64 is named "${name}"`, {
    hint: near === undefined ? 'check the spelling; syscalls(2) lists the names' : `did you mean "${near}"?`,
  });
}

/** The name of call `nr`, or undefined where the table has none. */
export const syscallName = (nr: number): string | undefined => names.get(nr);

/**
 * How messages call `nr` of the architecture `arch`, such as `openat`, `i386 socketcall`,
 * `x32 execve`, `call 9999`. For people only: names of other ABIs are libseccomp's.
 */
export function describeCall(nr: number, arch: number = AUDIT_ARCH_X86_64): string {
  if (arch === AUDIT_ARCH_I386) return `i386 ${scmp.resolveNumber(AUDIT_ARCH_I386, nr) ?? `call ${nr}`}`;
  if (arch !== AUDIT_ARCH_X86_64) return `call ${nr} of architecture 0x${arch.toString(16)}`;
  if (nr >= X32_BIT && nr < 2 * X32_BIT)
    return `x32 ${scmp.resolveNumber(SCMP_ARCH_X32, nr) ?? `call ${nr - X32_BIT}`}`;
  return syscallName(nr) ?? `call ${nr}`;
}

/** EM_X86_64 | __AUDIT_ARCH_LE: x86-64 without the mark of 64 bits. @see seccomp.h */
const SCMP_ARCH_X32 = 0x4000_003e;
