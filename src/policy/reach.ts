/** What a policy's sections on files mean for one path: rights, hiding, writing. */
import type { Filesystem, Origin, PathAccess } from './policy.js';

export const isAtOrBelow = (path: string, above: string): boolean =>
  path === above || above === '/' || path.startsWith(`${above}/`);

/** `path`, what is above it, and `/`: the nearest first. */
export function* upwards(path: string): Generator<string> {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) yield path.slice(0, end);
  if (path !== '/') yield '/';
}

/** The rules of one section, found by path: policies may name thousands. */
type Reach = {
  /** For each path that a rule names, the first rule that grants a right there. */
  readonly rights: ReadonlyMap<string, ReadonlyMap<PathAccess, { readonly order: number; readonly rule: Origin }>>;
  readonly masked: ReadonlySet<string>;
  readonly frozen: ReadonlySet<string>;
  /** Whether the mount on a path takes writing. */
  readonly mounts: ReadonlyMap<string, boolean>;
};

const reaches = new WeakMap<Filesystem, Reach>();

function reachOf(filesystem: Filesystem): Reach {
  const known = reaches.get(filesystem);
  if (known !== undefined) return known;
  const reach = {
    rights: rightsByPath(filesystem),
    masked: new Set(filesystem.mask.flatMap(({ paths }) => paths)),
    frozen: new Set(filesystem.readOnly.flatMap(({ paths }) => paths)),
    mounts: mountsByPath(filesystem),
  };
  reaches.set(filesystem, reach);
  return reach;
}

function rightsByPath({ allow }: Filesystem): Reach['rights'] {
  const byPath = new Map<string, Map<PathAccess, { order: number; rule: Origin }>>();
  for (const [order, rule] of allow.entries())
    for (const path of rule.paths) {
      const here = byPath.get(path) ?? new Map<PathAccess, { order: number; rule: Origin }>();
      byPath.set(path, here);
      for (const access of rule.access) if (!here.has(access)) here.set(access, { order, rule });
    }
  return byPath;
}

/** Of two mounts on one path the first counts; where nothing is mounted, the image's own folder is part of its root. */
function mountsByPath({ root, proc, dev, scratch, mounts }: Filesystem): Reach['mounts'] {
  const targets: readonly (readonly [string, boolean])[] = [
    ...scratch.map((one) => [one.path, true] as const),
    ...mounts.map((one) => [one.to, one.access === 'read-write'] as const),
    ...(proc === 'none' ? [] : [['/proc', true] as const]),
    ...(dev === 'none' ? [] : [['/dev', true] as const]),
    ['/', root === 'writable'],
  ];
  return new Map([...targets].reverse());
}

/** The rights that the rules grant at `path`, each with the rule that does. */
export function rightsAt(filesystem: Filesystem, path: string): Map<PathAccess, Origin> {
  const { rights } = reachOf(filesystem);
  const found = new Map<PathAccess, { readonly order: number; readonly rule: Origin }>();
  for (const above of upwards(path))
    for (const [access, grant] of rights.get(above) ?? [])
      if (grant.order < (found.get(access)?.order ?? Number.POSITIVE_INFINITY)) found.set(access, grant);
  const inOrder = [...found].sort(([, a], [, b]) => a.order - b.order);
  return new Map(inOrder.map(([access, { rule }]) => [access, rule]));
}

/** Whether `path` is there to be seen. */
export function isVisible(filesystem: Filesystem, path: string): boolean {
  const { masked } = reachOf(filesystem);
  return isPresent(filesystem, path) && ![...upwards(path)].some((above) => masked.has(above));
}

/** A /proc of processes alone has nothing else that could be hidden or written. */
export function isPresent(filesystem: Filesystem, path: string): boolean {
  if (!path.startsWith('/proc/')) return true;
  if (filesystem.proc === 'pids') return /^\/proc\/(self|thread-self|[0-9]+)(\/|$)/.test(path);
  return filesystem.proc === 'masked';
}

/** Whether the mount that holds `path` takes writing, whatever the rights on it. */
export function isWritable(filesystem: Filesystem, path: string): boolean {
  if (!isPresent(filesystem, path)) return false;
  const { frozen, mounts } = reachOf(filesystem);
  const holders = [...upwards(path)];
  if (holders.some((above) => frozen.has(above))) return false;
  return mounts.get(holders.find((above) => mounts.has(above)) ?? '/') ?? false;
}
