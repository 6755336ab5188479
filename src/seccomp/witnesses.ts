/**
 * The calls that show what a program does: picked from the cases on which it
 * was held against its filter.
 *
 * Of each call number at least one. Of a call with conditions one for every way
 * through the program, with a step out of its verdict in each argument that has
 * one (so each rule is kept once and broken once in each of its conditions), and
 * one for every value at which a comparison changes its mind. Of the foreign
 * interfaces, which have a verdict of their own: the numbers that pass on x86-64,
 * and one in eight of the others.
 */
import {
  AUDIT_ARCH_I386,
  AUDIT_ARCH_X86_64,
  DATA_WORDS,
  type DecodedProgram,
  WORD_ARCH,
  WORD_NR,
  wordOf,
  X32_BIT,
} from './bpf.js';
import { PASSES } from './live.js';
import { runProgram, type Trace } from './simulate.js';
import { unfilteredCalls } from './syscalls.js';

/** Of one call: beyond, more of the same kind. */
const MOST_OF_ONE_CALL = 1024;
const TOLD_OF_OTHERS = 8;
/** Its table ends below. */
const LAST_I386_NUMBER = 480;
/** The words that a program looks at which does not look at arguments. */
const NUMBER_ALONE = (1 << WORD_NR) | (1 << WORD_ARCH);
const FIRST_ARGUMENT = wordOf(0, 'low');

export class Witnesses {
  readonly #program: DecodedProgram;
  #calls = new Uint32Array(1024 * DATA_WORDS);
  readonly #verdicts: (number | undefined)[] = [];
  #count = 0;
  readonly #passing = new Set<number>();
  #current = new CallInHand(0, 0);
  /** The last one that was taken of the calls without arguments that matter. */
  #plain = { arch: 0, nr: 0 };

  constructor(program: DecodedProgram) {
    this.#program = program;
  }

  /** Takes the case where it shows something new. Cases of one call come together. */
  consider(data: Uint32Array, trace: Readonly<Trace>, verdict: number): void {
    const arch = data[WORD_ARCH] ?? 0;
    const nr = data[WORD_NR] ?? 0;
    if (arch !== AUDIT_ARCH_X86_64 && arch !== AUDIT_ARCH_I386) return;
    if (verdict === PASSES) this.#passing.add(nr);
    // No argument was looked at, nor will be: all cases of the call are alike.
    if ((trace.words & ~NUMBER_ALONE) === 0) {
      if (this.#isPlain(arch, nr) || (isX32(nr) && !this.#isForeignTold(nr))) return;
      this.#plain = { arch, nr };
      this.#add(data, verdict);
      return;
    }
    if (!this.#current.is(arch, nr)) this.#begin(arch, nr);
    if (this.#current.isNew(data, trace, verdict)) this.#add(data, verdict);
  }

  /** Ends the list with calls of i386 through numbers that a program for x86-64 does not tell apart. */
  addForeign(): void {
    this.#begin(AUDIT_ARCH_I386, 0);
    const data = new Uint32Array(DATA_WORDS);
    data[WORD_ARCH] = AUDIT_ARCH_I386;
    for (let nr = 0; nr <= LAST_I386_NUMBER; nr++) {
      data[WORD_NR] = nr;
      if (this.#isForeignTold(nr)) this.#add(data);
    }
  }

  /** How many there are by now. */
  get count(): number {
    return this.#count;
  }

  /** `struct seccomp_data` of those that there are by now, one after another, from number `from` on. */
  since(from: number): Uint32Array {
    return this.#calls.subarray(from * DATA_WORDS, this.#count * DATA_WORDS);
  }

  /** Of each, what program and filter both said of it where it was a case. */
  get verdicts(): readonly (number | undefined)[] {
    return this.#verdicts;
  }

  /** All: no more cases come. */
  get calls(): Uint32Array {
    this.#begin(0, 0);
    return this.since(0);
  }

  #isPlain(arch: number, nr: number): boolean {
    return this.#plain.arch === arch && this.#plain.nr === nr;
  }

  #isForeignTold(nr: number): boolean {
    return nr % TOLD_OF_OTHERS === 0 || this.#passing.has(isX32(nr) ? nr - X32_BIT : nr);
  }

  #begin(arch: number, nr: number): void {
    for (const data of this.#current.stepsOut(this.#program)) this.#add(data);
    this.#current = new CallInHand(arch, nr);
  }

  /** Calls that nobody can ask a kernel about are left out. */
  #add(data: Uint32Array, verdict?: number): void {
    if (data[WORD_ARCH] === AUDIT_ARCH_X86_64 && unfilteredCalls.has(data[WORD_NR] ?? 0)) return;
    if (data[WORD_ARCH] === AUDIT_ARCH_I386 && hasHighHalf(data)) return;
    if ((this.#count + 1) * DATA_WORDS > this.#calls.length) {
      const larger = new Uint32Array(2 * this.#calls.length);
      larger.set(this.#calls);
      this.#calls = larger;
    }
    this.#calls.set(data, this.#count * DATA_WORDS);
    this.#verdicts.push(verdict);
    this.#count++;
  }
}

/** What is known of the call whose cases come in. */
class CallInHand {
  readonly #arch: number;
  readonly #nr: number;
  readonly #regions: { readonly data: Uint32Array; readonly verdict: number }[] = [];
  readonly #paths = new Set<number>();
  /** By word. */
  readonly #values = new Map<number, Set<number>>();
  #taken = 0;

  constructor(arch: number, nr: number) {
    this.#arch = arch;
    this.#nr = nr;
  }

  is(arch: number, nr: number): boolean {
    return arch === this.#arch && nr === this.#nr && this.#taken > 0;
  }

  isNew(data: Uint32Array, { path, words }: Readonly<Trace>, verdict: number): boolean {
    if (this.#taken >= MOST_OF_ONE_CALL) return false;
    const isNewPath = !this.#paths.has(path);
    if (isNewPath) {
      this.#paths.add(path);
      this.#regions.push({ data: data.slice(), verdict });
    }
    const isNewValue = this.#hasNewValue(data, words);
    if (isNewPath || isNewValue) this.#taken++;
    return isNewPath || isNewValue;
  }

  /** Of each way through the program, and in each word, the first value that leads to another verdict. */
  *stepsOut(program: DecodedProgram): Generator<Uint32Array> {
    let left = MOST_OF_ONE_CALL;
    for (const { data, verdict } of this.#regions)
      for (const [word, values] of this.#values) {
        const step = data.slice();
        for (const value of values) {
          step[word] = value;
          if (runProgram(program, step) === verdict) continue;
          if (left-- > 0) yield step;
          break;
        }
      }
  }

  /** Only of words that the program looked at. */
  #hasNewValue(data: Uint32Array, words: number): boolean {
    let isNew = false;
    for (let word = FIRST_ARGUMENT; word < DATA_WORDS; word++) {
      if (((words >>> word) & 1) === 0) continue;
      const values = this.#values.get(word) ?? new Set();
      if (values.size === 0) this.#values.set(word, values);
      const known = values.size;
      isNew = values.add(data[word] ?? 0).size > known || isNew;
    }
    return isNew;
  }
}

/** int $0x80 passes 32 bits of each argument. */
function hasHighHalf(data: Uint32Array): boolean {
  for (let word = FIRST_ARGUMENT + 1; word < DATA_WORDS; word += 2) if (data[word] !== 0) return true;
  return false;
}

const isX32 = (nr: number): boolean => nr >= X32_BIT && nr < 2 * X32_BIT;

/** Which interface a call came through. */
export type Interface = 'x86-64' | 'x32' | 'i386';

export function interfaceOf(arch: number, nr: number): Interface {
  if (arch === AUDIT_ARCH_I386) return 'i386';
  return isX32(nr) ? 'x32' : 'x86-64';
}
