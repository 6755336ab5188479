/**
 * Where this user may make control groups of their own.
 *
 * @see cgroups(7); kernel Documentation/admin-guide/cgroup-v2.rst, "Delegation"
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CgroupPlacement } from './facts.js';

/** A mounted hierarchy as /proc/self/mountinfo shows it. */
export type Hierarchy = {
  readonly version: 1 | 2;
  /** Of version 1. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** The group that the mount point shows. */
  readonly root: string;
};

/** What the search reads and tries; the file system's own answers outside of tests. */
export type CgroupFiles = {
  readonly read: (path: string) => string | undefined;
  readonly mayWrite: (path: string) => boolean;
};

/** The controllers that the product's limits need. */
export const WANTED_CONTROLLERS = ['memory', 'pids', 'cpu'] as const;

export const hostFiles: CgroupFiles = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  mayWrite(path) {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
};

/** The cgroup mounts among the lines of /proc/self/mountinfo. @see proc_pid_mountinfo(5) */
export function parseHierarchies(mountinfo: string): readonly Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ');
    const [type, , options = ''] = after.split(' ');
    if (root === undefined || mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    found.push({
      version: type === 'cgroup2' ? 2 : 1,
      controllers: type === 'cgroup' ? options.split(',') : [],
      mountPoint: unescaped(mountPoint),
      root: unescaped(root),
    });
  }
  return found;
}

/** Own group by controller; version 2 under the empty name. @see cgroups(7), "/proc/pid/cgroup" */
export function parseOwnGroups(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    for (const controller of controllers.split(',')) groups.set(controller, path);
  }
  return groups;
}

/** The folders that an administrator may give to `uid` where version 1 hierarchies have the controllers. */
export function preparedFolders(mountinfo: string, uid: number): readonly string[] {
  const hierarchies = parseHierarchies(mountinfo).filter(({ version }) => version === 1);
  const wanted = hierarchies.filter(({ controllers }) => WANTED_CONTROLLERS.some((one) => controllers.includes(one)));
  return wanted.map((hierarchy) => preparedFolder(hierarchy, uid));
}

const preparedFolder = ({ mountPoint }: Hierarchy, uid: number): string => join(mountPoint, `sandbox-${uid}`);

/** Every folder whose owner or absence decides where groups are made: another answer from one of them is another place. */
export function consideredFolders(mountinfo: string, ownGroups: string, uid: number): readonly string[] {
  const groups = parseOwnGroups(ownGroups);
  const above = parseHierarchies(mountinfo)
    .filter(({ version, controllers }) => version === 2 || WANTED_CONTROLLERS.some((one) => controllers.includes(one)))
    .flatMap((hierarchy) => upwards(hierarchy, groups.get(hierarchy.controllers[0] ?? '')));
  return [...new Set([...above, ...preparedFolders(mountinfo, uid)])];
}

/** Looks for a place without making anything. `uid` names the place that an administrator may prepare for version 1. */
export function placeCgroup(mountinfo: string, ownGroups: string, uid: number, files: CgroupFiles): CgroupPlacement {
  const hierarchies = parseHierarchies(mountinfo);
  const groups = parseOwnGroups(ownGroups);
  const unified = placeUnified(hierarchies, groups, files);
  if (unified.kind === 'v2') return unified;
  const parents: Record<string, string> = {};
  for (const controller of WANTED_CONTROLLERS) {
    const hierarchy = hierarchies.find((one) => one.version === 1 && one.controllers.includes(controller));
    if (hierarchy === undefined) continue;
    const places = [...upwards(hierarchy, groups.get(controller)), preparedFolder(hierarchy, uid)];
    const parent = places.find((folder) => files.mayWrite(folder));
    if (parent !== undefined) parents[controller] = parent;
  }
  if (Object.keys(parents).length > 0) return { kind: 'v1', parents };
  const legacy = hierarchies.some((one) => one.controllers.includes('memory') || one.controllers.includes('pids'));
  return legacy ? { kind: 'none', why: 'no group of the version 1 hierarchies is writable for this user' } : unified;
}

/**
 * The nearest group from our own upwards in which a process of ours can be
 * moved to a new child with limits: it and its cgroup.procs are writable (it is
 * then the common ancestor that the kernel asks about), and it gives its
 * children the controllers.
 */
function placeUnified(
  hierarchies: readonly Hierarchy[],
  groups: ReadonlyMap<string, string>,
  files: CgroupFiles,
): CgroupPlacement {
  const hierarchy = hierarchies.find((one) => one.version === 2);
  if (hierarchy === undefined) return { kind: 'none', why: 'no cgroup hierarchy is mounted' };
  let why = `the group ${groups.get('') ?? '(unknown)'} and those above it are not delegated to this user`;
  for (const folder of upwards(hierarchy, groups.get(''))) {
    if (!files.mayWrite(folder) || !files.mayWrite(join(folder, 'cgroup.procs'))) continue;
    const controllers = (files.read(join(folder, 'cgroup.subtree_control')) ?? '').split(/\s+/).filter(Boolean);
    if (controllers.includes('memory') && controllers.includes('pids')) {
      return { kind: 'v2', parent: folder, controllers };
    }
    why = `${folder} is writable but does not give its children the controllers memory and pids`;
  }
  return { kind: 'none', why };
}

/** The folder of `group` in the hierarchy and the folders above it, nearest first. */
function upwards(hierarchy: Hierarchy, group: string | undefined): readonly string[] {
  if (group === undefined || group.includes('/..') || hierarchy.root.includes('/..')) return [];
  const root = hierarchy.root === '/' ? '' : hierarchy.root;
  if (root !== '' && group !== root && !group.startsWith(`${root}/`)) return [hierarchy.mountPoint];
  const folders: string[] = [];
  for (let below = group.slice(root.length) || '/'; ; below = dirname(below)) {
    folders.push(below === '/' ? hierarchy.mountPoint : join(hierarchy.mountPoint, below));
    if (below === '/') return folders;
  }
}

/** mountinfo writes blanks and backslashes as three octal digits. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
