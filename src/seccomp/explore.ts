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
  RETURN,
} from './bpf.js';

/** `data[word] & mask` is compared with `value`: less, equal or greater. */
export type WordComparison = { readonly word: number; readonly mask: number; readonly value: number };

/** The accumulator: a masked word whose value is open, or a number (`word` -1, the number in `mask`). */
type State = { readonly pc: number; readonly word: number; readonly mask: number };
const KNOWN = -1;

/**
 * The comparisons that `program` can reach while the words in `known` have the
 * values given there. None: the verdict depends on the known words alone.
 *
 * @throws {RangeError} on a program that the kernel would not load
 */
export function reachableComparisons(program: DecodedProgram, known: ReadonlyMap<number, number>): WordComparison[] {
  const found = new Map<string, WordComparison>();
  const seen = new Set<string>();
  const open: State[] = [{ pc: 0, word: KNOWN, mask: 0 }];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (state.word !== KNOWN) {
      const key = `${state.pc} ${state.word} ${state.mask}`;
      if (seen.has(key)) continue;
      seen.add(key);
    }
    open.push(...successors(program, known, state, found));
  }
  return [...found.values()];
}

function successors(
  program: DecodedProgram,
  known: ReadonlyMap<number, number>,
  { pc, word, mask }: State,
  found: Map<string, WordComparison>,
): State[] {
  if (pc >= program.length) throw new RangeError('the program runs off its end');
  const operand = program.k[pc] ?? 0;
  const code = program.code[pc] ?? 0;
  switch (code) {
    case LOAD_WORD:
      return [load(known, pc, operand)];
    case AND:
      return [{ pc: pc + 1, word, mask: (mask & operand) >>> 0 }];
    case JUMP:
      return [{ pc: pc + 1 + operand, word, mask }];
    case RETURN:
      return [];
    case JUMP_EQUAL:
    case JUMP_GREATER:
    case JUMP_GREATER_EQUAL: {
      const ifTrue = { pc: pc + 1 + (program.ifTrue[pc] ?? 0), word, mask };
      const ifFalse = { pc: pc + 1 + (program.ifFalse[pc] ?? 0), word, mask };
      if (word === KNOWN) return [decide(code, mask, operand) ? ifTrue : ifFalse];
      found.set(`${word} ${mask} ${operand}`, { word, mask, value: operand });
      return [ifTrue, ifFalse];
    }
    default:
      throw new RangeError(`instruction 0x${code.toString(16)} at ${pc}`);
  }
}

function load(known: ReadonlyMap<number, number>, pc: number, offset: number): State {
  const word = offset / 4;
  if (!Number.isInteger(word) || word >= DATA_WORDS) throw new RangeError(`load of offset ${offset} at ${pc}`);
  const value = known.get(word);
  return value === undefined ? { pc: pc + 1, word, mask: 0xffff_ffff } : { pc: pc + 1, word: KNOWN, mask: value };
}

function decide(code: number, accumulator: number, operand: number): boolean {
  if (code === JUMP_EQUAL) return accumulator === operand;
  return code === JUMP_GREATER ? accumulator > operand : accumulator >= operand;
}
