/** A policy whose filter cannot be compiled: which rules it is about, and what to write in their place. */
import { basename } from 'node:path';
import type { Fault } from '../base/errors.js';
import { FilterError } from '../seccomp/errors.js';
import type { Filter } from '../seccomp/filter.js';
import { faultsOfWhole } from './leaf.js';
import type { CallRule, Policy, Syscalls } from './policy.js';
import { faultAt, type Layer, readPolicyFile } from './read.js';
import { fileOfRule, pointerOfRule } from './rule-name.js';

/** `error`, met where `filter` of `policy` was compiled, with the rules of the call at the places where they stand. */
export function uncompilable(policy: Policy, filter: Filter, error: FilterError): FilterError {
  const { code, message, why } = error;
  const call = error.call ?? (code === 'FILTER_TOO_LARGE' ? callWithMostRules(filter) : undefined);
  const remedy = call === undefined ? undefined : remedyFor(policy.syscalls, filter, call);
  const faults = call === undefined ? [] : faultsOfRules(policy, call);
  return new FilterError(code, message, {
    why,
    hint: remedy ?? error.hint,
    faults: faults.length > 0 ? faults : faultsOfWhole(policy, '/syscalls', message),
    call,
    cause: error,
  });
}

function callWithMostRules({ rules }: Filter): string | undefined {
  const counts = new Map<string, number>();
  for (const { syscall } of rules) counts.set(syscall, (counts.get(syscall) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** What makes the rules of `call` such as libseccomp has never got wrong. */
function remedyFor({ quiet }: Syscalls, { rules }: Filter, call: string): string | undefined {
  const own = rules.filter(({ syscall }) => syscall === call);
  const isQuiet = quiet.some(({ calls }) => Object.hasOwn(calls, call));
  if (isQuiet && own.some(({ action }) => action.kind === 'allow'))
    return `remove ${call} from "quiet": what no rule allows of it is then answered by "onDeny", and recorded`;
  if (own.some(({ when }) => when.some(({ compare }) => compare === 'ge' || compare === 'le')))
    return `write the bounds on ${call} as masks: {"mask": "0xfffffffffffff000", "anyOf": ["0"]} is what is below 0x1000`;
  return undefined;
}

function faultsOfRules(policy: Policy, call: string): Fault[] {
  const layers = policy.files.flatMap(readAgain);
  const { forbid, observe, allow, quiet } = policy.syscalls;
  const named = Object.entries({ forbid, observe, allow, quiet }).flatMap(([list, rules]) =>
    rules.filter(({ calls }: CallRule) => Object.hasOwn(calls, call)).map(({ rule }) => ({ list, rule })),
  );
  return named.flatMap(({ list, rule }) => {
    const layer = layers.find(({ name }) => name === fileOfRule(rule));
    return layer === undefined ? [] : [faultAt(layer, pointerOfRule(rule), `one of the rules on ${call} ("${list}")`)];
  });
}

function readAgain(path: string): Layer[] {
  try {
    return [readPolicyFile(path, basename(path))];
  } catch {
    return [];
  }
}
