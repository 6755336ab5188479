/** What a policy permits that another does not: what `lock` and ceilings refuse. */
import { describeChange } from './change.js';
import { covers } from './conjunction.js';
import { findCallChanges, findOtherChanges } from './diff.js';
import type { PolicyMeaning } from './policy.js';

/** One place at which more is permitted than before. */
export type Widening = { readonly pointer: string; readonly message: string };

/**
 * Everything that `after` permits and `before` does not; empty where `after`
 * is as tight or tighter. `matters` spares the comparison of calls, which
 * takes longest, where nobody asks for it.
 */
export function findWidenings(
  before: PolicyMeaning,
  after: PolicyMeaning,
  matters: (pointer: string) => boolean = () => true,
): Widening[] {
  const changes = [
    ...(matters(CALLS) ? findCallChanges(before.syscalls, after.syscalls) : []),
    ...findOtherChanges(before, after),
  ];
  const widened = changes.filter(({ direction }) => direction === 'widened');
  return [
    ...widened.map((change) => ({
      pointer: change.section === 'calls' ? CALLS : change.pointer,
      message: describeChange(change),
    })),
    ...lostProhibitions(before, after),
  ];
}

const CALLS = '/syscalls/allow';

/** What is forbidden stays so even where nothing allows it: a policy that extends this one could. */
function lostProhibitions(before: PolicyMeaning, after: PolicyMeaning): Widening[] {
  return before.syscalls.forbid.flatMap(({ rule, calls }) =>
    Object.entries(calls).flatMap(([call, alternatives]) => {
      const kept = after.syscalls.forbid.flatMap((other) => other.calls[call] ?? []);
      if (alternatives.every((one) => covers(kept, one))) return [];
      return [{ pointer: '/syscalls/forbid', message: `${call} is no longer forbidden as by ${rule}` }];
    }),
  );
}
