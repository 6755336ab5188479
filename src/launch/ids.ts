/**
 * Which ids a run uses inside, and where they lie outside.
 *
 * @see user_namespaces(7)
 */
import type { IdMap, IdRange } from '../base/id-map.js';
import type { RootFs } from '../image/rootfs.js';
import type { CompiledPolicy } from '../policy/compiled.js';
import { LaunchError } from './errors.js';
import type { RunOptions } from './plan.js';

export type WorkloadIds = { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
type Ids = { readonly uid: number; readonly gid: number };
export type PlacedIds = {
  readonly map: IdMap;
  readonly user: WorkloadIds;
  /** Builds the root. */
  readonly setup: Ids;
  /** Pid 1. */
  readonly init: Ids;
};

/**
 * The workload's inner ids: the user's, else the image's; where those say root
 * or nothing and the policy wants another id, the policy's.
 *
 * @throws {LaunchError} LAUNCH_ROOT_REFUSED where the user asked for root in so many words
 */
export function chooseIds(policy: CompiledPolicy, rootFs: RootFs, options: RunOptions): WorkloadIds {
  const { otherwise } = policy.user;
  if (options.user !== undefined) {
    if (policy.user.uid === 'nonzero' && (options.user.uid === 0 || options.user.gid === 0)) {
      throw new LaunchError('LAUNCH_ROOT_REFUSED', `--user: policy ${policy.name} runs nothing as root`, {
        hint: 'name another user and group, or use a policy that allows root inside the user namespace, such as compat',
      });
    }
    return { ...options.user, groups: [] };
  }
  const image = rootFs.configuration.user;
  if (policy.user.uid === 'any') return image ?? { uid: 0, gid: 0, groups: [] };
  if (image === undefined || image.uid === 0) return { ...otherwise, groups: [] };
  const groups = image.groups.filter((group) => group !== 0);
  return { uid: image.uid, gid: image.gid === 0 ? otherwise.gid : image.gid, groups };
}

/**
 * Places the ids in the map. The root is built as inner root, pid 1 gets the
 * last id of the map, which no image uses; with a single id all three are one.
 *
 * @throws {LaunchError} LAUNCH_ID_UNMAPPED
 */
export function placeIds(map: IdMap, user: WorkloadIds): PlacedIds {
  if (map.method === 'single') {
    const own = { uid: user.uid, gid: user.gid };
    const moved = { method: map.method, uid: moveTo(map.uid, user.uid), gid: moveTo(map.gid, user.gid) };
    return { map: moved, user: { ...user, groups: [] }, setup: own, init: own };
  }
  const init = { uid: lastOf(map.uid), gid: lastOf(map.gid) };
  requireMapped('user', user.uid, map.uid, init.uid);
  for (const gid of [user.gid, ...user.groups]) requireMapped('group', gid, map.gid, init.gid);
  return { map, user, setup: { uid: 0, gid: 0 }, init };
}

const moveTo = (ranges: readonly IdRange[], inner: number): readonly IdRange[] =>
  ranges.slice(0, 1).map((range) => ({ ...range, inner, count: 1 }));

const lastOf = (ranges: readonly IdRange[]): number =>
  Math.max(...ranges.map((range) => range.inner + range.count - 1));

function requireMapped(what: string, id: number, ranges: readonly IdRange[], reserved: number): void {
  const mapped = ranges.some((range) => id >= range.inner && id < range.inner + range.count);
  if (mapped && id !== reserved) return;
  throw new LaunchError('LAUNCH_ID_UNMAPPED', `${what} ${id} is outside the ids that a sandbox of this user has`, {
    hint: `use an id below ${reserved} with --user, or get more subordinate ids (sandbox doctor says how)`,
  });
}
