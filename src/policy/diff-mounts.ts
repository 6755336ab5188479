/** What differs in what two policies mount: folders of memory, and paths of the host. */
import type { Change, Direction } from './change.js';
import type { BindMount, Filesystem, Scratch } from './policy.js';
import { sizeText } from './quantities.js';

export function mountChanges(before: Filesystem, after: Filesystem): Change[] {
  return [...scratchChanges(before, after), ...bindChanges(before, after)];
}

function scratchChanges(before: Filesystem, after: Filesystem): Change[] {
  const [more, less] = [moreScratch(before, after), moreScratch(after, before)];
  return pairs(before.scratch, after.scratch, ({ path }) => path).flatMap(([path, old, now]) => {
    const [from, to] = [scratchText(old), scratchText(now)];
    if (from === to) return [];
    const isIn = (list: readonly Scratch[]): boolean => list.some((one) => one.path === path);
    const direction = isIn(more) ? 'widened' : isIn(less) ? 'narrowed' : 'changed';
    return [changeOf('/filesystem/scratch', direction, path, from, to, { before: old, after: now })];
  });
}

function bindChanges(before: Filesystem, after: Filesystem): Change[] {
  return pairs(before.mounts, after.mounts, ({ to }) => to).flatMap(([target, old, now]) => {
    const [from, to] = [bindText(old), bindText(now)];
    if (from === to) return [];
    const isWider = now !== undefined && (old === undefined || !isBindWithin(now, old));
    const direction = isWider ? 'widened' : 'narrowed';
    return [changeOf('/filesystem/mounts', direction, target, from, to, { before: old, after: now })];
  });
}

function changeOf(
  pointer: string,
  direction: Direction,
  path: string,
  before: string,
  after: string,
  rules: Change['rules'],
): Change {
  const value = direction === 'narrowed' ? before : after;
  const witness = { kind: 'value', value: `${path}: ${value}` } as const;
  return { section: 'mounts', direction, pointer, subject: path, before, after, witness, rules };
}

/** Every key with the entry of either list that has it. A key is in each list once: two mounts on one place are refused. */
function pairs<Entry>(
  before: readonly Entry[],
  after: readonly Entry[],
  keyOf: (entry: Entry) => string,
): (readonly [string, Entry | undefined, Entry | undefined])[] {
  const [from, to] = [before, after].map((list) => new Map(list.map((entry) => [keyOf(entry), entry])));
  const keys = [...new Set([...(from?.keys() ?? []), ...(to?.keys() ?? [])])].sort();
  return keys.map((key) => [key, from?.get(key), to?.get(key)] as const);
}

/** Folders that are new or hold more; none where a writable root could have held as much. */
function moreScratch(from: Filesystem, to: Filesystem): readonly Scratch[] {
  const more = to.scratch.filter((one) => !from.scratch.some((other) => isScratchWithin(one, other)));
  if (from.root !== 'writable') return more;
  const used = to.root === 'writable' ? to.rootSize : 0n;
  const total = more.reduce((sum, { size }) => sum + size, used);
  return total <= from.rootSize ? more.filter(({ flags }) => !flags.nosuid || !flags.nodev) : more;
}

type Flags = { readonly noexec: boolean; readonly nosuid: boolean; readonly nodev: boolean };
const hasFlagsOf = (one: Flags, other: Flags): boolean =>
  (one.noexec || !other.noexec) && (one.nosuid || !other.nosuid) && (one.nodev || !other.nodev);

const STICKY = 0o1000;
/** No bit of permission more, and the sticky bit where the other has it. */
const isModeWithin = (one: number, other: number): boolean =>
  (one & ~other & ~STICKY) === 0 && (other & ~one & STICKY) === 0;

const isScratchWithin = (one: Scratch, other: Scratch): boolean =>
  one.path === other.path &&
  one.size <= other.size &&
  one.files <= other.files &&
  isModeWithin(one.mode, other.mode) &&
  hasFlagsOf(one.flags, other.flags);

const isBindWithin = (one: BindMount, other: BindMount): boolean =>
  one.from === other.from &&
  one.to === other.to &&
  (one.access === 'read-only' || other.access === 'read-write') &&
  hasFlagsOf(one.flags, other.flags);

const flagsText = ({ noexec, nosuid, nodev }: Flags): string =>
  [noexec ? 'noexec' : '', nosuid ? 'nosuid' : '', nodev ? 'nodev' : ''].filter((flag) => flag !== '').join(' ');

const scratchText = (one: Scratch | undefined): string =>
  one === undefined
    ? 'no folder of memory'
    : `${sizeText(one.size)} of memory, ${one.files} files, mode ${one.mode.toString(8)} ${flagsText(one.flags)}`.trimEnd();

const bindText = (one: BindMount | undefined): string =>
  one === undefined ? 'no mount' : `the host's ${one.from}, ${one.access} ${flagsText(one.flags)}`.trimEnd();
