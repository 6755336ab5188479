/** Exceptions and reviews that end, and groups that have aged. */
import { find, type Lint, ownPointer } from './lint-find.js';
import type { Origin } from './policy.js';

const SOON_DAYS = 30;
const DAY_MS = 86_400_000;

export function lintTimes(lint: Lint): void {
  const { layer, today, newestEdition, policy } = lint;
  const { review, syscalls } = layer.file;
  if (review?.expires !== undefined && isSoon(today, review.expires))
    find(lint, 'LINT_EXPIRES_SOON', '/review/expires', `the review of this policy expires on ${review.expires}`);
  const { approved, expires } = review ?? {};
  if (approved !== undefined && approved > today)
    find(lint, 'LINT_CONTRADICTION', '/review/approved', `it was approved on ${approved}, which is yet to come`, {
      fix: 'write the day on which it was approved',
    });
  if (approved !== undefined && expires !== undefined && approved > expires)
    find(lint, 'LINT_CONTRADICTION', '/review', `it was approved on ${approved}, after its review expires`);
  for (const origin of origins(lint)) lintException(lint, origin);
  if (syscalls !== undefined && policy.syscalls.edition < newestEdition)
    find(
      lint,
      'LINT_OLD_EDITION',
      syscalls.baseline === undefined ? '/syscalls' : '/syscalls/baseline',
      `edition ${policy.syscalls.edition} is older than ${newestEdition}: calls that came since are unknown to it`,
      { fix: `write "baseline": "${newestEdition}", and look at what changes with policy diff` },
    );
}

function lintException(lint: Lint, origin: Origin): void {
  const pointer = ownPointer(lint, origin);
  const { expires, owner, ticket, why } = origin;
  if (pointer === undefined || expires === undefined) return;
  if (isSoon(lint.today, expires))
    find(lint, 'LINT_EXPIRES_SOON', `${pointer}/expires`, `this exception expires on ${expires}`, { why });
  if (owner === undefined && ticket === undefined)
    find(lint, 'LINT_NO_OWNER', pointer, `this exception ends on ${expires}, and has neither owner nor ticket`, {
      why,
    });
}

/** Of every rule that may be an exception. */
function origins({ policy }: Lint): Origin[] {
  const { process, filesystem, syscalls, network } = policy;
  return [
    ...process.capabilities,
    ...process.pass,
    ...filesystem.scratch,
    ...filesystem.mounts,
    ...filesystem.allow,
    ...syscalls.allow,
    ...syscalls.observe,
    ...network.listen,
    ...network.connect,
  ];
}

function isSoon(today: string, day: string): boolean {
  const days = (Date.parse(day) - Date.parse(today)) / DAY_MS;
  return days >= 0 && days <= SOON_DAYS;
}
