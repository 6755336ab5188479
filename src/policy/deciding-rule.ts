/** Which rule of a policy decides one call: what explanations and comparisons name. */
import { AUDIT_ARCH_X86_64, X32_BIT } from '../seccomp/bpf.js';
import { syscallName } from '../seccomp/syscalls.js';
import type { Conjunction, Test } from './conjunction.js';
import { editionOf } from './editions.js';
import type { CallRule, NamedErrno, Origin, Syscalls } from './policy.js';

/** One call: its architecture (AUDIT_ARCH_*), number and six arguments. */
export type ImaginedCall = { readonly arch: number; readonly nr: number; readonly args: readonly bigint[] };

/** The rule by which the call is decided, in the order of decision. */
export function decidingRule(syscalls: Syscalls, call: ImaginedCall): Origin {
  const name = nativeName(call);
  const found = name === undefined ? undefined : matchingRule(syscalls, name, call.args);
  if (name === undefined || found !== undefined) return found ?? answeringRule(syscalls, call);
  const conditional = syscalls.allow.find(
    (rule) => isFor(name, rule) && (rule.calls[name] ?? []).some((when) => when.length > 0),
  );
  if (conditional === undefined) return answeringRule(syscalls, call);
  return { ...conditional, rule: `${conditional.rule}/where/${name}` };
}

/** What gives the call its answer: as decidingRule(), but never the allowance whose conditions the call does not meet. */
export function answeringRule(syscalls: Syscalls, call: ImaginedCall): Origin {
  const byDefault = ({ rule }: NamedErrno, why: string): Origin => ({ rule, why });
  const { onDeny, onUnknown, onForeign } = syscalls;
  if (isForeign(call)) return byDefault(onForeign, 'calls of another ABI are refused');
  const name = nativeName(call);
  if (name === undefined) return byDefault(onUnknown, 'the edition does not know this call');
  const found = matchingRule(syscalls, name, call.args);
  if (found !== undefined) return found;
  return editionOf(syscalls.edition)?.known.has(name)
    ? byDefault(onDeny, 'no rule allows this call')
    : byDefault(onUnknown, 'the edition does not know this call');
}

const isForeign = ({ arch, nr }: ImaginedCall): boolean => arch !== AUDIT_ARCH_X86_64 || (nr & X32_BIT) !== 0;

const nativeName = (call: ImaginedCall): string | undefined => (isForeign(call) ? undefined : syscallName(call.nr));

const isFor = (name: string, { calls }: CallRule): boolean => Object.hasOwn(calls, name);

function matchingRule(syscalls: Syscalls, name: string, args: ImaginedCall['args']): Origin | undefined {
  const { forbid, observe, allow, quiet, answers } = syscalls;
  return [...forbid, ...observe, ...allow, ...quiet, ...answers].find(
    (rule) => isFor(name, rule) && (rule.calls[name] ?? []).some((when) => holds(when, args)),
  );
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
