/** From a policy's section on system calls to the filter, and to what the supervisor answers to what the filter hands it. */
import type { Filter, Rule } from '../seccomp/filter.js';
import { syscallNumber } from '../seccomp/syscalls.js';
import type { DefaultAnswer, Refusal } from './compiled.js';
import { conditionsOf } from './conjunction.js';
import { allowedCalls, quietCalls } from './effective.js';
import { errnoNumber } from './errno.js';
import type { CallRule, NamedErrno, Syscalls } from './policy.js';

/**
 * The filter: what is allowed passes, what is quiet gets its errno, everything
 * else and every call of another ABI goes to the supervisor.
 */
export function filterOf(syscalls: Syscalls): Filter {
  const rules: Rule[] = [];
  for (const call of namesOf(syscalls.allow))
    for (const when of allowedCalls(syscalls, call))
      rules.push({ syscall: call, action: { kind: 'allow' }, when: conditionsOf(when) });
  for (const { call, errno, alternatives } of quietCalls(syscalls))
    for (const when of alternatives)
      rules.push({ syscall: call, action: { kind: 'errno', errno: numberOf(errno) }, when: conditionsOf(when) });
  return {
    arch: 'x86_64',
    defaultAction: { kind: 'notify' },
    foreignAction: { kind: 'notify' },
    rules: rules.sort((a, b) => (a.syscall < b.syscall ? -1 : a.syscall > b.syscall ? 1 : 0)),
  };
}

/** In the order of decision: forbidden, observed, answered, refused because an allowance asks for other arguments. */
export function refusalsOf(syscalls: Syscalls): Refusal[] {
  const forbidden = syscalls.forbid.flatMap((rule) =>
    refusalsBy(
      rule,
      rule.action === 'kill-process' ? { kind: 'kill' } : { kind: 'errno', errno: numberOf(rule.errno) },
    ),
  );
  const observed = syscalls.observe.flatMap((rule) => refusalsBy(rule, { kind: 'continue' }));
  const answered = syscalls.answers.flatMap((rule) => refusalsBy(rule, { kind: 'errno', errno: numberOf(rule.errno) }));
  return withoutUnreached([...forbidden, ...observed, ...answered, ...conditionalRefusals(syscalls)]);
}

function refusalsBy(rule: CallRule, answer: Refusal['answer']): Refusal[] {
  return Object.entries(rule.calls).flatMap(([syscall, alternatives]) =>
    alternatives.map((when) => ({
      syscall,
      nr: syscallNumber(syscall),
      when: conditionsOf(when),
      answer,
      rule: rule.rule,
    })),
  );
}

/** A call that is allowed with some arguments is refused with others by the rule that names those. */
function conditionalRefusals(syscalls: Syscalls): Refusal[] {
  const answer = { kind: 'errno', errno: numberOf(syscalls.onDeny.errno) } as const;
  return namesOf(syscalls.allow).flatMap((syscall) => {
    const rule = syscalls.allow.find(({ calls }) => (calls[syscall] ?? []).some((when) => when.length > 0));
    if (rule === undefined) return [];
    return [{ syscall, nr: syscallNumber(syscall), when: [], answer, rule: `${rule.rule}/where/${syscall}` }];
  });
}

/** Less what an entry before it always decides. */
function withoutUnreached(refusals: readonly Refusal[]): Refusal[] {
  const decided = new Set<number>();
  return refusals.filter(({ nr, when }) => {
    if (decided.has(nr)) return false;
    if (when.length === 0) decided.add(nr);
    return true;
  });
}

export function defaultAnswer({ errno, rule }: NamedErrno): DefaultAnswer {
  return { errno: numberOf(errno), rule };
}

const namesOf = (rules: readonly CallRule[]): string[] =>
  [...new Set(rules.flatMap(({ calls }) => Object.keys(calls)))].sort();

/** Every name was checked when the policy was resolved. */
function numberOf(errno: string): number {
  const number = errnoNumber(errno);
  if (number === undefined) throw new TypeError(`${errno} is no error name`);
  return number;
}
