/**
 * What a program looks at: every comparison it can reach, as facts about the
 * words of `struct seccomp_data`.
 *
 * A program is loop-free and decides by comparisons alone. Two calls that all
 * reachable comparisons treat alike get the same verdict, which is what lets a
 * few telling values stand for all.
 */
import {
  AND,
  DATA_WORDS,
  type DecodedProgram,
  JUMP,
  JUMP_EQUAL,
  JUMP_GREATER,
  JUMP_GREATER_EQUAL,
  LOAD_WORD,
  MAX_INSTRUCTIONS,
  RETURN,
} from './bpf.js';

/** `data[word] & mask` is compared with `value`: less, equal or greater. */
export type WordComparison = { readonly word: number; readonly mask: number; readonly value: number };

/** What stands in the accumulator: a masked word whose value is open. */
type Open = { readonly pc: number; readonly word: number; readonly mask: number };

/**
 * The comparisons that `program` can reach while the words in `known` have the
 * values given there; one that stands in several places comes several times.
 * None: the verdict depends on the known words alone.
 *
 * @throws {RangeError} on a program that the kernel would not load
 */
export function reachableComparisons(program: DecodedProgram, known: ReadonlyMap<number, number>): WordComparison[] {
  const start = skipKnown(program, known, 0);
  if (start === undefined) return [];
  const found: WordComparison[] = [];
  const seen = new Set<number>();
  const open = [start];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = (state.mask * MAX_INSTRUCTIONS + state.pc) * DATA_WORDS + state.word;
    if (seen.has(key)) continue;
    seen.add(key);
    addSuccessors(program, known, state, found, open);
  }
  return found;
}

/** From `pc` on, with nothing open: the state after the first load of a word that is not known, or undefined at the end. */
function skipKnown(program: DecodedProgram, known: ReadonlyMap<number, number>, from: number): Open | undefined {
  const { length, code, ifTrue, ifFalse, k } = program;
  let accumulator = 0;
  let pc = from;
  while (pc < length) {
    const operand = k[pc] ?? 0;
    const operation = code[pc] ?? 0;
    switch (operation) {
      case LOAD_WORD: {
        const word = wordAt(pc, operand);
        const value = known.get(word);
        pc++;
        if (value === undefined) return { pc, word, mask: 0xffff_ffff };
        accumulator = value;
        break;
      }
      case AND:
        accumulator = (accumulator & operand) >>> 0;
        pc++;
        break;
      case JUMP:
        pc += 1 + operand;
        break;
      case RETURN:
        return undefined;
      default:
        pc += 1 + ((decide(pc, operation, accumulator, operand) ? ifTrue[pc] : ifFalse[pc]) ?? 0);
    }
  }
  throw new RangeError('the program runs off its end');
}

/** Adds what follows on a state: to `open` the next states, to `found` what is compared here. */
function addSuccessors(
  program: DecodedProgram,
  known: ReadonlyMap<number, number>,
  { pc, word, mask }: Open,
  found: WordComparison[],
  open: Open[],
): void {
  if (pc >= program.length) throw new RangeError('the program runs off its end');
  const operand = program.k[pc] ?? 0;
  const code = program.code[pc] ?? 0;
  switch (code) {
    case LOAD_WORD: {
      const next = skipKnown(program, known, pc);
      if (next !== undefined) open.push(next);
      return;
    }
    case AND:
      open.push({ pc: pc + 1, word, mask: (mask & operand) >>> 0 });
      return;
    case JUMP:
      open.push({ pc: pc + 1 + operand, word, mask });
      return;
    case RETURN:
      return;
    default:
      decide(pc, code, 0, 0); // throws on what is no comparison
      found.push({ word, mask, value: operand });
      open.push({ pc: pc + 1 + (program.ifTrue[pc] ?? 0), word, mask });
      open.push({ pc: pc + 1 + (program.ifFalse[pc] ?? 0), word, mask });
  }
}

function wordAt(pc: number, offset: number): number {
  if (offset % 4 !== 0 || offset >= DATA_WORDS * 4) throw new RangeError(`load of offset ${offset} at ${pc}`);
  return offset / 4;
}

function decide(pc: number, code: number, accumulator: number, operand: number): boolean {
  switch (code) {
    case JUMP_EQUAL:
      return accumulator === operand;
    case JUMP_GREATER:
      return accumulator > operand;
    case JUMP_GREATER_EQUAL:
      return accumulator >= operand;
    default:
      throw new RangeError(`instruction 0x${code.toString(16)} at ${pc}`);
  }
}
