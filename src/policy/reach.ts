/** What a policy's sections on files mean for one path: rights, hiding, writing. */
import type { Filesystem, Origin, PathAccess } from './policy.js';

export const isAtOrBelow = (path: string, above: string): boolean =>
  path === above || above === '/' || path.startsWith(`${above}/`);

/** The rights that the rules grant at `path`, each with the rule that does. */
export function rightsAt(filesystem: Filesystem, path: string): Map<PathAccess, Origin> {
  const rights = new Map<PathAccess, Origin>();
  for (const rule of filesystem.allow) {
    if (!rule.paths.some((above) => isAtOrBelow(path, above))) continue;
    for (const access of rule.access) if (!rights.has(access)) rights.set(access, rule);
  }
  return rights;
}

/** Whether `path` is there to be seen. */
export function isVisible(filesystem: Filesystem, path: string): boolean {
  return isPresent(filesystem, path) && !filesystem.mask.some(({ paths }) => paths.some((p) => isAtOrBelow(path, p)));
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
  if (filesystem.readOnly.some(({ paths }) => paths.some((above) => isAtOrBelow(path, above)))) return false;
  const targets = [
    ...filesystem.scratch.map((one) => ({ target: one.path, takesWriting: true })),
    ...filesystem.mounts.map((one) => ({ target: one.to, takesWriting: one.access === 'read-write' })),
    { target: '/proc', takesWriting: filesystem.proc !== 'none' || filesystem.root === 'writable' },
    { target: '/dev', takesWriting: filesystem.dev !== 'none' || filesystem.root === 'writable' },
    { target: '/', takesWriting: filesystem.root === 'writable' },
  ];
  const above = targets.filter(({ target }) => isAtOrBelow(path, target));
  const [innermost] = above.sort((a, b) => b.target.length - a.target.length);
  return innermost?.takesWriting ?? false;
}
