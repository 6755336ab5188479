/** A policy's rules on each call as one list, in the order of decision: the first whose conditions hold decides. */
import { encodeAction } from '../seccomp/bpf.js';
import { type Conjunction, keyOf } from './conjunction.js';
import { editionOf } from './editions.js';
import { errnoNumber } from './errno.js';
import type { CallRule, Syscalls } from './policy.js';

/**
 * Outcomes as numbers that no two share: the filter's verdict, and where that
 * hands the call to the supervisor, its answer in the data that notifications leave unused.
 */
export const ALLOWED = encodeAction({ kind: 'allow' });
export const HANDED_OVER = encodeAction({ kind: 'notify' });
export const CONTINUED = 0x8000;
export const KILLED = 0x8001;

export type Entry = {
  readonly when: Conjunction;
  readonly leaf: number;
  /** The same for entries that say the same. */
  readonly key: string;
};

/** The entries of every call that a rule names. Neighbours with one outcome are sorted: their order says nothing. */
export function entriesByCall(syscalls: Syscalls): Map<string, Entry[]> {
  const byCall = new Map<string, Entry[]>();
  const add = <R extends CallRule>(rules: readonly R[], leafOf: (rule: R) => number): void => {
    for (const rule of rules)
      for (const [call, alternatives] of Object.entries(rule.calls)) {
        const entries = byCall.get(call) ?? [];
        byCall.set(call, entries);
        const leaf = leafOf(rule);
        for (const when of alternatives) entries.push({ when, leaf, key: `${leaf} ${keyOf(when)}` });
      }
  };
  const { forbid, observe, allow, quiet, answers } = syscalls;
  add(forbid, ({ action, errno }) => HANDED_OVER + (action === 'kill-process' ? KILLED : numberOf(errno)));
  add(observe, () => HANDED_OVER + CONTINUED);
  add(allow, () => ALLOWED);
  add(quiet, ({ errno }) => encodeAction({ kind: 'errno', errno: numberOf(errno) }));
  add(answers, ({ errno }) => handedOver(errno));
  return new Map([...byCall].map(([call, entries]) => [call, inOneOrder(entries)]));
}

function inOneOrder(entries: readonly Entry[]): Entry[] {
  const ordered: Entry[] = [];
  for (let start = 0; start < entries.length; ) {
    const leaf = entries[start]?.leaf;
    let end = start;
    while (end < entries.length && entries[end]?.leaf === leaf) end++;
    const run = new Map(entries.slice(start, end).map((entry) => [entry.key, entry]));
    ordered.push(...[...run.values()].sort((a, b) => (a.key < b.key ? -1 : 1)));
    start = end;
  }
  return ordered;
}

/** What a call gets that no rule decides. */
export function defaultLeaf(syscalls: Syscalls, call: string): number {
  // Refused for its arguments by the rule that allows it with others, whatever the edition knows.
  const isConditional = syscalls.allow.some(
    ({ calls }) => Object.hasOwn(calls, call) && (calls[call] ?? []).some((when) => when.length > 0),
  );
  const isKnown = editionOf(syscalls.edition)?.known.has(call) === true;
  return handedOver((isConditional || isKnown ? syscalls.onDeny : syscalls.onUnknown).errno);
}

/** Recorded, and answered with the error. */
export const handedOver = (errno: string): number => HANDED_OVER + numberOf(errno);

/** Every name was checked when the policy was resolved. */
function numberOf(errno: string): number {
  const number = errnoNumber(errno);
  if (number === undefined) throw new TypeError(`${errno} is no error name`);
  return number;
}
