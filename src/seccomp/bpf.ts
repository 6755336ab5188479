/**
 * Numbers of the seccomp machine, and a program taken apart once into arrays.
 *
 * @see linux/bpf_common.h, linux/seccomp.h, linux/audit.h
 */
import type { Action, BpfProgram } from './filter.js';

export const AUDIT_ARCH_X86_64 = 0xc000_003e;
export const AUDIT_ARCH_I386 = 0x4000_0003;
/** Calls of the x32 ABI carry this bit in their number. */
export const X32_BIT = 0x4000_0000;

/** Instructions at most: BPF_MAXINSNS. */
export const MAX_INSTRUCTIONS = 4096;
export const INSTRUCTION_BYTES = 8;

/** The instructions that libseccomp emits; any other is refused. */
export const LOAD_WORD = 0x20;
export const AND = 0x54;
export const JUMP = 0x05;
export const JUMP_EQUAL = 0x15;
export const JUMP_GREATER = 0x25;
export const JUMP_GREATER_EQUAL = 0x35;
export const RETURN = 0x06;

/** `struct seccomp_data` has 16 words of 32 bits: nr, arch, instruction pointer (2), six arguments (2 each, low half first). */
export const DATA_WORDS = 16;
export const WORD_NR = 0;
export const WORD_ARCH = 1;
export const wordOf = (argument: number, half: 'low' | 'high'): number => 4 + 2 * argument + (half === 'low' ? 0 : 1);

/** One array for each field of `struct sock_filter`. */
export type DecodedProgram = {
  readonly length: number;
  readonly code: Uint16Array;
  readonly ifTrue: Uint8Array;
  readonly ifFalse: Uint8Array;
  readonly k: Uint32Array;
};

/** The program's instructions; what they mean is for the reader to judge. @throws {RangeError} on a torn program */
export function decodeProgram(program: BpfProgram): DecodedProgram {
  const length = program.length / INSTRUCTION_BYTES;
  if (!Number.isInteger(length) || length < 1) throw new RangeError(`${program.length} bytes are no program`);
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const decoded = {
    length,
    code: new Uint16Array(length),
    ifTrue: new Uint8Array(length),
    ifFalse: new Uint8Array(length),
    k: new Uint32Array(length),
  };
  for (let pc = 0; pc < length; pc++) {
    const offset = pc * INSTRUCTION_BYTES;
    decoded.code[pc] = view.getUint16(offset, true);
    decoded.ifTrue[pc] = view.getUint8(offset + 2);
    decoded.ifFalse[pc] = view.getUint8(offset + 3);
    decoded.k[pc] = view.getUint32(offset + 4, true);
  }
  return decoded;
}

/** The number that a program returns for `action`. @see seccomp(2), SECCOMP_RET_* */
export function encodeAction(action: Action): number {
  switch (action.kind) {
    case 'allow':
      return 0x7fff_0000;
    case 'log':
      return 0x7ffc_0000;
    case 'notify':
      return 0x7fc0_0000;
    case 'errno':
      return 0x0005_0000 + action.errno;
    case 'trap':
      return 0x0003_0000;
    case 'trace':
      return 0x7ff0_0000 + action.message;
    case 'kill-thread':
      return 0;
    case 'kill-process':
      return 0x8000_0000;
  }
}

/** A returned number in words: `allow`, `notify`, `errno 1`, `kill-process` … */
export function describeVerdict(returned: number): string {
  const low = returned & 0xffff;
  switch ((returned & 0xffff_0000) >>> 0) {
    case 0x7fff_0000:
      return 'allow';
    case 0x7ffc_0000:
      return 'log';
    case 0x7ff0_0000:
      return `trace ${low}`;
    case 0x7fc0_0000:
      return 'notify';
    case 0x0005_0000:
      return `errno ${low}`;
    case 0x0003_0000:
      return `trap ${low}`;
    case 0x0000_0000:
      return 'kill-thread';
    case 0x8000_0000:
      return 'kill-process';
    default:
      return `unknown 0x${returned.toString(16)}`;
  }
}
