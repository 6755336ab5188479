/** What a policy says about one call, read rule by rule from its text: the definition that programs are held against. */
import type { Conjunction, Test } from '../../src/policy/conjunction.js';
import { errnoNumber } from '../../src/policy/errno.js';
import type { CallRule, Syscalls } from '../../src/policy/policy.js';
import { AUDIT_ARCH_X86_64, X32_BIT } from '../../src/seccomp/bpf.js';
import type { Call } from '../../src/seccomp/simulate.js';
import { syscallName } from '../../src/seccomp/syscalls.js';

/** In simulate()'s words. */
export function meant(syscalls: Syscalls, { nr, arch = AUDIT_ARCH_X86_64, args = [] }: Call): string {
  const name = syscallName(nr);
  if (arch !== AUDIT_ARCH_X86_64 || nr >= X32_BIT || name === undefined) return 'notify';
  const matches = ({ calls }: CallRule): boolean => (calls[name] ?? []).some((when) => holdsAll(when, args));
  if (syscalls.forbid.some(matches) || syscalls.observe.some(matches)) return 'notify';
  if (syscalls.allow.some(matches)) return 'allow';
  const quiet = syscalls.quiet.find(matches);
  return quiet === undefined ? 'notify' : `errno ${errnoNumber(quiet.errno)}`;
}

export const holdsAll = (when: Conjunction, args: readonly bigint[]): boolean =>
  when.every((test) => holds(test, args[test.arg] ?? 0n));

function holds(test: Test, value: bigint): boolean {
  if (test.kind === 'least') return value >= test.value;
  return test.kind === 'most' ? value <= test.value : (value & test.mask) === test.value;
}
