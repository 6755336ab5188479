/** What the running kernel says about calls under a seccomp program, by the product's own prover. */

import { AUDIT_ARCH_I386, DATA_WORDS, describeVerdict, wordOf, X32_BIT } from '../../src/seccomp/bpf.js';
import type { BpfProgram, Filter } from '../../src/seccomp/filter.js';
import { ABSENT, KILLS, UNFILTERED } from '../../src/seccomp/live.js';
import { meaningOf } from '../../src/seccomp/meaning.js';
import { type Call, dataOf, simulate } from '../../src/seccomp/simulate.js';
import { unfilteredCalls } from '../../src/seccomp/syscalls.js';
import { tellingWords } from '../../src/seccomp/telling.js';
import { askKernel } from './ask-kernel.js';

/** uprobe(2) outside its trampoline ends with ENXIO, which no filter of ours says. */
const UPROBE = 336;

/**
 * The kernel's verdict for each call: `allow` (also for log), `notify`, `errno N`, `kill`, `absent` where
 * this kernel has no `int $0x80`, or `unfiltered` (`unfilteredCalls`). Calls of i386 go through `int $0x80`,
 * whose arguments have 32 bits.
 *
 * @throws {Error} where the kernel does not take the program
 */
export function runLive(program: BpfProgram, calls: readonly Call[]): string[] {
  const words = new Uint32Array(calls.length * DATA_WORDS);
  for (const [index, call] of calls.entries()) words.set(dataOf(call), index * DATA_WORDS);
  const answer = askKernel(program, words);
  if (answer.kind === 'unable') throw new Error(answer.why);
  return [...answer.verdicts].map((verdict, index) =>
    verdict === 0x5_0006 && calls[index]?.nr === UPROBE ? 'unfiltered' : worded(verdict),
  );
}

function worded(verdict: number): string {
  switch (verdict) {
    case KILLS:
      return 'kill';
    case ABSENT:
      return 'absent';
    case UNFILTERED:
      return 'unfiltered';
    default:
      return describeVerdict(verdict);
  }
}

/** How runLive() words what simulate() said: the kernel hides from a caller whether an allowed call was logged. */
export function asLive(simulated: string): string {
  if (simulated === 'log') return 'allow';
  return simulated.startsWith('kill-') ? 'kill' : simulated;
}

const LAST_NUMBER = 600;
const ONES = Array<bigint>(6).fill(0xffff_ffff_ffff_ffffn);

/**
 * At least 5,000 calls worth asking about: every number 0 to 600 on x86-64 (with
 * arguments of zeros, of ones, of a pattern), x32 and i386, and for calls with
 * conditions each telling value of one argument beside every one of its neighbour's.
 */
export function tellingCalls(filter: Filter): Call[] {
  const meaning = meaningOf(filter);
  return Array.from({ length: LAST_NUMBER + 1 }, (_, nr) => nr).flatMap((nr) => {
    const words = tellingWords(meaning.comparisonsFor(nr));
    const pairs = words.flatMap((first, index) => {
      const second = words[(index + 1) % words.length] ?? first;
      return first.values.flatMap((a) => second.values.map((b) => [first.word, a, second.word, b] as const));
    });
    return [
      ...[[], ONES, ONES.map((_, index) => BigInt(nr * 7 + index))].map((args) => ({ nr, args })),
      ...[X32_BIT, 2 * X32_BIT].flatMap((bit) => [[], ONES].map((args) => ({ nr: nr + bit, args }))),
      ...[[], ONES.map((value) => value & 0xffff_ffffn)].map((args) => ({ nr, args, arch: AUDIT_ARCH_I386 })),
      ...pairs.map((pair) => ({ nr, args: argumentsWith(pair) })),
    ];
  });
}

function argumentsWith([first, a, second, b]: readonly [number, number, number, number]): bigint[] {
  const data = new Uint32Array(DATA_WORDS);
  data[first] = a;
  data[second] = b;
  return ONES.map(
    (_, index) => (BigInt(data[wordOf(index, 'high')] ?? 0) << 32n) | BigInt(data[wordOf(index, 'low')] ?? 0),
  );
}

/**
 * Asks the kernel about `calls`; returns what it said, and the calls of which the simulator says something else.
 * Calls about which the kernel asks no filter, or for which it has no entry, differ from nothing.
 */
export function compareLive(
  program: BpfProgram,
  calls: readonly Call[],
): { readonly verdicts: ReadonlySet<string>; readonly differing: readonly (Call & { readonly kernel: string })[] } {
  const live = runLive(program, calls);
  const differing = calls.flatMap((call, index) => {
    const kernel = live[index] ?? '';
    const unasked = kernel === 'unfiltered' && call.arch === undefined && unfilteredCalls.has(call.nr);
    return unasked || kernel === 'absent' || kernel === asLive(simulate(program, call)) ? [] : [{ ...call, kernel }];
  });
  return { verdicts: new Set(live), differing };
}
