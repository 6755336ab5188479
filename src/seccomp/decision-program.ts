/**
 * A program as a decision: every way through it at once, with the 32 bits of
 * each register as decisions. Exact for all that filters do; multiplication,
 * division and shifts are taken with constants alone, and refused otherwise.
 */
import type { DecodedProgram } from './bpf.js';
import { type Decision, type DecisionSpace, tooComplex } from './decision.js';
import { type Bits, bitsOfNumber, bitsOfWord, equals, exceeds, WORD_BITS, wordEquals } from './decision-words.js';
import { FilterError } from './errors.js';
import { calculate, DATA_BYTES, INSTRUCTIONS, type Instruction, type Jump, type Operator } from './machine.js';
import { effectOf } from './verdict.js';

/** A number that may depend on the call. `key` tells it from all others of the space. */
type Symbol = {
  readonly bits: Bits;
  readonly key: string;
  readonly constant: number | undefined;
  /** The word of the call that it is, as it came. */
  readonly word?: number;
};

type State = {
  readonly accumulator: Symbol;
  readonly index: Symbol;
  /** undefined: nothing was stored there. */
  readonly scratch: readonly (Symbol | undefined)[];
};

/** An instruction, and the registers before it. */
type Place = readonly [number, State];

/** Between two instructions, so many states of the registers at most. */
const MOST_STATES = 200_000;

/**
 * What `program`, which acceptProgram() or our compiler gave, returns for every call
 * whose words have the values in `known`, without what the kernel ignores of it.
 *
 * @throws {FilterError} FILTER_UNSUPPORTED, FILTER_TOO_COMPLEX
 */
export function decisionOfProgram(
  space: DecisionSpace,
  program: DecodedProgram,
  known: ReadonlyMap<number, number> = NOTHING,
): Decision {
  return new Execution(space, program, known).decision();
}

const NOTHING: ReadonlyMap<number, number> = new Map();

class Execution {
  readonly #space: DecisionSpace;
  readonly #program: DecodedProgram;
  /** For each instruction that can be reached the states in which it can be, by key. */
  readonly #states: (Map<string, State> | undefined)[];
  readonly #words = new Map<number, Symbol>();
  readonly #constants = new Map<number, Symbol>();
  readonly #keys = new Map<string, string>();
  #count = 0;

  constructor(space: DecisionSpace, program: DecodedProgram, known: ReadonlyMap<number, number>) {
    this.#space = space;
    this.#program = program;
    for (const [word, value] of known) this.#words.set(word, this.#constant(value));
    this.#states = new Array(program.length);
  }

  /** Jumps lead forward only: states are found from the first instruction on, decisions from the last one back. */
  decision(): Decision {
    const zero = this.#constant(0);
    const [first, start] = this.#settled(0, { accumulator: zero, index: zero, scratch: [] });
    this.#reach(first, start);
    for (let pc = first; pc < this.#program.length; pc++)
      for (const state of this.#states[pc]?.values() ?? [])
        for (const [next, after] of this.#waysOut(pc, state)) this.#reach(next, after);
    const decisions: (Map<string, Decision> | undefined)[] = new Array(this.#program.length);
    const decided = ([pc, state]: Place): Decision => decisions[pc]?.get(keyOf(state)) ?? this.#space.no;
    for (let pc = this.#program.length - 1; pc >= first; pc--) {
      const states = this.#states[pc];
      if (states === undefined) continue;
      const here = new Map<string, Decision>();
      for (const [key, state] of states) here.set(key, this.#decide(pc, state, decided));
      decisions[pc] = here;
    }
    return decided([first, start]);
  }

  #reach(pc: number, state: State): void {
    const states = this.#states[pc] ?? new Map<string, State>();
    this.#states[pc] = states;
    const key = keyOf(state);
    if (states.has(key)) return;
    if (++this.#count > MOST_STATES) throw tooComplex(`its registers take more than ${MOST_STATES} states`);
    states.set(key, state);
  }

  /** The next return, or jump that depends on the call: from `from` to there only one way leads. */
  #settled(from: number, before: State): Place {
    let pc = from;
    let state = before;
    for (;;) {
      const instruction = this.#instructionAt(pc);
      if (instruction.kind === 'return') return [pc, state];
      if (instruction.kind === 'go') {
        pc += 1 + this.#operandAt(pc);
      } else if (instruction.kind === 'jump') {
        const left = state.accumulator.constant;
        const right = instruction.operand === 'constant' ? this.#operandAt(pc) : state.index.constant;
        if (left === undefined || right === undefined) return [pc, state];
        pc += 1 + this.#offsetAt(pc, holds(instruction.on, left, right));
      } else {
        state = this.#after(pc, instruction, state);
        pc += 1;
      }
    }
  }

  /** Of a jump that depends on the call: where it holds, and where it does not. None of a return. */
  #waysOut(pc: number, state: State): readonly Place[] {
    if (this.#instructionAt(pc).kind === 'return') return [];
    return [true, false].map((holding) => this.#settled(pc + 1 + this.#offsetAt(pc, holding), state));
  }

  #offsetAt(pc: number, holding: boolean): number {
    return (holding ? this.#program.ifTrue[pc] : this.#program.ifFalse[pc]) ?? 0;
  }

  #decide(pc: number, state: State, decided: (place: Place) => Decision): Decision {
    const instruction = this.#instructionAt(pc);
    if (instruction.kind === 'return') return this.#returned(pc, instruction.what, state);
    const [first = this.#space.no, second = this.#space.no] = this.#waysOut(pc, state).map(decided);
    if (instruction.kind !== 'jump') throw new RangeError(`instruction ${pc} is no jump`);
    const right = instruction.operand === 'constant' ? this.#constant(this.#operandAt(pc)) : state.index;
    return this.#space.choose(this.#condition(pc, instruction.on, state.accumulator, right), first, second);
  }

  #returned(pc: number, what: 'constant' | 'accumulator', { accumulator }: State): Decision {
    const value = what === 'constant' ? this.#operandAt(pc) : accumulator.constant;
    if (value === undefined) throw unsupported(pc, 'returns a number that it takes from the call');
    return this.#space.leaf(effectOf(value));
  }

  /** The registers after an instruction that only changes them. */
  #after(pc: number, instruction: Instruction, state: State): State {
    const operand = this.#operandAt(pc);
    const { accumulator, index, scratch } = state;
    switch (instruction.kind) {
      case 'load-word':
        return { ...state, accumulator: this.#word(operand / 4) };
      case 'load-size':
        return { ...state, [instruction.to]: this.#constant(DATA_BYTES) };
      case 'load-constant':
        return { ...state, [instruction.to]: this.#constant(operand) };
      case 'load-scratch': {
        const stored = scratch[operand];
        if (stored === undefined) throw unsupported(pc, 'reads a scratch word that nothing was stored in');
        return { ...state, [instruction.to]: stored };
      }
      case 'store': {
        const changed = Array.from({ length: Math.max(scratch.length, operand + 1) }, (_, place) => scratch[place]);
        changed[operand] = state[instruction.from];
        return { ...state, scratch: changed };
      }
      case 'calculate': {
        const right = instruction.operand === 'constant' ? this.#constant(operand) : index;
        return { ...state, accumulator: this.#calculated(pc, instruction.operator, accumulator, right) };
      }
      case 'negate':
        return { ...state, accumulator: this.#calculated(pc, 'sub', this.#constant(0), accumulator) };
      case 'copy':
        return instruction.to === 'index' ? { ...state, index: accumulator } : { ...state, accumulator: index };
      case 'go':
      case 'jump':
      case 'return':
        return state;
    }
  }

  #calculated(pc: number, operator: Operator, left: Symbol, right: Symbol): Symbol {
    if (left.constant !== undefined && right.constant !== undefined) {
      const result = calculate(operator, left.constant, right.constant);
      if (result === undefined) throw unsupported(pc, 'divides by zero');
      return this.#constant(result);
    }
    const space = this.#space;
    const not = (bit: Decision): Decision => space.choose(bit, space.no, space.yes);
    const bitwise = (combine: (a: Decision, b: Decision) => Decision): Symbol =>
      this.#symbol(left.bits.map((bit, place) => combine(bit, right.bits[place] ?? space.no)));
    switch (operator) {
      case 'and':
        return bitwise((a, b) => space.choose(a, b, space.no));
      case 'or':
        return bitwise((a, b) => space.choose(a, space.yes, b));
      case 'xor':
        return bitwise((a, b) => space.choose(a, not(b), b));
      case 'add':
        return this.#symbol(this.#sum(left.bits, right.bits, space.no));
      case 'sub':
        return this.#symbol(this.#sum(left.bits, right.bits.map(not), space.yes));
      case 'shift-left':
      case 'shift-right': {
        if (right.constant === undefined || right.constant >= WORD_BITS)
          throw unsupported(pc, 'shifts by a number that it takes from the call');
        const distance = operator === 'shift-left' ? -right.constant : right.constant;
        return this.#symbol(left.bits.map((_, place) => left.bits[place + distance] ?? space.no));
      }
      case 'mul':
      case 'div':
        throw unsupported(pc, `multiplies or divides what it takes from the call`);
    }
  }

  #sum(left: Bits, right: Bits, carryIn: Decision): Bits {
    const space = this.#space;
    const not = (bit: Decision): Decision => space.choose(bit, space.no, space.yes);
    let carry = carryIn;
    return left.map((a, place) => {
      const b = right[place] ?? space.no;
      const differ = space.choose(a, not(b), b);
      const sum = space.choose(differ, not(carry), carry);
      carry = space.choose(differ, carry, a);
      return sum;
    });
  }

  #condition(pc: number, on: Jump, left: Symbol, right: Symbol): Decision {
    const space = this.#space;
    if (on === 'equal' && left.word !== undefined && right.constant !== undefined)
      return wordEquals(space, left.word, right.constant);
    if (on === 'any-bit') {
      const shared = this.#calculated(pc, 'and', left, right).bits;
      return shared.reduce((any, bit) => space.choose(bit, space.yes, any), space.no);
    }
    const [bits, value] =
      right.constant === undefined ? [this.#calculated(pc, 'xor', left, right).bits, 0] : [left.bits, right.constant];
    if (on === 'equal') return equals(space, bits, value);
    if (right.constant === undefined) throw unsupported(pc, 'orders two numbers that it takes from the call');
    return exceeds(space, bits, value, on === 'greater-equal');
  }

  #word(word: number): Symbol {
    const known = this.#words.get(word) ?? { ...this.#symbol(bitsOfWord(this.#space, word)), word };
    this.#words.set(word, known);
    return known;
  }

  #constant(value: number): Symbol {
    const bits = (): Bits => bitsOfNumber(this.#space, value);
    const known = this.#constants.get(value) ?? { bits: bits(), key: `=${value}`, constant: value };
    this.#constants.set(value, known);
    return known;
  }

  #symbol(bits: Bits): Symbol {
    const { yes, no } = this.#space;
    if (bits.some((bit) => bit !== yes && bit !== no)) return { bits, key: this.#shortKey(bits), constant: undefined };
    return this.#constant(bits.reduce((value, bit, place) => value + (bit === yes ? 2 ** place : 0), 0));
  }

  #shortKey(bits: Bits): string {
    const long = bits.join(' ');
    const short = this.#keys.get(long) ?? `${this.#keys.size}`;
    this.#keys.set(long, short);
    return short;
  }

  #instructionAt(pc: number): Instruction {
    const instruction = INSTRUCTIONS.get(this.#program.code[pc] ?? -1);
    if (instruction === undefined) throw unsupported(pc, 'has an unknown instruction');
    return instruction;
  }

  #operandAt(pc: number): number {
    return this.#program.k[pc] ?? 0;
  }
}

function holds(on: Jump, left: number, right: number): boolean {
  switch (on) {
    case 'equal':
      return left === right;
    case 'greater':
      return left > right;
    case 'greater-equal':
      return left >= right;
    case 'any-bit':
      return (left & right) !== 0;
  }
}

const keyOf = ({ accumulator, index, scratch }: State): string =>
  `${accumulator.key};${index.key};${scratch.map((stored) => stored?.key ?? '').join(';')}`;

const unsupported = (pc: number, what: string): FilterError =>
  new FilterError('FILTER_UNSUPPORTED', `the program ${what} (instruction ${pc})`, {
    why: 'only what can be told exactly for every call is compared',
    hint: 'compile the filter with a tool that compares words with constants, such as libseccomp',
  });
