/**
 * Does the program do what the filter says?
 *
 * The compiler is not trusted: libseccomp (2.5.4, and main of July 2026)
 * turns some pairs of 64-bit comparisons into a program that allows what
 * neither allows. So every program is run here against the plain meaning of
 * its filter. A finding is a refusal.
 *
 * What is tried on x86-64: the numbers 0 to 600, the same with x32's bit, the
 * edges of the number space and of every comparison that the program makes
 * with the number; and for each of them every combination of one value for
 * each way in which the comparisons of program and meaning can come out that
 * are still open after the words before. Since both decide by these
 * comparisons alone, that is all values there are, but for calls with more
 * than MOST_COMBINATIONS, of which pairs and a sample are tried. i386, AArch64 and the neighbours of each architecture the program
 * compares with are tried alike; where the filter tells calls of another
 * architecture apart, by all its numbers, else as calls that all mean the
 * foreign action.
 */
import {
  AUDIT_ARCH_I386,
  AUDIT_ARCH_X86_64,
  DATA_WORDS,
  type DecodedProgram,
  decodeProgram,
  describeVerdict,
  WORD_ARCH,
  WORD_NR,
  wordOf,
  X32_BIT,
} from './bpf.js';
import { reachableComparisons, type WordComparison } from './explore.js';
import type { BpfProgram, Filter } from './filter.js';
import { type Meaning, meaningOf } from './meaning.js';
import { runProgram, type Trace } from './simulate.js';
import { describeCall } from './syscalls.js';
import { combinationsOf, MOST_COMBINATIONS, someCombination, type TellingWord, tellingWords } from './telling.js';

export type Disagreement = {
  readonly arch: number;
  readonly nr: number;
  readonly args: readonly bigint[];
  readonly means: string;
  readonly does: string;
};

/** Up to here no number is left out. */
export const EVERY_NUMBER_TO = 600;
const AUDIT_ARCH_AARCH64 = 0xc000_00b7;
const EDGES = [X32_BIT - 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

/** What was tried, and what came out. */
export type Examination = {
  /** The first call on which program and filter part ways, if there is one: nothing after it was tried. */
  readonly disagreement: Disagreement | undefined;
  readonly architectures: readonly number[];
  /** How many call numbers of x86-64, x32 included. */
  readonly numbers: number;
  readonly cases: number;
  /** The calls of which not every combination was tried. */
  readonly sampled: readonly number[];
  /** The calls of which the cases do not stand for all others: the sampled, and those with a word under several masks. */
  readonly unsettled: readonly UnsettledCall[];
  /** False where the program looks at single bits of architecture or number: then others may differ from those tried. */
  readonly hasAllNumbers: boolean;
};

/** Without a number: every call of the architecture. */
export type UnsettledCall = { readonly arch: number; readonly nr: number | undefined };

/** Told of every case of x86-64 and i386 that was tried: `struct seccomp_data` as words, which change afterwards. */
export type CaseVisitor = (data: Uint32Array, trace: Readonly<Trace>, verdict: number) => void;

/** The first call on which `program` and `filter` part ways, if there is one. @throws {FilterError} FILTER_UNKNOWN_SYSCALL */
export function findDisagreement(filter: Filter, program: BpfProgram): Disagreement | undefined {
  return examine(filter, program).disagreement;
}

/** Tries `program` against `filter`; `visit` sees each case. @throws {FilterError} FILTER_UNKNOWN_SYSCALL */
export function examine(filter: Filter, program: BpfProgram, visit: CaseVisitor = () => undefined): Examination {
  return examineMeaning(meaningOf(filter), program, visit);
}

/** The same for a filter of any kind, by what it means. */
export function examineMeaning(
  meaning: Meaning,
  program: BpfProgram,
  visit: CaseVisitor = () => undefined,
): Examination {
  const decoded = decodeProgram(program);
  const { architectures, numbersOf, hasAllNumbers } = classesOf(decoded, meaning);
  const examiner = new Examiner(decoded, meaning, visit);
  const disagreement = examiner.tryAll(architectures, numbersOf);
  const { cases, sampled, unsettled } = examiner;
  const numbers = numbersOf(AUDIT_ARCH_X86_64).size;
  return { disagreement, architectures: [...architectures], numbers, cases, sampled, unsettled, hasAllNumbers };
}

/** Architectures and numbers, one for each way in which program and meaning can tell them apart. */
type Classes = {
  readonly architectures: ReadonlySet<number>;
  readonly numbersOf: (arch: number) => ReadonlySet<number>;
  readonly hasAllNumbers: boolean;
};

function classesOf(program: DecodedProgram, meaning: Meaning): Classes {
  const compared = reachableComparisons(program, new Map());
  const known = new Map<number, ReadonlySet<number>>();
  return {
    architectures: architecturesIn(compared, meaning),
    numbersOf: (arch) => {
      const numbers = known.get(arch) ?? numbersIn(compared, meaning.numbersOn(arch));
      known.set(arch, numbers);
      return numbers;
    },
    hasAllNumbers: compared.every(({ word, mask }) => (word !== WORD_NR && word !== WORD_ARCH) || mask === 0xffff_ffff),
  };
}

/** `disagreement` in one line. */
export function describeDisagreement({ arch, nr, args, means, does }: Disagreement): string {
  const list = args.map((value) => `0x${value.toString(16)}`).join(', ');
  return `${describeCall(nr, arch)}(${list}): the filter says ${means}, the program does ${does}`;
}

type Compared = readonly { readonly word: number; readonly value: number }[];

const around = (compared: Compared, word: number): number[] =>
  compared.filter((c) => c.word === word).flatMap(({ value }) => [value - 1, value, value + 1].map((n) => n >>> 0));

const architecturesIn = (compared: Compared, { architectures }: Meaning): Set<number> =>
  new Set([AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, ...architectures, ...around(compared, WORD_ARCH)]);

const numbersIn = (compared: Compared, named: readonly number[]): Set<number> => {
  const numbers = Array.from({ length: EVERY_NUMBER_TO + 1 }, (_, nr) => nr);
  return new Set([...numbers, ...numbers.map((nr) => nr + X32_BIT), ...EDGES, ...named, ...around(compared, WORD_NR)]);
};

/** So many are tried without asking again which still matter. */
const FEW_COMBINATIONS = 32;
/** What comes after number and architecture. */
const WORD_IP = 2;
/** Words that are known before any argument. */
const KNOWN_WORDS = (1 << WORD_NR) | (1 << WORD_ARCH);

class Examiner {
  cases = 0;
  readonly sampled: number[] = [];
  readonly unsettled: UnsettledCall[] = [];
  readonly #data = new Uint32Array(DATA_WORDS);
  readonly #trace: Trace = { path: 0, words: 0 };
  readonly #program: DecodedProgram;
  readonly #meaning: Meaning;
  readonly #visit: CaseVisitor;

  constructor(program: DecodedProgram, meaning: Meaning, visit: CaseVisitor) {
    this.#program = program;
    this.#meaning = meaning;
    this.#visit = visit;
  }

  tryAll(architectures: Iterable<number>, numbersOf: (arch: number) => Iterable<number>): Disagreement | undefined {
    for (const arch of architectures)
      for (const nr of this.#meaning.architectures.includes(arch) ? numbersOf(arch) : [undefined])
        if (this.#differsOnCall(arch, nr)) return this.#disagreement();
    return undefined;
  }

  /** Without `nr`, the number is a word like the others: the meaning of a foreign call does not depend on it. */
  #differsOnCall(arch: number, nr: number | undefined): boolean {
    const data = this.#data.fill(0);
    data[WORD_ARCH] = arch;
    data[WORD_NR] = nr ?? 0;
    const wanted = nr === undefined ? [] : this.#meaning.comparisonsFor(nr, arch);
    // Most calls: the program looks at no argument, and the filter has no condition.
    if (nr !== undefined && wanted.length === 0) {
      const differs = this.#differs();
      if (differs || (this.#trace.words & ~KNOWN_WORDS) === 0) return differs;
      this.cases--;
    }
    const known = new Map([[WORD_ARCH, arch]]);
    if (nr !== undefined) known.set(WORD_NR, nr);
    const last = this.cases + MOST_COMBINATIONS;
    const compared = this.#openComparisons(known);
    const words = tellingWords(compared);
    const differs = this.#differsSomewhere(known, words, last);
    const isSampled = this.cases > last;
    if (isSampled || !hasOneMaskForEachWord(compared)) this.unsettled.push({ arch, nr });
    if (differs || !isSampled) return differs;
    if (nr !== undefined) this.sampled.push(nr);
    data.fill(0, WORD_IP);
    return someCombination(words, data, () => this.#differs());
  }

  /**
   * Tries every value of one word after another; what a value decides is no
   * longer asked about in the words after it. Gives up behind case `last`.
   */
  #differsSomewhere(known: Map<number, number>, words: readonly TellingWord[], last: number): boolean {
    const [first] = words;
    if (first === undefined || words.length === 1 || combinationsOf(words) <= FEW_COMBINATIONS)
      return someCombination(words, this.#data, () => this.#differs()) || this.#forget(words);
    for (const value of first.values) {
      known.set(first.word, value);
      this.#data[first.word] = value;
      if (this.#differsSomewhere(known, tellingWords(this.#openComparisons(known)), last)) return true;
      if (this.cases > last) break;
    }
    known.delete(first.word);
    return this.#forget([first]);
  }

  #openComparisons(known: ReadonlyMap<number, number>): WordComparison[] {
    const nr = known.get(WORD_NR);
    const wanted = nr === undefined ? [] : this.#meaning.comparisonsFor(nr, known.get(WORD_ARCH), known);
    return [...reachableComparisons(this.#program, known), ...wanted].filter(({ word }) => !known.has(word));
  }

  /** Values that were tried are no part of what is tried next. */
  #forget(words: readonly TellingWord[]): false {
    for (const { word } of words) this.#data[word] = 0;
    return false;
  }

  #differs(): boolean {
    const verdict = runProgram(this.#program, this.#data, this.#trace);
    this.cases++;
    this.#visit(this.#data, this.#trace, verdict);
    return verdict !== this.#meaning.verdictOn(this.#data);
  }

  #disagreement(): Disagreement {
    const data = this.#data;
    return {
      arch: data[WORD_ARCH] ?? 0,
      nr: data[WORD_NR] ?? 0,
      args: [0, 1, 2, 3, 4, 5].map((argument) => argumentIn(data, argument)),
      means: describeVerdict(this.#meaning.verdictOn(data)),
      does: describeVerdict(runProgram(this.#program, data)),
    };
  }
}

function hasOneMaskForEachWord(compared: readonly WordComparison[]): boolean {
  const masks = new Map<number, number>();
  for (const { word, mask } of compared) {
    if ((masks.get(word) ?? mask) !== mask) return false;
    masks.set(word, mask);
  }
  return true;
}

/** Argument `argument` of the call whose words are `data`. */
export const argumentIn = (data: Uint32Array, argument: number): bigint =>
  (BigInt(data[wordOf(argument, 'high')] ?? 0) << 32n) | BigInt(data[wordOf(argument, 'low')] ?? 0);
