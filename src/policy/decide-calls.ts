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
import {
  ALLOWED,
  CONTINUED,
  defaultLeaf,
  type Entry,
  entriesByCall,
  HANDED_OVER,
  handedOver,
  KILLED,
} from './call-rules.js';
import { conditionsOf } from './conjunction.js';
import { editionOf } from './editions.js';
import type { Syscalls } from './policy.js';

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
  return decide(space, syscalls, entriesByCall(syscalls), () => space.yes);
}

/**
 * The decisions of two policies, alike where they cannot differ: a rule that
 * both have is looked at only where one that a single one has matches. What
 * both have can be much, and together more than can be held.
 *
 * @throws {FilterError} FILTER_TOO_COMPLEX
 */
export function decisionsToCompare(
  space: DecisionSpace,
  before: Syscalls,
  after: Syscalls,
): { readonly before: Decision; readonly after: Decision } {
  const [from, to] = [entriesByCall(before), entriesByCall(after)];
  const regions = new Map<string, Decision>();
  const regionOf = (call: string): Decision => {
    const known = regions.get(call);
    if (known !== undefined) return known;
    const isAlike = defaultLeaf(before, call) === defaultLeaf(after, call);
    const region = isAlike ? whereDiffering(space, from.get(call) ?? [], to.get(call) ?? []) : space.yes;
    regions.set(call, region);
    return region;
  };
  return { before: decide(space, before, from, regionOf), after: decide(space, after, to, regionOf) };
}

/** Where an entry matches that only one of the lists has; everywhere, if those of both stand in another order. */
function whereDiffering(space: DecisionSpace, before: readonly Entry[], after: readonly Entry[]): Decision {
  const [from, to] = [new Set(before.map(({ key }) => key)), new Set(after.map(({ key }) => key))];
  const [shared, others] = [before.filter(({ key }) => to.has(key)), after.filter(({ key }) => from.has(key))];
  if (shared.length !== others.length || shared.some(({ key }, place) => key !== others[place]?.key)) return space.yes;
  const own = [...before.filter(({ key }) => !to.has(key)), ...after.filter(({ key }) => !from.has(key))];
  return own.reduce((any, entry) => space.choose(matchOf(space, entry), space.yes, any), space.no);
}

function decide(
  space: DecisionSpace,
  syscalls: Syscalls,
  entries: ReadonlyMap<string, readonly Entry[]>,
  regionOf: (call: string) => Decision,
): Decision {
  const known = editionOf(syscalls.edition)?.known ?? new Set<string>();
  const leaf = (errno: string): Decision => space.leaf(handedOver(errno));
  const byRules = [...entries].map(([call, list]): [number, Decision] => {
    const otherwise = space.leaf(defaultLeaf(syscalls, call));
    return [syscallNumber(call), decideCall(space, list, regionOf(call), otherwise)];
  });
  const denied = leaf(syscalls.onDeny.errno);
  const calls = [...new Map([...numbersOf(known).map((nr) => [nr, denied] as const), ...byRules])];
  const foreign = leaf(syscalls.onForeign.errno);
  const own = chooseByNumber(space, WORD_NR, calls, leaf(syscalls.onUnknown.errno));
  const isX32 = wordEquals(space, WORD_NR, X32_BIT, X32_BIT);
  const isNative = wordEquals(space, WORD_ARCH, AUDIT_ARCH_X86_64);
  return space.choose(isNative, space.choose(isX32, foreign, own), foreign);
}

const numbers = new WeakMap<ReadonlySet<string>, readonly number[]>();

/** The numbers of the calls that an edition knows, sorted; an edition is read once. */
function numbersOf(known: ReadonlySet<string>): readonly number[] {
  const sorted = numbers.get(known) ?? [...known].map(syscallNumber).sort((a, b) => a - b);
  numbers.set(known, sorted);
  return sorted;
}

/** The first entry that matches decides, within `region`; `otherwise` everywhere else. */
function decideCall(space: DecisionSpace, entries: readonly Entry[], region: Decision, otherwise: Decision): Decision {
  if (region === space.no) return otherwise;
  return entries.reduceRight((rest, entry) => {
    const matches = space.choose(region, matchOf(space, entry), space.no);
    return space.choose(matches, space.leaf(entry.leaf), rest);
  }, otherwise);
}

const matchOf = (space: DecisionSpace, { when }: Entry): Decision => allOf(space, conditionsOf(when));
