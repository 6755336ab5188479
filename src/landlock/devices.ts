/** The rules that a minimal /dev needs. */
import type { PathRule } from '../base/path-rules.js';

const HARMLESS = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'];
const TERMINALS = ['/dev/tty', '/dev/ptmx'];

/**
 * Reading and writing for the harmless devices. With `terminal`, terminals
 * too, and with ioctl: from ABI 5 on a terminal opened without it has no size
 * and no modes. Descriptors opened before the ruleset keep theirs anyway.
 *
 * The harmless ones get no ioctl: asking whether /dev/null is a terminal then
 * gives EACCES instead of ENOTTY, which isatty(3) takes for the same answer.
 */
export function deviceRules({ terminal }: { readonly terminal: boolean }): readonly PathRule[] {
  const harmless = HARMLESS.map((path): PathRule => ({ path, access: ['read', 'write'] }));
  if (!terminal) return harmless;
  const terminals = TERMINALS.map((path): PathRule => ({ path, access: ['read', 'write', 'ioctl'] }));
  return [...harmless, ...terminals, { path: '/dev/pts', access: ['read', 'list', 'write', 'ioctl'] }];
}
