/** Adds one file's section on files and mounts to what its parents said. */
import { dirname, resolve } from 'node:path';
import { bytesOf, type Fold, mountFlagsOf, originOf, tell } from './fold.js';
import type { BindMount, Filesystem, PathList, PathRule, Scratch } from './policy.js';
import type { PolicyFile } from './read.js';

type Section = NonNullable<PolicyFile['filesystem']>;
const AT = '/filesystem';

/** As many as a program that unpacks something needs, and not as many as would fill the kernel's memory. */
const DEFAULT_FILES = 4096;
/** Of a writable root, in bytes. */
const DEFAULT_ROOT_BYTES = 64n << 20n;
/** Where the launcher mounts: nothing else may lie there. */
const TAKEN = ['/', '/proc', '/dev', '/sys'];
/** What has to be there to the end for a run to begin, with what to write instead. */
const NEVER_HIDDEN: Readonly<Record<string, string>> = {
  '/': 'name what is to be hidden below it',
  '/proc': 'set "proc" to "none", or name what is to be hidden below it',
  '/dev': 'name what is to be hidden of the image instead',
};

/** `parent` with what `section` adds, takes away and overrides. Faults go into `fold`. */
export function foldFilesystem(parent: Filesystem, section: Section | undefined, fold: Fold): Filesystem {
  if (section === undefined) return parent;
  const kept = withoutRemoved(parent, section.remove ?? [], fold);
  const scratch = (section.scratch ?? []).map((entry, index): Scratch => {
    const origin = originOf(fold, `${AT}/scratch/${index}`, entry);
    if (bytesOf(entry.size) === 0n)
      tell(fold, `${AT}/scratch/${index}/size`, 'a folder of no memory holds nothing', 'name a size, such as 16MiB');
    return {
      ...origin,
      path: entry.path,
      size: bytesOf(entry.size) ?? 0n,
      files: entry.files ?? DEFAULT_FILES,
      mode: Number.parseInt(entry.mode ?? '1777', 8),
      flags: mountFlagsOf(entry.flags ?? ['noexec', 'nosuid', 'nodev']),
    };
  });
  const mounts = (section.mounts ?? []).map((entry, index): BindMount => {
    const origin = originOf(fold, `${AT}/mounts/${index}`, entry);
    const from = resolve(dirname(fold.layer.path), entry.from);
    const flags = mountFlagsOf(entry.flags ?? ['nosuid', 'nodev']);
    return { ...origin, from, to: entry.to, access: entry.access, flags };
  });
  const allow = (section.allow ?? []).map(
    (entry, index): PathRule => ({
      ...originOf(fold, `${AT}/allow/${index}`, entry),
      paths: entry.paths,
      access: entry.access,
    }),
  );
  const root = section.root ?? parent.root;
  const folded: Filesystem = {
    root,
    rootSize: rootSizeOf(section, parent, root),
    proc: section.proc ?? parent.proc,
    dev: section.dev ?? parent.dev,
    shmSize: section.shmSize === undefined ? parent.shmSize : (bytesOf(section.shmSize) ?? 0n),
    scratch: [...kept.scratch, ...scratch],
    mounts: [...kept.mounts, ...mounts],
    allow: [...kept.allow, ...allow],
    mask: [...parent.mask, ...readLists(section, 'mask', fold)],
    readOnly: [...parent.readOnly, ...readLists(section, 'readOnly', fold)],
  };
  checkTargets(folded, kept, fold);
  if (root === 'writable' && folded.rootSize === 0n)
    tell(fold, `${AT}/rootSize`, 'a writable root without memory for what is written', 'name a size, such as 64MiB');
  return folded;
}

/** Where nobody says how much can be written to a writable root, it is bounded all the same. */
function rootSizeOf({ rootSize }: Section, parent: Filesystem, root: Filesystem['root']): bigint {
  if (rootSize !== undefined) return bytesOf(rootSize) ?? 0n;
  return root === 'writable' && parent.rootSize === 0n ? DEFAULT_ROOT_BYTES : parent.rootSize;
}

function readLists(section: Section, key: 'mask' | 'readOnly', fold: Fold): PathList[] {
  return (section[key] ?? []).map((entry, index) => {
    const at = `${AT}/${key}/${index}`;
    for (const [i, path] of entry.paths.entries())
      if (key === 'mask' && NEVER_HIDDEN[path] !== undefined)
        tell(fold, `${at}/paths/${i}`, `nothing runs with ${path} hidden`, NEVER_HIDDEN[path]);
    return { ...originOf(fold, at, entry), paths: entry.paths };
  });
}

function withoutRemoved(
  parent: Filesystem,
  removals: NonNullable<Section['remove']>,
  fold: Fold,
): Pick<Filesystem, 'scratch' | 'mounts' | 'allow'> {
  const gone = { scratch: new Set<string>(), mounts: new Set<string>(), allow: new Set<string>() };
  const present = {
    scratch: parent.scratch.map(({ path }) => path),
    mounts: parent.mounts.map(({ to }) => to),
    allow: parent.allow.flatMap(({ paths }) => paths),
  };
  removals.forEach(({ from, path }, index) => {
    if (!present[from].includes(path))
      tell(fold, `${AT}/remove/${index}`, `no inherited entry of ${from} names ${path}`, 'remove this entry');
    gone[from].add(path);
  });
  return {
    scratch: parent.scratch.filter(({ path }) => !gone.scratch.has(path)),
    mounts: parent.mounts.filter(({ to }) => !gone.mounts.has(to)),
    allow: parent.allow
      .map((rule) => ({ ...rule, paths: rule.paths.filter((path) => !gone.allow.has(path)) }))
      .filter(({ paths }) => paths.length > 0),
  };
}

/** Two mounts on one place hide each other, and which one depends on their order. */
function checkTargets(folded: Filesystem, kept: Pick<Filesystem, 'scratch' | 'mounts'>, fold: Fold): void {
  const owners = new Map<string, string>();
  for (const { path, rule } of kept.scratch) owners.set(path, rule);
  for (const { to, rule } of kept.mounts) owners.set(to, rule);
  const claim = (target: string, pointer: string, rule: string): void => {
    const owner = owners.get(target);
    if (TAKEN.includes(target)) tell(fold, pointer, `nothing can be mounted on ${target}`, 'name a folder below it');
    else if (owner !== undefined)
      tell(fold, pointer, `${target} is mounted by ${owner} already`, 'remove that one first');
    owners.set(target, rule);
  };
  for (const [i, { path, rule }] of folded.scratch.slice(kept.scratch.length).entries())
    claim(path, `${AT}/scratch/${i}/path`, rule);
  for (const [i, { to, rule }] of folded.mounts.slice(kept.mounts.length).entries())
    claim(to, `${AT}/mounts/${i}/to`, rule);
}
