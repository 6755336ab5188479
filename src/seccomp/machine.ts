/**
 * The whole seccomp machine: which instructions there are, which programs the
 * kernel would load, and what one does on one call. Our own programs use a
 * handful of them (bpf.ts); those of others use more.
 *
 * @see linux/filter.h; seccomp_check_filter() and bpf_check_classic() of the kernel
 */
import { DATA_WORDS, type DecodedProgram, decodeProgram, INSTRUCTION_BYTES, MAX_INSTRUCTIONS } from './bpf.js';
import { FilterError } from './errors.js';
import type { BpfProgram } from './filter.js';

export type Operator = 'add' | 'sub' | 'mul' | 'div' | 'or' | 'and' | 'shift-left' | 'shift-right' | 'xor';
export type Jump = 'equal' | 'greater' | 'greater-equal' | 'any-bit';
/** What an instruction works with beside the accumulator. */
export type Operand = 'constant' | 'index';

export type Instruction =
  | { readonly kind: 'load-word' }
  /** The size of `struct seccomp_data`. */
  | { readonly kind: 'load-size'; readonly to: 'accumulator' | 'index' }
  | { readonly kind: 'load-constant'; readonly to: 'accumulator' | 'index' }
  | { readonly kind: 'load-scratch'; readonly to: 'accumulator' | 'index' }
  | { readonly kind: 'store'; readonly from: 'accumulator' | 'index' }
  | { readonly kind: 'calculate'; readonly operator: Operator; readonly operand: Operand }
  | { readonly kind: 'negate' }
  | { readonly kind: 'go' }
  | { readonly kind: 'jump'; readonly on: Jump; readonly operand: Operand }
  | { readonly kind: 'return'; readonly what: 'constant' | 'accumulator' }
  | { readonly kind: 'copy'; readonly to: 'accumulator' | 'index' };

export const DATA_BYTES = DATA_WORDS * 4;
export const SCRATCH_WORDS = 16;

const OPERATORS: readonly (readonly [number, Operator])[] = [
  [0x04, 'add'],
  [0x14, 'sub'],
  [0x24, 'mul'],
  [0x34, 'div'],
  [0x44, 'or'],
  [0x54, 'and'],
  [0x64, 'shift-left'],
  [0x74, 'shift-right'],
  [0xa4, 'xor'],
];
const JUMPS: readonly (readonly [number, Jump])[] = [
  [0x15, 'equal'],
  [0x25, 'greater'],
  [0x35, 'greater-equal'],
  [0x45, 'any-bit'],
];
/** Added to the code of an instruction that works with the index register. */
const WITH_INDEX = 0x08;

const both = <T>(code: number, make: (operand: Operand) => T): readonly (readonly [number, T])[] => [
  [code, make('constant')],
  [code + WITH_INDEX, make('index')],
];

/** Every instruction that the kernel takes in a filter, by code. */
export const INSTRUCTIONS: ReadonlyMap<number, Instruction> = new Map<number, Instruction>([
  [0x20, { kind: 'load-word' }],
  [0x80, { kind: 'load-size', to: 'accumulator' }],
  [0x81, { kind: 'load-size', to: 'index' }],
  [0x00, { kind: 'load-constant', to: 'accumulator' }],
  [0x01, { kind: 'load-constant', to: 'index' }],
  [0x60, { kind: 'load-scratch', to: 'accumulator' }],
  [0x61, { kind: 'load-scratch', to: 'index' }],
  [0x02, { kind: 'store', from: 'accumulator' }],
  [0x03, { kind: 'store', from: 'index' }],
  ...OPERATORS.flatMap(([code, operator]) =>
    both<Instruction>(code, (operand) => ({ kind: 'calculate', operator, operand })),
  ),
  [0x84, { kind: 'negate' }],
  [0x05, { kind: 'go' }],
  ...JUMPS.flatMap(([code, on]) => both<Instruction>(code, (operand) => ({ kind: 'jump', on, operand }))),
  [0x06, { kind: 'return', what: 'constant' }],
  [0x16, { kind: 'return', what: 'accumulator' }],
  [0x07, { kind: 'copy', to: 'index' }],
  [0x87, { kind: 'copy', to: 'accumulator' }],
]);

/**
 * `bytes`, which anyone may have written, as a program that the kernel would load.
 * @throws {FilterError} FILTER_PROGRAM_INVALID
 */
export function acceptProgram(bytes: Uint8Array): DecodedProgram {
  const length = bytes.length / INSTRUCTION_BYTES;
  if (!Number.isInteger(length) || length < 1 || length > MAX_INSTRUCTIONS)
    throw invalid(`has ${bytes.length} bytes`, `a program has 1 to ${MAX_INSTRUCTIONS} instructions of 8 bytes`);
  const program = decodeProgram(bytes as BpfProgram);
  for (let pc = 0; pc < length; pc++) checkInstruction(program, pc);
  const last = INSTRUCTIONS.get(program.code[length - 1] ?? -1);
  if (last?.kind !== 'return')
    throw invalid('does not end with a return', 'the kernel refuses what can run off its end');
  checkScratch(program);
  return program;
}

/** On every way that the jumps leave open, a scratch word is stored before it is loaded. @see check_load_and_stores() */
function checkScratch({ length, code, ifTrue, ifFalse, k }: DecodedProgram): void {
  if (!code.some((operation) => INSTRUCTIONS.get(operation)?.kind === 'load-scratch')) return;
  const every = (1 << SCRATCH_WORDS) - 1;
  /** For each instruction, the words that are stored on all ways to it, as bits. */
  const stored = new Array<number>(length).fill(every);
  const meet = (pc: number, words: number): void => {
    stored[pc] = (stored[pc] ?? every) & words;
  };
  meet(0, 0);
  for (let pc = 0; pc < length; pc++) {
    const [words, operand] = [stored[pc] ?? 0, k[pc] ?? 0];
    const instruction = INSTRUCTIONS.get(code[pc] ?? -1);
    switch (instruction?.kind) {
      case 'go':
        meet(pc + 1 + operand, words);
        break;
      case 'jump':
        for (const offset of [ifTrue[pc], ifFalse[pc]]) meet(pc + 1 + (offset ?? 0), words);
        break;
      case 'load-scratch':
        if ((words & (1 << operand)) === 0)
          throw invalid(`loads scratch word ${operand} at instruction ${pc}, where nothing is stored`, KERNEL_REFUSES);
        meet(pc + 1, words);
        break;
      case 'store':
        meet(pc + 1, words | (1 << operand));
        break;
      default:
        // Also behind a return: the kernel goes through a program from its first line to its last.
        meet(pc + 1, words);
    }
  }
}

const KERNEL_REFUSES = 'the kernel refuses that';

function checkInstruction({ length, code, ifTrue, ifFalse, k }: DecodedProgram, pc: number): void {
  const [operation = 0, operand = 0] = [code[pc], k[pc]];
  const instruction = INSTRUCTIONS.get(operation);
  const at = `at instruction ${pc}`;
  if (instruction === undefined)
    throw invalid(`has 0x${operation.toString(16)} ${at}`, 'that is no instruction of filters');
  const reaches = (offset: number): boolean => pc + 1 + offset < length;
  switch (instruction.kind) {
    case 'load-word':
      if (operand % 4 !== 0 || operand >= DATA_BYTES) throw invalid(`loads from ${operand} ${at}`, 'no word is there');
      return;
    case 'load-scratch':
    case 'store':
      if (operand >= SCRATCH_WORDS) throw invalid(`names scratch word ${operand} ${at}`, 'there are 16');
      return;
    case 'calculate':
      if (instruction.operand === 'index') return;
      if (instruction.operator === 'div' && operand === 0) throw invalid(`divides by 0 ${at}`, 'nothing comes of it');
      if (/^shift/.test(instruction.operator) && operand >= 32)
        throw invalid(`shifts by ${operand} bits ${at}`, 'a word has 32');
      return;
    case 'go':
      if (!reaches(operand)) throw invalid(`jumps past its end ${at}`, KERNEL_REFUSES);
      return;
    case 'jump':
      if (!reaches(ifTrue[pc] ?? 0) || !reaches(ifFalse[pc] ?? 0))
        throw invalid(`jumps past its end ${at}`, KERNEL_REFUSES);
      return;
    case 'load-size':
    case 'load-constant':
    case 'negate':
    case 'return':
    case 'copy':
      return;
  }
}

const invalid = (what: string, why: string): FilterError =>
  new FilterError('FILTER_PROGRAM_INVALID', `this is no seccomp program: it ${what}`, {
    why,
    hint: 'name a file of struct sock_filter instructions, as seccomp_export_bpf(3) writes them',
  });

/** `a operator b` on 32 bits; undefined for a division by zero, which makes the kernel return 0 from the filter. */
export function calculate(operator: Operator, a: number, b: number): number | undefined {
  switch (operator) {
    case 'add':
      return (a + b) >>> 0;
    case 'sub':
      return (a - b) >>> 0;
    case 'mul':
      return Math.imul(a, b) >>> 0;
    case 'div':
      return b === 0 ? undefined : Math.floor(a / b);
    case 'or':
      return (a | b) >>> 0;
    case 'and':
      return (a & b) >>> 0;
    case 'xor':
      return (a ^ b) >>> 0;
    case 'shift-left':
      return (a << b) >>> 0;
    case 'shift-right':
      return a >>> b;
  }
}

export function compare(on: Jump, a: number, b: number): boolean {
  switch (on) {
    case 'equal':
      return a === b;
    case 'greater':
      return a > b;
    case 'greater-equal':
      return a >= b;
    case 'any-bit':
      return (a & b) !== 0;
  }
}

/** What an accepted `program` returns for `data`. */
export function runMachine({ code, ifTrue, ifFalse, k }: DecodedProgram, data: Uint32Array): number {
  const registers = { accumulator: 0, index: 0 };
  const scratch = new Uint32Array(SCRATCH_WORDS);
  for (let pc = 0; ; pc++) {
    const operand = k[pc] ?? 0;
    const instruction = INSTRUCTIONS.get(code[pc] ?? -1);
    if (instruction === undefined) throw new RangeError(`instruction 0x${code[pc]?.toString(16)} at ${pc}`);
    switch (instruction.kind) {
      case 'load-word':
        registers.accumulator = data[operand >>> 2] ?? 0;
        break;
      case 'load-size':
        registers[instruction.to] = DATA_BYTES;
        break;
      case 'load-constant':
        registers[instruction.to] = operand;
        break;
      case 'load-scratch':
        registers[instruction.to] = scratch[operand] ?? 0;
        break;
      case 'store':
        scratch[operand] = registers[instruction.from];
        break;
      case 'calculate': {
        const right = instruction.operand === 'constant' ? operand : registers.index;
        const result = calculate(instruction.operator, registers.accumulator, right);
        if (result === undefined) return 0;
        registers.accumulator = result;
        break;
      }
      case 'negate':
        registers.accumulator = -registers.accumulator >>> 0;
        break;
      case 'go':
        pc += operand;
        break;
      case 'jump': {
        const right = instruction.operand === 'constant' ? operand : registers.index;
        pc += (compare(instruction.on, registers.accumulator, right) ? ifTrue[pc] : ifFalse[pc]) ?? 0;
        break;
      }
      case 'return':
        return instruction.what === 'constant' ? operand : registers.accumulator;
      case 'copy':
        if (instruction.to === 'index') registers.index = registers.accumulator;
        else registers.accumulator = registers.index;
        break;
    }
  }
}
