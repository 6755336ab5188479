/**
 * The proof of a program: held against its filter case by case, then tried
 * on the running kernel.
 */
import { argumentIn, type Disagreement, describeDisagreement, type Examination, examineMeaning } from './agree.js';
import { DATA_WORDS, decodeProgram, describeVerdict, WORD_ARCH, WORD_NR } from './bpf.js';
import { FilterError } from './errors.js';
import type { BpfProgram, Filter } from './filter.js';
import { ABSENT, beginInquiry, type KernelAnswer, KILLS, PASSES } from './live.js';
import { type Meaning, meaningOf } from './meaning.js';
import { compareSymbolically, type Symbolic } from './symbolic.js';
import { describeCall, syscallName } from './syscalls.js';
import { type Interface, interfaceOf, Witnesses } from './witnesses.js';

/** What the running kernel said about the witnesses. */
export type LiveProof =
  | {
      readonly kind: 'proved';
      readonly witnesses: Readonly<Record<Interface, number>>;
      /** By what the kernel did; `absent`: it has no such interface, so that nothing could be asked. */
      readonly verdicts: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'unable'; readonly why: string };

export type Proof = {
  readonly examination: Examination;
  readonly symbolic: Exclude<Symbolic, { readonly kind: 'different' }>;
  readonly live: LiveProof;
};

/**
 * What was found out about `program`, which does what `filter` says on every case that was tried.
 *
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL FILTER_DISAGREES
 */
export const proveProgram = (filter: Filter, program: BpfProgram): Proof => proveWhile(filter, program, nothing).proof;

/** The same, and what `meanwhile` makes while the kernel answers; what that throws passes. */
export const proveWhile = <T>(filter: Filter, program: BpfProgram, meanwhile: () => T): Proved<T> =>
  prove(meaningOf(filter), program, {
    compare: (examination) => compareSymbolically(filter, program, examination),
    refuse: disagrees,
    meanwhile,
  });

/** The same for a filter of any kind, by what it means. @throws {FilterError} FILTER_DISAGREES, as `refuse` words it */
export const proveMeaning = (meaning: Meaning, program: BpfProgram, refuse: Refuse = disagrees): Proof =>
  prove(meaning, program, {
    compare: () => ({ kind: 'untold', why: 'not done for a filter of this kind' }),
    refuse,
    meanwhile: nothing,
  }).proof;

export type Proved<T> = { readonly proof: Proof; readonly made: T };
type Refuse = (disagreement: Disagreement) => FilterError;
type Manner<T> = {
  readonly compare: (examination: Examination) => Symbolic;
  readonly refuse: Refuse;
  readonly meanwhile: () => T;
};

const nothing = (): void => undefined;

/** So many are asked about at a time, while the examination goes on: installing the filter anew for each costs a millisecond. */
const WITNESSES_AT_A_TIME = 512;

/** The cases come first: a disagreement that they find has a call to show. */
function prove<T>(meaning: Meaning, program: BpfProgram, { compare, refuse, meanwhile }: Manner<T>): Proved<T> {
  const witnesses = new Witnesses(decodeProgram(program));
  const inquiry = beginInquiry(program);
  try {
    let asked = 0;
    const examination = examineMeaning(meaning, program, (...seen) => {
      witnesses.consider(...seen);
      if (witnesses.count < asked + WITNESSES_AT_A_TIME) return;
      inquiry.ask(witnesses.since(asked));
      asked = witnesses.count;
    });
    if (examination.disagreement !== undefined) throw refuse(examination.disagreement);
    witnesses.addForeign();
    inquiry.ask(witnesses.since(asked));
    inquiry.finish();
    const symbolic = compare(examination);
    if (symbolic.kind === 'different') throw differs(symbolic);
    const made = meanwhile();
    const live = judge(meaning, witnesses.calls, witnesses.verdicts, inquiry.answer());
    return { proof: { examination, symbolic, live }, made };
  } finally {
    inquiry.end();
  }
}

const differs = ({ nr, arch }: Extract<Symbolic, { readonly kind: 'different' }>): FilterError =>
  new FilterError(
    'FILTER_DISAGREES',
    `${describeCall(nr, arch)}: the program does something else than its filter on a call that no case met`,
    { why: 'as decisions over all arguments the two differ', hint: 'tell the maintainers, with the policy' },
  );

/** A refusal that names the call. */
export const disagrees = (disagreement: Disagreement): FilterError =>
  new FilterError('FILTER_DISAGREES', describeDisagreement(disagreement), {
    why: 'the compiler (libseccomp) turns this combination of rules into a program that does something else',
    hint: 'write the rules for this call with equalities, masks or one ordered comparison',
    call: syscallName(disagreement.nr),
  });

/**
 * Holds what the kernel answered on `calls` against what is meant, which for most is `known`.
 * @throws {FilterError} FILTER_DISAGREES
 */
function judge(
  meaning: Meaning,
  calls: Uint32Array,
  known: readonly (number | undefined)[],
  answer: KernelAnswer,
): LiveProof {
  if (answer.kind === 'unable') return answer;
  const witnesses: Record<Interface, number> = { 'x86-64': 0, x32: 0, i386: 0 };
  const counts = new Map<number, number>();
  const callAt = (at: number): Uint32Array => calls.subarray(at, at + DATA_WORDS);
  for (let index = 0; index < answer.verdicts.length; index++) {
    const live = answer.verdicts[index] ?? 0;
    const at = index * DATA_WORDS;
    const meant = asKernelSees(known[index] ?? meaning.verdictOn(callAt(at)));
    if (live !== ABSENT && live !== meant) throw disagreesLive(callAt(at), meant, live);
    witnesses[interfaceOf(calls[at + WORD_ARCH] ?? 0, calls[at + WORD_NR] ?? 0)]++;
    counts.set(live, (counts.get(live) ?? 0) + 1);
  }
  const verdicts = Object.fromEntries([...counts].map(([verdict, count]) => [describeLive(verdict), count]));
  return { kind: 'proved', witnesses, verdicts };
}

/** What can be told apart from outside of `verdict`. @see Inquiry */
export function asKernelSees(verdict: number): number {
  switch ((verdict & 0xffff_0000) >>> 0) {
    case 0x7fff_0000: // allow
    case 0x7ffc_0000: // log
    case 0x7ff0_0000: // trace
      return PASSES;
    case 0x0000_0000: // kill-thread
    case 0x0003_0000: // trap
    case 0x8000_0000: // kill-process
      return KILLS;
    case 0x0005_0000:
      return verdict;
    default:
      return (verdict & 0xffff_0000) >>> 0;
  }
}

function describeLive(verdict: number): string {
  switch (verdict) {
    case PASSES:
      return 'passes';
    case KILLS:
      return 'kills';
    case ABSENT:
      return 'absent';
    default:
      return describeVerdict(verdict);
  }
}

function disagreesLive(data: Uint32Array, meant: number, live: number): FilterError {
  const call = {
    arch: data[WORD_ARCH] ?? 0,
    nr: data[WORD_NR] ?? 0,
    args: [0, 1, 2, 3, 4, 5].map((argument) => argumentIn(data, argument)),
    means: describeLive(meant),
    does: `${describeLive(live)} in this kernel`,
  };
  return new FilterError('FILTER_DISAGREES', describeDisagreement(call), {
    why: 'the running kernel does something else with the program than the program says',
    hint: 'tell the maintainers, with the output of sandbox doctor --json and the policy',
  });
}
