/**
 * What the running kernel says about calls under a seccomp program, without
 * making any of them. @see native/test/filter_probe
 */
import { spawnSync } from 'node:child_process';
import { installationRoot } from '../../src/base/installation.js';
import { AUDIT_ARCH_I386, DATA_WORDS, INSTRUCTION_BYTES, wordOf, X32_BIT } from '../../src/seccomp/bpf.js';
import type { BpfProgram, Filter } from '../../src/seccomp/filter.js';
import { meaningOf } from '../../src/seccomp/meaning.js';
import { type Call, simulate } from '../../src/seccomp/simulate.js';
import { unfilteredCalls } from '../../src/seccomp/syscalls.js';
import { tellingWords } from '../../src/seccomp/telling.js';

const PROBE = `${installationRoot}/build/native/filter_probe`;
const ROW_BYTES = 56;
/** uprobe(2) outside its trampoline ends with ENXIO, which no filter of ours says. */
const UPROBE = 336;

/**
 * The kernel's verdict for each call: `allow` (also for log), `notify`, `errno N`, `kill`, `absent` where
 * this kernel has no `int $0x80`, or `unfiltered` (`unfilteredCalls`). Calls of i386 go through `int $0x80`, whose arguments have 32 bits; its
 * sixth is not set. Needs no privilege.
 *
 * @throws {Error} where the kernel does not take the program
 */
export function runLive(program: BpfProgram, calls: readonly Call[]): string[] {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(program.length / INSTRUCTION_BYTES, 0);
  header.writeUInt32LE(calls.length, 4);
  const rows = Buffer.alloc(calls.length * ROW_BYTES);
  calls.forEach(({ nr, arch, args = [] }, index) => {
    rows.writeUInt32LE(arch === AUDIT_ARCH_I386 ? 1 : 0, index * ROW_BYTES);
    rows.writeUInt32LE(nr, index * ROW_BYTES + 4);
    for (const [argument, value] of args.entries()) rows.writeBigUInt64LE(value, index * ROW_BYTES + 8 + 8 * argument);
  });
  const child = spawnSync(PROBE, [], { input: Buffer.concat([header, program, rows]), maxBuffer: 1 << 26 });
  const verdicts = child.stdout.toString().split('\n').slice(0, -1);
  if (child.status !== 0 || verdicts.length !== calls.length)
    throw new Error(
      `filter_probe: ${child.error?.message ?? child.stderr.toString()} (${child.signal ?? child.status})`,
    );
  return verdicts.map((verdict, index) =>
    verdict === 'errno 6' && calls[index]?.nr === UPROBE ? 'unfiltered' : verdict,
  );
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
