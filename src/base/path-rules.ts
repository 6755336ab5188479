/**
 * What a workload may do with files below a path: the rules that both Landlock
 * and AppArmor are compiled from.
 */

/** In the order in which policies list them. */
export const ACCESS_WORDS = [
  'read',
  'list',
  'execute',
  'create',
  'write',
  'remove',
  'truncate',
  'make-socket',
  'make-fifo',
  'refer',
  'ioctl',
] as const;
export type AccessWord = (typeof ACCESS_WORDS)[number];

/** Holds for `path`, absolute inside the sandbox, and for everything below it. */
export type PathRule = { readonly path: string; readonly access: readonly AccessWord[] };

/** Why `path` can stand in no rule, or undefined: it must be absolute, in its shortest spelling, and printable. */
export function faultOfPath(path: string): string | undefined {
  if (!path.startsWith('/')) return 'it is not absolute';
  if ([...path].some((character) => isControl(character.codePointAt(0) ?? 0))) return 'it has a control character';
  if (path !== '/' && /\/(\.{0,2})(\/|$)/.test(path)) return 'it has an empty part, "." or ".."';
  return undefined;
}

const isControl = (code: number): boolean => code < 0x20 || (code >= 0x7f && code <= 0x9f);
