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
 * each way in which the comparisons of program and meaning can come out. Since
 * both decide by these comparisons alone, that is all values there are, but
 * for calls with more than MOST_COMBINATIONS, of which pairs and a sample are
 * tried. i386, AArch64 and the neighbours of each architecture the program
 * compares with are tried alike, where all numbers mean the foreign action.
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
import { reachableComparisons } from './explore.js';
import type { BpfProgram, Filter } from './filter.js';
import { type Meaning, meaningOf } from './meaning.js';
import { runProgram } from './simulate.js';
import { describeCall } from './syscalls.js';
import { someCombination, tellingWords } from './telling.js';

export type Disagreement = {
  readonly arch: number;
  readonly nr: number;
  readonly args: readonly bigint[];
  readonly means: string;
  readonly does: string;
};

const LAST_NUMBER = 600;
const AUDIT_ARCH_AARCH64 = 0xc000_00b7;
const EDGES = [X32_BIT - 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

/** The first call on which `program` and `filter` part ways, if there is one. @throws {FilterError} FILTER_UNKNOWN_SYSCALL */
export function findDisagreement(filter: Filter, program: BpfProgram): Disagreement | undefined {
  const decoded = decodeProgram(program);
  const meaning = meaningOf(filter);
  const compared = reachableComparisons(decoded, new Map());
  for (const arch of architecturesIn(compared)) {
    const numbers = arch === AUDIT_ARCH_X86_64 ? numbersIn(compared) : [undefined];
    for (const nr of numbers) {
      const found = findOnCall(decoded, meaning, arch, nr);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** `disagreement` in one line. */
export function describeDisagreement({ arch, nr, args, means, does }: Disagreement): string {
  const list = args.map((value) => `0x${value.toString(16)}`).join(', ');
  return `${describeCall(nr, arch)}(${list}): the filter says ${means}, the program does ${does}`;
}

type Compared = readonly { readonly word: number; readonly value: number }[];

const around = (compared: Compared, word: number): number[] =>
  compared.filter((c) => c.word === word).flatMap(({ value }) => [value - 1, value, value + 1].map((n) => n >>> 0));

const architecturesIn = (compared: Compared): Set<number> =>
  new Set([AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, ...around(compared, WORD_ARCH)]);

const numbersIn = (compared: Compared): Set<number> => {
  const numbers = Array.from({ length: LAST_NUMBER + 1 }, (_, nr) => nr);
  return new Set([...numbers, ...numbers.map((nr) => nr + X32_BIT), ...EDGES, ...around(compared, WORD_NR)]);
};

/** Without `nr`, the number is a word like the others: the meaning of a foreign call does not depend on it. */
function findOnCall(
  program: DecodedProgram,
  meaning: Meaning,
  arch: number,
  nr: number | undefined,
): Disagreement | undefined {
  const known = new Map([[WORD_ARCH, arch]]);
  if (nr !== undefined) known.set(WORD_NR, nr);
  const comparisons = reachableComparisons(program, known);
  if (nr !== undefined) comparisons.push(...meaning.comparisonsFor(nr));
  const data = new Uint32Array(DATA_WORDS);
  for (const [word, value] of known) data[word] = value;
  const differs = (): boolean => runProgram(program, data) !== meaning.verdictOn(data);
  if (!someCombination(tellingWords(comparisons), data, differs)) return undefined;
  return {
    arch,
    nr: data[WORD_NR] ?? 0,
    args: [0, 1, 2, 3, 4, 5].map((argument) => argumentIn(data, argument)),
    means: describeVerdict(meaning.verdictOn(data)),
    does: describeVerdict(runProgram(program, data)),
  };
}

const argumentIn = (data: Uint32Array, argument: number): bigint =>
  (BigInt(data[wordOf(argument, 'high')] ?? 0) << 32n) | BigInt(data[wordOf(argument, 'low')] ?? 0);
