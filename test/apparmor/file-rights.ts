/**
 * What each operation on a file asks of AppArmor and of Landlock, and whether
 * a profile's text or a ruleset grants it: evaluated here, apart from the
 * compilers; test/vm tries the same in a kernel.
 *
 * @see kernel security/apparmor/lsm.c, security/landlock/fs.c; landlock(7)
 */
import { dirname } from 'node:path';
import type { AccessWord } from '../../src/base/path-rules.js';
import { FS, type Right } from '../../src/landlock/rights.js';
import type { LandlockRuleset } from '../../src/landlock/ruleset.js';

type Place = 'itself' | 'parent' | 'folder';
export type Operation = {
  readonly name: string;
  /** The words that grant it. */
  readonly words: readonly AccessWord[];
  /** Landlock looks at the file, or at the folder that holds it. */
  readonly rights: readonly (readonly [Place, Right])[];
  /** AppArmor looks at the name; of a folder with a slash at its end. */
  readonly permissions: readonly (readonly [Place, string])[];
};

const operation = (
  name: string,
  words: readonly AccessWord[],
  rights: Operation['rights'],
  permissions: Operation['permissions'],
): Operation => ({ name, words, rights, permissions });

export const OPERATIONS: readonly Operation[] = [
  operation('read', ['read'], [['itself', FS.readFile]], [['itself', 'r']]),
  operation('list', ['list'], [['itself', FS.readDir]], [['folder', 'r']]),
  operation(
    'execute',
    ['execute'],
    [
      ['itself', FS.execute],
      ['itself', FS.readFile],
    ],
    [['itself', 'x']],
  ),
  operation('write', ['write'], [['itself', FS.writeFile]], [['itself', 'w']]),
  operation('truncate', ['truncate'], [['itself', FS.truncate]], [['itself', 'w']]),
  operation('create', ['create'], [['parent', FS.makeReg]], [['itself', 'w']]),
  operation('symlink', ['create'], [['parent', FS.makeSym]], [['itself', 'w']]),
  operation('mkdir', ['create'], [['parent', FS.makeDir]], [['folder', 'w']]),
  operation('unlink', ['remove'], [['parent', FS.removeFile]], [['itself', 'w']]),
  operation('rmdir', ['remove'], [['parent', FS.removeDir]], [['folder', 'w']]),
  operation('socket', ['make-socket'], [['parent', FS.makeSock]], [['itself', 'w']]),
  operation('fifo', ['make-fifo'], [['parent', FS.makeFifo]], [['itself', 'w']]),
  operation('link within a folder', ['create'], [['parent', FS.makeReg]], [['itself', 'l']]),
  operation(
    'link to another folder',
    ['create', 'refer'],
    [
      ['parent', FS.makeReg],
      ['parent', FS.refer],
    ],
    [['itself', 'l']],
  ),
  operation(
    'move within a folder',
    ['create', 'remove'],
    [
      ['parent', FS.removeFile],
      ['parent', FS.makeReg],
    ],
    [['itself', 'rw']],
  ),
  operation(
    'move to another folder',
    ['create', 'remove', 'refer'],
    [
      ['parent', FS.removeFile],
      ['parent', FS.makeReg],
      ['parent', FS.refer],
    ],
    [['itself', 'rw']],
  ),
];

export function allowedByRuleset({ handledFs, rules }: LandlockRuleset, { rights }: Operation, path: string): boolean {
  return rights.every(([place, { bit }]) => {
    if ((handledFs & bit) === 0n) return true;
    const at = place === 'parent' ? dirname(path) : path;
    return rules.some((rule) => rule.kind === 'path' && (rule.access & bit) !== 0n && isBelow(at, rule.path));
  });
}

const isBelow = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

export function allowedByProfile(text: string, { permissions }: Operation, path: string): boolean {
  return permissions.every(([place, wanted]) => {
    const granted = [...text.matchAll(/^ {2}"(\/.*)" ([a-z]+),$/gm)]
      .filter(([, pattern = '']) => patternOf(pattern).test(place === 'folder' ? `${path}/` : path))
      .map(([, , letters = '']) => letters)
      .join('');
    return [...wanted].every((letter) => granted.includes(letter));
  });
}

/** The globs that profiles of ours use. @see apparmor.d(5), "Globbing" */
function patternOf(glob: string): RegExp {
  const body = glob.replace(/\*\*|\*|\[\^\/\]|[{},]|\\[0-7]{3}|[.+?^$()|[\]\\]/g, (part) => {
    switch (part) {
      case '**':
        return '.*';
      case '*':
        return '[^/]*';
      case '[^/]':
        return part;
      case '{':
        return '(?:';
      case '}':
        return ')';
      case ',':
        return '|';
      default:
        return `\\${part.length === 4 ? `x${Number.parseInt(part.slice(1), 8).toString(16).padStart(2, '0')}` : part}`;
    }
  });
  return new RegExp(`^${body}$`, 's');
}
