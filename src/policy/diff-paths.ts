/**
 * What differs in the rules on paths of two policies, exactly: what a rule
 * says of a path it says of all below, so that the paths that either of the
 * two names stand for all there are.
 */
import type { Change, Direction } from './change.js';
import type { Filesystem, Origin, PathAccess, PathList } from './policy.js';
import { isAtOrBelow, isVisible, isWritable, rightsAt, upwards } from './reach.js';

export function pathChanges(before: Filesystem, after: Filesystem): Change[] {
  return [
    ...rightChanges(before, after),
    ...listChanges('mask', before, after, isVisible, { no: 'hidden', yes: 'visible' }),
    ...listChanges('readOnly', before, after, isWritable, { no: 'read-only', yes: 'writable' }),
  ];
}

/** Mounts below a path of the list: they may take writing where what is around them does not. */
function targetsBelow(paths: readonly string[], ...filesystems: readonly Filesystem[]): string[] {
  return filesystems
    .flatMap(({ scratch, mounts }) => [...scratch.map(({ path }) => path), ...mounts.map(({ to }) => to)])
    .filter((target) => paths.some((path) => isAtOrBelow(target, path)));
}

/** Sorted: a path stands behind all that are above it. */
function named(...lists: readonly (readonly { readonly paths: readonly string[] }[])[]): string[] {
  return [...new Set(lists.flat().flatMap(({ paths }) => paths))].sort();
}

/** The nearest path of `paths` above `path`. */
function above(path: string, paths: ReadonlySet<string>): string | undefined {
  for (const other of upwards(path)) if (other !== path && paths.has(other)) return other;
  return undefined;
}

function rightChanges(before: Filesystem, after: Filesystem): Change[] {
  const paths = [...new Set(['/', ...named(before.allow, after.allow)])].sort();
  const all = new Set(paths);
  const rights = new Map(paths.map((path) => [path, [rightsAt(before, path), rightsAt(after, path)] as const]));
  type Side = 0 | 1;
  /** Rights at `path` on one side that the other lacks. */
  const extra = (path: string | undefined, side: Side): PathAccess[] => {
    const pair = path === undefined ? undefined : rights.get(path);
    return pair === undefined ? [] : [...pair[side].keys()].filter((access) => !pair[1 - side]?.has(access));
  };
  return paths.flatMap((path) => {
    const [old, now] = rights.get(path) ?? [new Map<PathAccess, Origin>(), new Map<PathAccess, Origin>()];
    return ([1, 0] as const).flatMap((side): Change[] => {
      const told = extra(above(path, all), side);
      const [access, ...more] = extra(path, side).filter((one) => !told.includes(one));
      if (access === undefined) return [];
      return [
        {
          section: 'files',
          direction: side === 1 ? 'widened' : 'narrowed',
          pointer: '/filesystem/allow',
          subject: `${[access, ...more].join(', ')} at ${path}`,
          before: rightsText(old),
          after: rightsText(now),
          witness: { kind: 'access', path, access },
          rules: { before: old.get(access), after: now.get(access) },
        },
      ];
    });
  });
}

const rightsText = (rights: ReadonlyMap<PathAccess, Origin>): string =>
  [...rights.keys()].sort().join(', ') || 'nothing';

type Holds = (filesystem: Filesystem, path: string) => boolean;

/** The paths of a list for which `holds` differs, without those that are below one that was told. */
function listChanges(
  key: 'mask' | 'readOnly',
  before: Filesystem,
  after: Filesystem,
  holds: Holds,
  words: { readonly no: string; readonly yes: string },
): Change[] {
  const listed = named(before[key], after[key]);
  const paths = [...new Set([...listed, ...targetsBelow(listed, before, after)])].sort();
  const all = new Set(paths);
  const [ruleBefore, ruleAfter] = [rulesFor(before[key]), rulesFor(after[key])];
  const directionAt = (path: string | undefined): Direction | undefined => {
    if (path === undefined) return undefined;
    const [old, now] = [holds(before, path), holds(after, path)];
    return old === now ? undefined : now ? 'widened' : 'narrowed';
  };
  return paths.flatMap((path): Change[] => {
    const direction = directionAt(path);
    if (direction === undefined || direction === directionAt(above(path, all))) return [];
    const isWider = direction === 'widened';
    return [
      {
        section: 'files',
        direction,
        pointer: `/filesystem/${key}`,
        subject: path,
        before: isWider ? words.no : words.yes,
        after: isWider ? words.yes : words.no,
        witness: { kind: 'access', path, access: key === 'mask' ? 'see' : 'write' },
        rules: { before: ruleBefore(path), after: ruleAfter(path) },
      },
    ];
  });
}

/** For each path the first rule of the list that names it or a path above. */
function rulesFor(lists: readonly PathList[]): (path: string) => Origin | undefined {
  const orders = new Map<string, number>();
  for (const [order, { paths }] of lists.entries())
    for (const path of paths) if (!orders.has(path)) orders.set(path, order);
  return (path) => {
    const found = [...upwards(path)].flatMap((above) => orders.get(above) ?? []);
    return found.length === 0 ? undefined : lists[Math.min(...found)];
  };
}
