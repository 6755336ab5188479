/** What is left of a policy's allowances of one call when everything that forbids it is taken away. */
import { type Conjunction, Inexpressible, subtractAll, withoutCovered } from './conjunction.js';
import type { CallRule, Syscalls } from './policy.js';

/** What is let through, recorded or not; empty: nothing. @throws {Inexpressible} never for a resolved policy */
export function permittedCalls(syscalls: Syscalls, call: string): Conjunction[] {
  return effective([...syscalls.allow, ...syscalls.observe], syscalls, call);
}

/** What is let through without a record; empty: nothing. @throws {Inexpressible} never for a resolved policy */
export function allowedCalls(syscalls: Syscalls, call: string): Conjunction[] {
  return effective(syscalls.allow, syscalls, call);
}

/** Every call that some rule lets through, sorted. */
export function permittedNames(syscalls: Syscalls): string[] {
  const names = new Set([...syscalls.allow, ...syscalls.observe].flatMap(({ calls }) => Object.keys(calls)));
  return [...names].filter((call) => permittedCalls(syscalls, call).length > 0).sort();
}

/** Calls whose allowances and prohibitions no filter can tell apart: an order and a mask on one argument. */
export function inexpressibleCalls(syscalls: Syscalls): string[] {
  const names = new Set(syscalls.forbid.flatMap(({ calls }) => Object.keys(calls)));
  return [...names].filter((call) => {
    try {
      permittedCalls(syscalls, call);
      return false;
    } catch (error) {
      if (error instanceof Inexpressible) return true;
      throw error;
    }
  });
}

function effective(rules: readonly CallRule[], syscalls: Syscalls, call: string): Conjunction[] {
  const alternatives = rules.flatMap(({ calls }) => calls[call] ?? []);
  const forbidden = syscalls.forbid.flatMap(({ calls }) => calls[call] ?? []);
  return withoutCovered(subtractAll(withoutCovered(alternatives), forbidden));
}
