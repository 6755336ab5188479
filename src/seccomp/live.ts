/** What the running kernel says about calls under a program, without making any of them. @see native/prove */
import { closeSync, readSync, writeSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { installationRoot } from '../base/installation.js';
import { type Pipe, pipe } from '../ffi/libc.js';
import { awaitEnd, startProgram } from '../ffi/spawn.js';
import { DATA_WORDS, INSTRUCTION_BYTES } from './bpf.js';
import type { BpfProgram } from './filter.js';

const PROVER = `${installationRoot}/build/native/prove`;
const MAGIC = 'sbxprov\u0002';
const HEADER_BYTES = 16;
const WORD_BYTES = 4;
const LARGEST_COMPLAINT = 4096;

/** As native/prove answers; any other verdict is as a program returns it. */
export const PASSES = 0x7fff_0000;
export const KILLS = 0x8000_0000;
export const ABSENT = 0xffff_0001;
export const UNFILTERED = 0xffff_0002;

export type KernelAnswer =
  | { readonly kind: 'verdicts'; readonly verdicts: Uint32Array }
  /** The kernel could not be asked; a step and an errno, such as `install the filter with a listener: EBUSY`. */
  | { readonly kind: 'unable'; readonly why: string };

/** Some calls of a program, asked about while more are thought of. It has to be ended. */
export type Inquiry = {
  /**
   * Asks about calls, which are `struct seccomp_data` one after another, as words: of x86-64 (x32 among them)
   * and of i386.
   */
  readonly ask: (calls: Uint32Array) => void;
  /** Says that nothing more is asked: the prover comes to its end while this process does something else. */
  readonly finish: () => void;
  /**
   * The kernel's verdicts on all calls, in their order, once it has been said that there are no more. What stands
   * below notification (allow, log, trace) looks alike, and so does what ends the caller.
   */
  readonly answer: () => KernelAnswer;
  /** Without an answer, what was asked is forgotten. */
  readonly end: () => void;
};

/** Starts to ask the running kernel about calls under `program`. Needs no privilege. */
export function beginInquiry(program: BpfProgram): Inquiry {
  const pipes: Pipe[] = [];
  for (let wanted = 0; wanted < 3; wanted++) {
    const made = pipe();
    if (typeof made === 'object') pipes.push(made);
  }
  const [input, output, complaints] = pipes;
  if (input === undefined || output === undefined || complaints === undefined) {
    for (const { read, write } of pipes) for (const descriptor of [read, write]) closeSync(descriptor);
    return unableTo('get pipes to the prover');
  }
  const prover = startProgram(PROVER, [input.read, output.write, complaints.write]);
  for (const theirs of [input.read, output.write, complaints.write]) closeSync(theirs);
  const ends = { input: input.write, output: output.read, complaints: complaints.read };
  if (prover > 0) return inquiryOf(prover, program, ends);
  for (const ours of Object.values(ends)) closeSync(ours);
  return unableTo(`start the prover: ${getSystemErrorName(prover)}`);
}

const unableTo = (step: string): Inquiry => ({
  ask: () => undefined,
  finish: () => undefined,
  answer: () => ({ kind: 'unable', why: step }),
  end: () => undefined,
});

type Ends = { readonly input: number; readonly output: number; readonly complaints: number };

function inquiryOf(prover: number, program: BpfProgram, { input, output, complaints }: Ends): Inquiry {
  const open = new Set([input, output, complaints]);
  const close = (descriptor: number): void => {
    if (open.delete(descriptor)) closeSync(descriptor);
  };
  let count = 0;
  const put = (bytes: Uint8Array): void => {
    if (!writeAll(input, bytes)) close(input);
  };
  put(encodeHeader(program));
  return {
    ask(calls) {
      count += calls.length / DATA_WORDS;
      if (open.has(input)) put(new Uint8Array(calls.buffer, calls.byteOffset, calls.byteLength));
    },
    finish: () => close(input),
    answer() {
      const bytes = readAll(output, count * WORD_BYTES + 1);
      const complaint = readAll(complaints, LARGEST_COMPLAINT).toString().trim();
      if (bytes.length !== count * WORD_BYTES || complaint !== '')
        return { kind: 'unable', why: complaint || 'the prover ended without an answer' };
      const verdicts = new Uint32Array(count);
      for (let index = 0; index < count; index++) verdicts[index] = bytes.readUInt32LE(index * WORD_BYTES);
      return { kind: 'verdicts', verdicts };
    },
    end() {
      for (const descriptor of [...open]) close(descriptor);
      awaitEnd(prover);
    },
  };
}

/** Whether all of it found its reader: one that has ended says why elsewhere. */
function writeAll(descriptor: number, bytes: Uint8Array): boolean {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return false;
    throw error;
  }
}

/** To its end, or so many bytes of it. */
function readAll(descriptor: number, most: number): Buffer {
  const bytes = Buffer.alloc(most);
  let size = 0;
  for (let got = 1; got > 0 && size < most; size += got) got = readSync(descriptor, bytes, size, most - size, null);
  return bytes.subarray(0, size);
}

function encodeHeader(program: BpfProgram): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeBigUInt64LE(BigInt(program.length / INSTRUCTION_BYTES), 8);
  return Buffer.concat([header, program]);
}
