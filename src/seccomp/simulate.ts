/**
 * Runs a seccomp program on one imagined call, as the kernel would.
 *
 * For checks and for `explain`; it never decides anything at run time. Any
 * instruction that libseccomp does not emit is an error, not a guess.
 *
 * @see linux/bpf_common.h, linux/seccomp.h
 */
import {
  AND,
  AUDIT_ARCH_X86_64,
  DATA_WORDS,
  type DecodedProgram,
  decodeProgram,
  describeVerdict,
  JUMP,
  JUMP_EQUAL,
  JUMP_GREATER,
  JUMP_GREATER_EQUAL,
  LOAD_WORD,
  RETURN,
  WORD_ARCH,
  WORD_NR,
  wordOf,
} from './bpf.js';
import type { BpfProgram } from './filter.js';

export type Call = { readonly nr: number; readonly arch?: number; readonly args?: readonly bigint[] };

/** The verdict in words: `allow`, `notify`, `log`, `errno N`, `trap N`, `trace N`, `kill-process`, `kill-thread`. */
export function simulate(program: BpfProgram, call: Call): string {
  return describeVerdict(runProgram(decodeProgram(program), dataOf(call)));
}

/** The way that a run took through the program. */
export type Trace = {
  /** Differs between ways, but for one pair in billions. */
  path: number;
  /** Bit N: word N was looked at. */
  words: number;
};

/** What the program returns for `data`. @throws {RangeError} on a program that the kernel would not load */
export function runProgram(program: DecodedProgram, data: Uint32Array, trace?: Trace): number {
  const { length, code, ifTrue, ifFalse, k } = program;
  let accumulator = 0;
  let pc = 0;
  let path = 0;
  let words = 0;
  while (pc < length) {
    const operand = k[pc] ?? 0;
    let taken: boolean;
    switch (code[pc]) {
      case LOAD_WORD:
        if (operand % 4 !== 0 || operand >= DATA_WORDS * 4) throw new RangeError(`load of offset ${operand} at ${pc}`);
        accumulator = data[operand >>> 2] ?? 0;
        words |= 1 << (operand >>> 2);
        pc++;
        continue;
      case AND:
        accumulator = (accumulator & operand) >>> 0;
        pc++;
        continue;
      case JUMP:
        pc += 1 + operand;
        continue;
      case JUMP_EQUAL:
        taken = accumulator === operand;
        break;
      case JUMP_GREATER:
        taken = accumulator > operand;
        break;
      case JUMP_GREATER_EQUAL:
        taken = accumulator >= operand;
        break;
      case RETURN:
        if (trace !== undefined) {
          trace.path = Math.imul(path ^ pc, 0x0100_0193);
          trace.words = words;
        }
        return operand;
      default:
        throw new RangeError(`instruction 0x${(code[pc] ?? 0).toString(16)} at ${pc}`);
    }
    path = Math.imul(path ^ (taken ? pc : ~pc), 0x0100_0193);
    pc += 1 + ((taken ? ifTrue[pc] : ifFalse[pc]) ?? 0);
  }
  throw new RangeError('the program runs off its end');
}

/** `struct seccomp_data` of `call`, as words. */
export function dataOf({ nr, arch = AUDIT_ARCH_X86_64, args = [] }: Call): Uint32Array {
  const data = new Uint32Array(DATA_WORDS);
  data[WORD_NR] = nr;
  data[WORD_ARCH] = arch;
  args.forEach((value, index) => {
    data[wordOf(index, 'low')] = Number(BigInt.asUintN(32, value));
    data[wordOf(index, 'high')] = Number(BigInt.asUintN(32, value >> 32n));
  });
  return data;
}
