/** A program as text that people can read and tests can keep: one line an instruction, jumps with absolute targets. */
import {
  AND,
  AUDIT_ARCH_I386,
  AUDIT_ARCH_X86_64,
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
  X32_BIT,
} from './bpf.js';
import type { BpfProgram } from './filter.js';
import { syscallName } from './syscalls.js';

const COMPARISONS: Readonly<Record<number, string>> = {
  [JUMP_EQUAL]: '==',
  [JUMP_GREATER]: '>',
  [JUMP_GREATER_EQUAL]: '>=',
};
const ARCHITECTURES = new Map([
  [AUDIT_ARCH_X86_64, 'x86-64'],
  [AUDIT_ARCH_I386, 'i386'],
]);

/** The listing of `program`, each line ended. What it does not know it shows as numbers. */
export function disassemble(program: BpfProgram): string {
  const decoded = decodeProgram(program);
  const loaded = loadedWords(decoded);
  const width = String(decoded.length - 1).length;
  const number = (pc: number): string => String(pc).padStart(width, '0');
  return Array.from(
    { length: decoded.length },
    (_, pc) => `${number(pc)}  ${line(decoded, pc, loaded[pc], number)}\n`,
  ).join('');
}

function line(
  { code, ifTrue, ifFalse, k }: DecodedProgram,
  pc: number,
  loaded: number | undefined,
  number: (pc: number) => string,
): string {
  const operand = k[pc] ?? 0;
  const operation = code[pc] ?? 0;
  switch (operation) {
    case LOAD_WORD:
      return `load ${nameOfWord(operand / 4)}`;
    case AND:
      return `and ${hex(operand)}`;
    case JUMP:
      return `goto ${number(pc + 1 + operand)}`;
    case RETURN:
      return `return ${describeVerdict(operand)}`;
    case JUMP_EQUAL:
    case JUMP_GREATER:
    case JUMP_GREATER_EQUAL: {
      const targets = [ifTrue[pc] ?? 0, ifFalse[pc] ?? 0].map((offset) => number(pc + 1 + offset));
      return `if ${COMPARISONS[operation]} ${spell(operand, loaded)} goto ${targets[0]} else ${targets[1]}`;
    }
    default:
      return `unknown 0x${operation.toString(16)} ${hex(operand)}`;
  }
}

/** For each instruction, the word last loaded before it on the first way that leads to it. */
function loadedWords({ length, code, ifTrue, ifFalse, k }: DecodedProgram): (number | undefined)[] {
  const loaded: (number | undefined)[] = Array.from({ length });
  for (let pc = 0; pc < length; pc++) {
    const after = code[pc] === LOAD_WORD ? (k[pc] ?? 0) / 4 : loaded[pc];
    if (code[pc] === RETURN) continue;
    const offsets = code[pc] === JUMP ? [k[pc] ?? 0] : [ifTrue[pc] ?? 0, ifFalse[pc] ?? 0];
    for (const offset of offsets) loaded[pc + 1 + offset] ??= after;
  }
  return loaded;
}

function nameOfWord(word: number): string {
  if (word === WORD_NR) return 'number';
  if (word === WORD_ARCH) return 'architecture';
  if (word < 4) return `instruction pointer ${word === 2 ? 'low' : 'high'}`;
  return `argument ${Math.floor((word - 4) / 2)} ${word % 2 === 0 ? 'low' : 'high'}`;
}

function spell(operand: number, loaded: number | undefined): string {
  if (loaded === WORD_NR) return operand === X32_BIT ? 'x32' : (syscallName(operand) ?? hex(operand));
  if (loaded === WORD_ARCH) return ARCHITECTURES.get(operand) ?? hex(operand);
  return hex(operand);
}

const hex = (value: number): string => `0x${value.toString(16)}`;
