/** What the running kernel says about calls under a program, without making any of them. @see native/prove */
import { spawnSync } from 'node:child_process';
import { installationRoot } from '../base/installation.js';
import { AUDIT_ARCH_I386, DATA_WORDS, INSTRUCTION_BYTES, WORD_ARCH, WORD_NR, wordOf } from './bpf.js';
import type { BpfProgram } from './filter.js';

const PROVER = `${installationRoot}/build/native/prove`;
const MAGIC = 'sbxprov\u0001';
const HEADER_BYTES = 16;
const ROW_WORDS = 14;
const FIRST_ARGUMENT = wordOf(0, 'low');
const WORD_BYTES = 4;
const TIME_LIMIT_MS = 60_000;
/** As native/prove answers; any other verdict is as a program returns it. */
export const PASSES = 0x7fff_0000;
export const KILLS = 0x8000_0000;
export const ABSENT = 0xffff_0001;
export const UNFILTERED = 0xffff_0002;

export type KernelAnswer =
  | { readonly kind: 'verdicts'; readonly verdicts: Uint32Array }
  /** The kernel could not be asked; a step and an errno, such as `install the filter with a listener: EBUSY`. */
  | { readonly kind: 'unable'; readonly why: string };

/**
 * The kernel's verdict on each of the calls, which are `struct seccomp_data`
 * one after another, as words: of x86-64 (x32 among them) and of i386. What
 * stands below notification (allow, log, trace) looks alike, and so does what
 * ends the caller. Needs no privilege.
 */
export function askKernel(program: BpfProgram, calls: Uint32Array): KernelAnswer {
  const count = calls.length / DATA_WORDS;
  const child = spawnSync(PROVER, [], {
    input: encodeRequest(program, calls, count),
    env: {},
    maxBuffer: count * WORD_BYTES + 4096,
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  if (child.error !== undefined) return { kind: 'unable', why: `start the prover: ${child.error.message}` };
  const { status, signal, stdout, stderr } = child;
  if (status !== 0)
    return { kind: 'unable', why: stderr.toString().trim() || `the prover ended with ${signal ?? status}` };
  if (stdout.length !== count * WORD_BYTES) return { kind: 'unable', why: 'the prover answered something else' };
  const verdicts = new Uint32Array(count);
  for (let index = 0; index < count; index++) verdicts[index] = stdout.readUInt32LE(index * WORD_BYTES);
  return { kind: 'verdicts', verdicts };
}

function encodeRequest(program: BpfProgram, calls: Uint32Array, count: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(program.length / INSTRUCTION_BYTES, 8);
  header.writeUInt32LE(count, 12);
  const rows = new Uint32Array(count * ROW_WORDS);
  for (let call = 0; call < count; call++) {
    const from = call * DATA_WORDS;
    const to = call * ROW_WORDS;
    rows[to] = calls[from + WORD_ARCH] === AUDIT_ARCH_I386 ? 1 : 0;
    rows[to + 1] = calls[from + WORD_NR] ?? 0;
    // Word by word: a view of each call would cost more than all the rest.
    for (let word = FIRST_ARGUMENT; word < DATA_WORDS; word++)
      rows[to + 2 + word - FIRST_ARGUMENT] = calls[from + word] ?? 0;
  }
  return Buffer.concat([header, program, new Uint8Array(rows.buffer)]);
}
