/** What differs between two policies: the one comparison behind `policy diff`, `lock` and ceilings. */
import { DecisionSpace } from '../seccomp/decision.js';
import type { Change } from './change.js';
import { decisionsToCompare } from './decide-calls.js';
import { callChanges } from './diff-calls.js';
import { grantChanges } from './diff-grants.js';
import { mountChanges } from './diff-mounts.js';
import { pathChanges } from './diff-paths.js';
import { settingChanges } from './diff-settings.js';
import type { PolicyMeaning, Syscalls } from './policy.js';

/**
 * Every change of what a run may do, with a witness each; none for another
 * order, name, reason or spelling of the same.
 *
 * @throws {FilterError} FILTER_TOO_COMPLEX
 */
export function findChanges(before: PolicyMeaning, after: PolicyMeaning): Change[] {
  return [...findCallChanges(before.syscalls, after.syscalls), ...findOtherChanges(before, after)];
}

/** The changes of all but calls. */
export function findOtherChanges(before: PolicyMeaning, after: PolicyMeaning): Change[] {
  return [
    ...pathChanges(before.filesystem, after.filesystem),
    ...mountChanges(before.filesystem, after.filesystem),
    ...grantChanges(before, after),
    ...settingChanges(before, after),
  ];
}

/** The changes of what calls get. @throws {FilterError} FILTER_TOO_COMPLEX */
export function findCallChanges(before: Syscalls, after: Syscalls): Change[] {
  const space = new DecisionSpace();
  const decisions = decisionsToCompare(space, before, after);
  return callChanges(
    space,
    { decision: decisions.before, syscalls: before },
    { decision: decisions.after, syscalls: after },
  );
}
