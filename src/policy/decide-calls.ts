/**
 * What becomes of every call under a policy, read from its rules as they
 * stand: the filter's verdict and, where that hands the call to the
 * supervisor, the supervisor's answer.
 */
import { AUDIT_ARCH_X86_64, encodeAction, WORD_ARCH, WORD_NR, X32_BIT } from '../seccomp/bpf.js';
import type { Decision, DecisionSpace } from '../seccomp/decision.js';
import { allOf } from '../seccomp/decision-filter.js';
import { chooseByNumber, wordEquals } from '../seccomp/decision-words.js';
import { syscallNumber } from '../seccomp/syscalls.js';
import { type Conjunction, conditionsOf } from './conjunction.js';
import { editionOf } from './editions.js';
import { errnoNumber } from './errno.js';
import type { CallRule, Calls, Syscalls } from './policy.js';

const ALLOWED = encodeAction({ kind: 'allow' });
/** Handed to the supervisor, whose answer stands in the data that notifications leave unused. */
const HANDED_OVER = encodeAction({ kind: 'notify' });
const CONTINUED = 0x8000;
const KILLED = 0x8001;

/** What a call meets, as people name it. */
export type Outcome = {
  readonly kind: 'allow' | 'errno' | 'kill';
  /** Of the kind `errno` alone. */
  readonly errno?: number;
  /** Whether the trail has it. */
  readonly isRecorded: boolean;
};

/** The outcome that a leaf of decisionOfSyscalls() stands for; undefined where the leaf is of a bare filter. */
export function outcomeOf(leaf: number): Outcome | undefined {
  if (leaf === ALLOWED) return { kind: 'allow', isRecorded: false };
  const data = leaf & 0xffff;
  const action = (leaf & 0xffff_0000) >>> 0;
  if (action === encodeAction({ kind: 'errno', errno: 0 })) return { kind: 'errno', errno: data, isRecorded: false };
  if (action !== HANDED_OVER || data === 0) return undefined;
  if (data === CONTINUED) return { kind: 'allow', isRecorded: true };
  if (data === KILLED) return { kind: 'kill', isRecorded: true };
  return { kind: 'errno', errno: data, isRecorded: true };
}

/**
 * The outcome of every call, in the order of decision: forbidden, observed,
 * allowed, quiet, answered, known to the edition, unknown to it; another ABI.
 *
 * @throws {FilterError} FILTER_TOO_COMPLEX
 */
export function decisionOfSyscalls(space: DecisionSpace, syscalls: Syscalls): Decision {
  const known = editionOf(syscalls.edition)?.known ?? new Set<string>();
  const answered = (errno: string): Decision => space.leaf(HANDED_OVER + numberOf(errno));
  const [denied, unknown] = [answered(syscalls.onDeny.errno), answered(syscalls.onUnknown.errno)];
  const steps = orderOfDecision(space, syscalls);
  const conditional = new Set(syscalls.allow.flatMap(({ calls }) => conditionalNames(calls)));
  const ruled = new Set(steps.flatMap(({ rules }) => [...rules.keys()]));
  const byRules = [...ruled].map((call): [number, Decision] => {
    // Refused for its arguments by the rule that allows it with others, whatever the edition knows.
    const otherwise = known.has(call) || conditional.has(call) ? denied : unknown;
    return [syscallNumber(call), decideCall(space, steps, call, otherwise)];
  });
  const calls = [...new Map([...numbersOf(known).map((nr) => [nr, denied] as const), ...byRules])];
  const foreign = answered(syscalls.onForeign.errno);
  const isX32 = wordEquals(space, WORD_NR, X32_BIT, X32_BIT);
  return space.choose(
    wordEquals(space, WORD_ARCH, AUDIT_ARCH_X86_64),
    space.choose(isX32, foreign, chooseByNumber(space, WORD_NR, calls, unknown)),
    foreign,
  );
}

const numbers = new WeakMap<ReadonlySet<string>, readonly number[]>();

/** The numbers of the calls that an edition knows, sorted; an edition is read once. */
function numbersOf(known: ReadonlySet<string>): readonly number[] {
  const sorted = numbers.get(known) ?? [...known].map(syscallNumber).sort((a, b) => a - b);
  numbers.set(known, sorted);
  return sorted;
}

/** Rules of one kind by call, each with what becomes of a call that it matches. */
type Step = { readonly rules: ReadonlyMap<string, readonly [readonly Conjunction[], Decision][]> };

function orderOfDecision(space: DecisionSpace, syscalls: Syscalls): Step[] {
  const step = <R extends CallRule>(rules: readonly R[], leaf: (rule: R) => number): Step => {
    const byCall = new Map<string, [readonly Conjunction[], Decision][]>();
    for (const rule of rules)
      for (const [call, alternatives] of Object.entries(rule.calls)) {
        const list = byCall.get(call) ?? [];
        list.push([alternatives, space.leaf(leaf(rule))]);
        byCall.set(call, list);
      }
    return { rules: byCall };
  };
  return [
    step(syscalls.forbid, ({ action, errno }) => HANDED_OVER + (action === 'kill-process' ? KILLED : numberOf(errno))),
    step(syscalls.observe, () => HANDED_OVER + CONTINUED),
    step(syscalls.allow, () => ALLOWED),
    step(syscalls.quiet, ({ errno }) => encodeAction({ kind: 'errno', errno: numberOf(errno) })),
    step(syscalls.answers, ({ errno }) => HANDED_OVER + numberOf(errno)),
  ];
}

/** The first rule of the first step that matches decides. */
function decideCall(space: DecisionSpace, steps: readonly Step[], call: string, otherwise: Decision): Decision {
  return steps
    .flatMap(({ rules }) => rules.get(call) ?? [])
    .reduceRight((rest, [alternatives, leaf]) => space.choose(matchOf(space, alternatives), leaf, rest), otherwise);
}

const conditionalNames = (calls: Calls): string[] =>
  Object.entries(calls).flatMap(([call, alternatives]) => (alternatives.some((w) => w.length > 0) ? [call] : []));

function matchOf(space: DecisionSpace, alternatives: readonly Conjunction[]): Decision {
  return alternatives.reduce((any, when) => space.choose(allOf(space, conditionsOf(when)), space.yes, any), space.no);
}

/** Every name was checked when the policy was resolved. */
function numberOf(errno: string): number {
  const number = errnoNumber(errno);
  if (number === undefined) throw new TypeError(`${errno} is no error name`);
  return number;
}
