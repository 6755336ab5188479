/** Which rule of a policy decides one call: what explanations and comparisons name. */
import { AUDIT_ARCH_X86_64, X32_BIT } from '../seccomp/bpf.js';
import { syscallName } from '../seccomp/syscalls.js';
import type { Conjunction, Test } from './conjunction.js';
import { editionOf } from './editions.js';
import type { CallRule, NamedErrno, Origin, Syscalls } from './policy.js';

/** One call: its architecture (AUDIT_ARCH_*), number and six arguments. */
export type ImaginedCall = { readonly arch: number; readonly nr: number; readonly args: readonly bigint[] };

/** The rule by which the call is decided, in the order of decision. */
export function decidingRule(syscalls: Syscalls, { arch, nr, args }: ImaginedCall): Origin {
  const byDefault = ({ rule }: NamedErrno, why: string): Origin => ({ rule, why });
  if (arch !== AUDIT_ARCH_X86_64 || (nr & X32_BIT) !== 0)
    return byDefault(syscalls.onForeign, 'calls of another ABI are refused');
  const name = syscallName(nr);
  if (name === undefined) return byDefault(syscalls.onUnknown, 'the edition does not know this call');
  const isFor = ({ calls }: CallRule): boolean => Object.hasOwn(calls, name);
  const matches = (rule: CallRule): boolean =>
    isFor(rule) && (rule.calls[name] ?? []).some((when) => holds(when, args));
  const { forbid, observe, allow, quiet, answers } = syscalls;
  const found = [...forbid, ...observe, ...allow, ...quiet, ...answers].find(matches);
  if (found !== undefined) return found;
  const conditional = allow.find((rule) => isFor(rule) && (rule.calls[name] ?? []).some((when) => when.length > 0));
  if (conditional !== undefined) return { ...conditional, rule: `${conditional.rule}/where/${name}` };
  return editionOf(syscalls.edition)?.known.has(name)
    ? byDefault(syscalls.onDeny, 'no rule allows this call')
    : byDefault(syscalls.onUnknown, 'the edition does not know this call');
}

/** Whether a call with these arguments meets every test. */
export function holds(when: Conjunction, args: readonly bigint[]): boolean {
  return when.every((test) => testHolds(test, args[test.arg] ?? 0n));
}

function testHolds(test: Test, value: bigint): boolean {
  switch (test.kind) {
    case 'bits':
      return (value & test.mask) === test.value;
    case 'least':
      return value >= test.value;
    case 'most':
      return value <= test.value;
  }
}
