/**
 * Which ids of the host a sandbox of this user may have.
 *
 * @see subuid(5), subgid(5), newuidmap(1), user_namespaces(7)
 */
import type { IdMap, IdRange } from '../base/id-map.js';

/** Ids of the host (or of the container we run in), from `start` on. */
export type OuterRange = { readonly start: number; readonly count: number };

export type Owner = { readonly uid: number; readonly gid: number; readonly name: string };

/** What the choice of a map depends on, as it was read. */
export type IdMapSources = {
  readonly owner: Owner;
  /** Text of /etc/subuid and /etc/subgid; empty where there is no such file. */
  readonly subuid: string;
  readonly subgid: string;
  /** Text of /proc/self/uid_map and gid_map: the ids that exist here. */
  readonly uidMap: string;
  readonly gidMap: string;
  /** Why newuidmap and newgidmap cannot be used; undefined: they can. */
  readonly helperFault: string | undefined;
};

export type IdMapChoice = { readonly idMap: IdMap; readonly remark: string | undefined };

/** As many ids as an image may name: 0 to 65535, nobody (65534) among them. */
export const WANTED_IDS = 65_536;
/**
 * Outer ids for the host's root, where root has no subordinate ids of its own:
 * above all ranges that systemd, shadow and container engines hand out.
 */
export const ROOT_RANGE: OuterRange = { start: 0x7000_0000, count: WANTED_IDS };
const LARGEST_ID = 0xffff_fffe;
/** SUB_UID_MIN of login.defs(5). */
const FIRST_SUBORDINATE_ID = 100_000;
/** The plan's limit for ranges of one map. */
const MOST_RANGES = 8;

/**
 * The ranges that `text` gives to the owner, by name or by uid, sorted, without
 * overlap: the kernel refuses a map in which an outer id stands twice.
 * Lines that are no entry are passed over, as newuidmap does.
 */
export function parseSubordinateIds(text: string, owner: Pick<Owner, 'uid' | 'name'>): readonly OuterRange[] {
  const ranges: OuterRange[] = [];
  for (const line of text.split('\n')) {
    const [who, start, count, ...rest] = line.trim().split(':');
    if (who !== owner.name && who !== String(owner.uid)) continue;
    if (rest.length > 0 || !isNumber(start) || !isNumber(count)) continue;
    const range = { start: Number(start), count: Number(count) };
    if (range.count > 0 && range.start + range.count - 1 <= LARGEST_ID) ranges.push(range);
  }
  return joined(ranges);
}

/** The outer column of a uid_map or gid_map as seen by its own members: the ids that exist here. */
export function parseKernelMap(text: string): readonly OuterRange[] {
  const ranges = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([inner, , count]) => isNumber(inner) && isNumber(count))
    .map(([inner, , count]) => ({ start: Number(inner), count: Number(count) }));
  return joined(ranges);
}

/** Chooses the widest map that this user may write. */
export function chooseIdMap(sources: IdMapSources): IdMapChoice {
  const here = { uid: parseKernelMap(sources.uidMap), gid: parseKernelMap(sources.gidMap) };
  return sources.owner.uid === 0 ? chooseForRoot(sources, here) : chooseForUser(sources, here);
}

type Both = { readonly uid: readonly OuterRange[]; readonly gid: readonly OuterRange[] };

function chooseForUser(sources: IdMapSources, here: Both): IdMapChoice {
  const { owner } = sources;
  const own = subordinateIds(sources);
  const fault = missingEntry(own, sources) ?? missingHere(own, here) ?? sources.helperFault;
  if (fault !== undefined) return single(owner, fault);
  return several('subordinate', common(own, here));
}

function chooseForRoot(sources: IdMapSources, here: Both): IdMapChoice {
  const entries = common(subordinateIds(sources), here);
  if (entries.uid.length > 0 && entries.gid.length > 0) return several('direct', entries);
  const reserved = common({ uid: [ROOT_RANGE], gid: [ROOT_RANGE] }, here);
  if (sizeOf(reserved.uid) === WANTED_IDS && sizeOf(reserved.gid) === WANTED_IDS) return several('direct', reserved);
  const unprivileged = [{ start: 1, count: LARGEST_ID }];
  const rest = common({ uid: unprivileged, gid: unprivileged }, here);
  if (rest.uid.length === 0 || rest.gid.length === 0) {
    return single(sources.owner, 'this user namespace has no id but root’s; start the container around it with more');
  }
  const shared = 'inside a container: outer ids are those of the container’s own users';
  const choice = several('direct', rest);
  return { ...choice, remark: choice.remark === undefined ? shared : `${shared}; ${choice.remark}` };
}

const subordinateIds = ({ subuid, subgid, owner }: IdMapSources): Both => ({
  uid: parseSubordinateIds(subuid, owner),
  gid: parseSubordinateIds(subgid, owner),
});

const common = (wanted: Both, here: Both): Both => ({
  uid: intersection(wanted.uid, here.uid),
  gid: intersection(wanted.gid, here.gid),
});

function missingEntry(own: Both, { owner, subuid, subgid }: IdMapSources): string | undefined {
  const absent = [...(own.uid.length === 0 ? ['/etc/subuid'] : []), ...(own.gid.length === 0 ? ['/etc/subgid'] : [])];
  if (absent.length === 0) return undefined;
  const start = Math.max(firstFree(subuid), firstFree(subgid));
  const range = `${start}-${start + WANTED_IDS - 1}`;
  const options = [
    ...(own.uid.length === 0 ? [`--add-subuids ${range}`] : []),
    ...(own.gid.length === 0 ? [`--add-subgids ${range}`] : []),
  ];
  const command = `usermod ${options.join(' ')} ${owner.name}`;
  return `${owner.name} has no subordinate ids in ${absent.join(' and ')}; as root: ${command}`;
}

/** The first id above everything that the file gives to anyone, and not below where useradd begins. */
function firstFree(text: string): number {
  const ends = text
    .split('\n')
    .map((line) => line.trim().split(':'))
    .filter(([, start, count]) => isNumber(start) && isNumber(count))
    .map(([, start, count]) => Number(start) + Number(count));
  return ends.reduce((most, end) => Math.max(most, end), FIRST_SUBORDINATE_ID);
}

function missingHere(own: Both, here: Both): string | undefined {
  const { uid, gid } = common(own, here);
  if (uid.length > 0 && gid.length > 0) return undefined;
  return 'the subordinate ids of /etc/subuid and /etc/subgid do not exist in this container; start it with more ids';
}

function single(owner: Owner, remark: string): IdMapChoice {
  const one = (outer: number): readonly IdRange[] => [{ inner: 0, outer, count: 1 }];
  return { idMap: { method: 'single', uid: one(owner.uid), gid: one(owner.gid) }, remark };
}

function several(method: 'subordinate' | 'direct', ranges: Both): IdMapChoice {
  const uid = asMap(ranges.uid);
  const gid = asMap(ranges.gid);
  const ids = Math.min(sizeOf(uid), sizeOf(gid));
  const remark =
    ids < WANTED_IDS
      ? `only ${ids} of ${WANTED_IDS} ids: files and users of an image with an id from ${ids} on cannot be represented`
      : undefined;
  return { idMap: { method, uid, gid }, remark };
}

/** Inner ids from 0 upwards over the given ranges, at most 65536. */
function asMap(ranges: readonly OuterRange[]): readonly IdRange[] {
  const map: IdRange[] = [];
  let inner = 0;
  for (const { start, count } of ranges.slice(0, MOST_RANGES)) {
    const taken = Math.min(count, WANTED_IDS - inner);
    if (taken === 0) break;
    map.push({ inner, outer: start, count: taken });
    inner += taken;
  }
  return map;
}

/** Sorted, with overlapping and adjacent ranges made one. */
function joined(ranges: readonly OuterRange[]): readonly OuterRange[] {
  const result: OuterRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last === undefined || range.start > last.start + last.count) {
      result.push(range);
    } else {
      const end = Math.max(last.start + last.count, range.start + range.count);
      result[result.length - 1] = { start: last.start, count: end - last.start };
    }
  }
  return result;
}

function intersection(left: readonly OuterRange[], right: readonly OuterRange[]): readonly OuterRange[] {
  const parts: OuterRange[] = [];
  for (const a of left) {
    for (const b of right) {
      const start = Math.max(a.start, b.start);
      const end = Math.min(a.start + a.count, b.start + b.count);
      if (end > start) parts.push({ start, count: end - start });
    }
  }
  return joined(parts);
}

const sizeOf = (ranges: readonly { readonly count: number }[]): number =>
  ranges.reduce((sum, range) => sum + range.count, 0);
const isNumber = (text: string | undefined): boolean => text !== undefined && /^\d{1,10}$/.test(text);
