/** What is left of a policy's allowances of one call when everything that forbids or observes it is taken away. */
import { type Conjunction, Inexpressible, subtractAll, withoutCovered } from './conjunction.js';
import type { CallRule, Syscalls } from './policy.js';

/** What is let through, recorded or not; empty: nothing. @throws {Inexpressible} never for a resolved policy */
export function permittedCalls(syscalls: Syscalls, call: string): Conjunction[] {
  return effective([syscalls.allow, syscalls.observe], [syscalls.forbid], call);
}

/** What is let through without a record; empty: nothing. @throws {Inexpressible} never for a resolved policy */
export function allowedCalls(syscalls: Syscalls, call: string): Conjunction[] {
  return effective([syscalls.allow], [syscalls.forbid, syscalls.observe], call);
}

/** Every call that some rule lets through, sorted. */
export function permittedNames(syscalls: Syscalls): string[] {
  return [...namesIn([...syscalls.allow, ...syscalls.observe])]
    .filter((call) => permittedCalls(syscalls, call).length > 0)
    .sort();
}

type QuietCall = { readonly call: string; readonly errno: string; readonly alternatives: readonly Conjunction[] };

/** What is quiet, less what is forbidden or observed (that is recorded) and less what an earlier entry answers. @throws {Inexpressible} */
export function quietCalls(syscalls: Syscalls): QuietCall[] {
  return [...namesIn(syscalls.quiet)].flatMap((call) => quietOf(syscalls, call));
}

function quietOf({ forbid, observe, quiet }: Syscalls, call: string): QuietCall[] {
  const before = [...forbid, ...observe].flatMap((rule) => rule.calls[call] ?? []);
  return quiet.flatMap(({ calls, errno }) => {
    const own = calls[call] ?? [];
    const alternatives = withoutCovered(subtractAll(own, before));
    before.push(...own);
    return alternatives.length === 0 ? [] : [{ call, errno, alternatives }];
  });
}

/** Calls whose rules no filter can tell apart: an order and a mask on one argument, or too many pieces. */
export function inexpressibleCalls(syscalls: Syscalls): string[] {
  return [...namesIn([...syscalls.forbid, ...syscalls.observe, ...syscalls.quiet])].filter((call) => {
    try {
      permittedCalls(syscalls, call);
      allowedCalls(syscalls, call);
      quietOf(syscalls, call);
      return false;
    } catch (error) {
      if (error instanceof Inexpressible) return true;
      throw error;
    }
  });
}

const namesIn = (rules: readonly CallRule[]): Set<string> => new Set(rules.flatMap(({ calls }) => Object.keys(calls)));

type Rules = readonly CallRule[];

function effective(lists: readonly Rules[], stronger: readonly Rules[], call: string): Conjunction[] {
  const own = alternativesOf(lists, call);
  const taken = alternativesOf(stronger, call);
  // Most calls: nothing to take away, and nothing that one of them could cover.
  return own.length < 2 && taken.length === 0 ? own : withoutCovered(subtractAll(withoutCovered(own), taken));
}

const alternativesOf = (lists: readonly Rules[], call: string): Conjunction[] =>
  lists.flatMap((rules) => byCall(rules).get(call) ?? []);

/** Asked for every call, several times: gone through once. Rules never change. */
function byCall(rules: Rules): ReadonlyMap<string, readonly Conjunction[]> {
  const known = indexes.get(rules);
  if (known !== undefined) return known;
  const index = new Map<string, Conjunction[]>();
  for (const { calls } of rules)
    for (const call in calls) {
      const alternatives = calls[call] ?? [];
      const before = index.get(call);
      if (before === undefined) index.set(call, [...alternatives]);
      else before.push(...alternatives);
    }
  indexes.set(rules, index);
  return index;
}

const indexes = new WeakMap<Rules, ReadonlyMap<string, readonly Conjunction[]>>();
