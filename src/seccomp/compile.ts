/**
 * Filter → BPF, by libseccomp.
 *
 * The order of work is the order of this file: open a context, add one rule
 * after another, take the program out, give the context back. What comes out
 * is not trusted: checked.ts is the way to a program that may be used.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { memfdCreate } from '../ffi/libc.js';
import * as scmp from '../ffi/libseccomp.js';
import { encodeAction, INSTRUCTION_BYTES, MAX_INSTRUCTIONS } from './bpf.js';
import { mergeConditions } from './conditions.js';
import { FilterError } from './errors.js';
import type { BpfProgram, Condition, Filter, Rule } from './filter.js';
import { syscallNumber } from './syscalls.js';

/** enum scmp_compare */
export const OPERATOR = { ne: 1, lt: 2, le: 3, eq: 4, ge: 5, gt: 6, masked: 7 } as const;
/** enum scmp_filter_attr */
const ACTION_OF_OTHER_ARCHITECTURES = 2;
const OPTIMIZATION = 8;
const BINARY_TREE = 2;
/** The features of Linux 5.7 on, user notification among them, whatever kernel compiles. */
export const API_LEVEL = 6;
const MFD_CLOEXEC = 1;
const EEXIST = 17;
const EINVAL = 22;

/**
 * The program that libseccomp makes of `filter`, unchecked. Does not return
 * for some pairs of ordered 64-bit comparisons.
 *
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL, FILTER_NEVER_MATCHES, FILTER_REFUSED, FILTER_TOO_LARGE, FILTER_COMPILER_MISSING
 * @see seccomp_rule_add(3), seccomp_export_bpf(3)
 */
export function compileFilter(filter: Filter): BpfProgram {
  const ctx = openContext(filter);
  try {
    for (const rule of filter.rules) addRule(ctx, filter, rule);
    return exportProgram(ctx);
  } finally {
    scmp.release(ctx);
  }
}

/** What compiles here, and its version. @throws {FilterError} FILTER_COMPILER_MISSING */
export function compilerVersion(): string {
  loadCompiler();
  const { major, minor, micro } = scmp.version();
  return `libseccomp ${major}.${minor}.${micro}`;
}

function openContext(filter: Filter): scmp.ScmpFilter {
  loadCompiler();
  expectSuccess(scmp.apiSet(API_LEVEL), 'API level');
  const ctx = scmp.init(encodeAction(filter.defaultAction));
  if (ctx === null) throw new FilterError('FILTER_REFUSED', 'libseccomp refused the default action');
  expectSuccess(scmp.attrSet(ctx, ACTION_OF_OTHER_ARCHITECTURES, encodeAction(filter.foreignAction)), 'foreign action');
  expectSuccess(scmp.attrSet(ctx, OPTIMIZATION, BINARY_TREE), 'optimization level');
  return ctx;
}

/** Nothing where it is at hand. @throws {FilterError} FILTER_COMPILER_MISSING */
export function loadCompiler(): void {
  try {
    scmp.version();
  } catch (cause) {
    throw new FilterError('FILTER_COMPILER_MISSING', 'libseccomp.so.2 cannot be loaded', {
      why: cause instanceof Error ? cause.message.split('\n')[0] : undefined,
      hint: 'install the package libseccomp2; if koffi is what is missing, run npm ci where sandbox is installed',
      cause,
    });
  }
}

/** libseccomp refuses a rule whose action is the default one; leaving it out means the same. */
function addRule(ctx: scmp.ScmpFilter, filter: Filter, rule: Rule): void {
  const nr = syscallNumber(rule.syscall);
  const conditions = mergeConditions(rule);
  const action = encodeAction(rule.action);
  if (action === encodeAction(filter.defaultAction)) return;
  const returned = scmp.ruleAddArray(ctx, action, nr, conditions.map(encodeCondition));
  if (returned === -EEXIST)
    throw new FilterError('FILTER_REFUSED', `two rules for ${rule.syscall} give one call two actions`, {
      why: 'libseccomp has no order among rules',
      hint: 'write conditions that exclude each other, or one action for both rules',
      call: rule.syscall,
    });
  if (returned === -EINVAL)
    throw new FilterError('FILTER_REFUSED', `libseccomp refused a rule for ${rule.syscall}`, {
      why: 'it takes one comparison for each argument, and an errno of 1 to 4094',
      hint: 'write a range as a mask, or leave one end of it open',
      call: rule.syscall,
    });
  expectSuccess(returned, `rule for ${rule.syscall}`);
}

/**
 * libseccomp compares all 64 bits, but a 32-bit C argument may arrive with
 * garbage above bit 31: so an `eq` of width 32 becomes a masked comparison.
 */
function encodeCondition(c: Condition): scmp.ScmpArgCmp {
  if (c.compare === 'masked') return { arg: c.arg, op: OPERATOR.masked, datum_a: c.mask, datum_b: c.value };
  if (c.width === 32) return { arg: c.arg, op: OPERATOR.masked, datum_a: 0xffff_ffffn, datum_b: c.value };
  return { arg: c.arg, op: OPERATOR[c.compare], datum_a: c.value, datum_b: 0n };
}

/** libseccomp writes programs to descriptors only: one of memory keeps this off the disk. */
export function exportProgram(ctx: scmp.ScmpFilter): BpfProgram {
  const memory = memfdCreate('bpf', MFD_CLOEXEC);
  expectSuccess(memory, 'place in memory');
  try {
    expectSuccess(scmp.exportBpf(ctx, memory), 'program');
    const program = new Uint8Array(fstatSync(memory).size);
    const instructions = program.length / INSTRUCTION_BYTES;
    if (instructions > MAX_INSTRUCTIONS)
      throw new FilterError('FILTER_TOO_LARGE', `the filter needs ${instructions} instructions`, {
        why: `the kernel takes ${MAX_INSTRUCTIONS}`,
        hint: 'use fewer single values: a mask, or the whole call',
      });
    readSync(memory, program, 0, program.length, 0);
    return program as BpfProgram;
  } finally {
    closeSync(memory);
  }
}

/** @throws {FilterError} FILTER_REFUSED for a negative errno */
export function expectSuccess(returned: number, what: string): void {
  if (returned < 0)
    throw new FilterError('FILTER_REFUSED', `libseccomp refused the filter's ${what} (errno ${-returned})`);
}
