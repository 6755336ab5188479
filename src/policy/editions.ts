/** The frozen, dated groups of system calls: policies/syscalls-EDITION.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../base/installation.js';

export type Edition = {
  readonly name: string;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly titles: ReadonlyMap<string, string>;
  /** Every call that the edition knows, whether in a group or not. */
  readonly known: ReadonlySet<string>;
};

/** Every edition that this release carries, the newest last. */
export const EDITIONS = ['2026-11'] as const;

type EditionFile = {
  readonly edition: string;
  readonly groups: Readonly<Record<string, { readonly title: string; readonly calls: readonly string[] }>>;
  readonly ungrouped: readonly string[];
};

const read = new Map<string, Edition>();

/** The edition called `name`; undefined where this release carries none of that name. */
export function editionOf(name: string): Edition | undefined {
  if (!EDITIONS.some((known) => known === name)) return undefined;
  const edition = read.get(name) ?? readEdition(name);
  read.set(name, edition);
  return edition;
}

/** The calls of a group, or of all groups of a family such as `admin.*`; undefined where there is none. */
export function groupCalls(edition: Edition, group: string): readonly string[] | undefined {
  if (!group.endsWith('.*')) return edition.groups.get(group);
  const family = [...edition.groups].filter(([name]) => name.startsWith(group.slice(0, -1)));
  return family.length === 0 ? undefined : family.flatMap(([, calls]) => calls);
}

/** The file is the product's own and checked by its tests: it is read as it is. */
function readEdition(name: string): Edition {
  const path = join(installationRoot, 'policies', `syscalls-${name}.json`);
  const file = JSON.parse(readFileSync(path, 'utf8')) as EditionFile;
  const groups = Object.entries(file.groups);
  return {
    name: file.edition,
    groups: new Map(groups.map(([group, { calls }]) => [group, calls])),
    titles: new Map(groups.map(([group, { title }]) => [group, title])),
    known: new Set([...groups.flatMap(([, { calls }]) => calls), ...file.ungrouped]),
  };
}
