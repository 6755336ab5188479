/** Which mount holds a path, and what it takes. */
import type { BindMount, Filesystem, PathAccess, Scratch } from './policy.js';
import { isAtOrBelow } from './reach.js';

/** Uses of a path that a read-only mount refuses. */
export const CHANGING_USES: readonly PathAccess[] = [
  'write',
  'create',
  'remove',
  'truncate',
  'make-socket',
  'make-fifo',
  'refer',
];

export type Mount =
  | { readonly kind: 'scratch'; readonly entry: Scratch; readonly isReadOnly: false; readonly isNoexec: boolean }
  | { readonly kind: 'bind'; readonly entry: BindMount; readonly isReadOnly: boolean; readonly isNoexec: boolean }
  | { readonly kind: 'proc' | 'dev'; readonly isReadOnly: false; readonly isNoexec: true }
  | { readonly kind: 'root'; readonly isReadOnly: boolean; readonly isNoexec: false }
  | { readonly kind: 'missing'; readonly at: string; readonly why: string };

/** What a minimal /dev has. */
const DEVICES = /^\/dev(\/(null|zero|full|random|urandom|tty|ptmx|fd|stdin|stdout|stderr|pts(\/.*)?|shm(\/.*)?))?$/;

const ROOTLESS: Mount = { kind: 'missing', at: '/filesystem', why: 'nothing is mounted' };

function deviceMount(dev: Filesystem['dev'], path: string): Mount {
  if (dev === 'none') return { kind: 'missing', at: '/filesystem/dev', why: 'there is no /dev' };
  if (!DEVICES.test(path)) return { kind: 'missing', at: '/filesystem', why: '/dev has harmless devices alone' };
  return { kind: 'dev', isReadOnly: false, isNoexec: true };
}

/** The innermost mount that holds `path`. */
export function mountAt(filesystem: Filesystem, path: string): Mount {
  const { scratch, mounts, root, dev } = filesystem;
  const entries: readonly { readonly target: string; readonly mount: Mount }[] = [
    ...scratch.map((entry) => ({
      target: entry.path,
      mount: { kind: 'scratch', entry, isReadOnly: false, isNoexec: entry.flags.noexec } as const,
    })),
    ...mounts.map((entry) => ({
      target: entry.to,
      mount: { kind: 'bind', entry, isReadOnly: entry.access === 'read-only', isNoexec: entry.flags.noexec } as const,
    })),
    { target: '/proc', mount: { kind: 'proc', isReadOnly: false, isNoexec: true } },
    { target: '/dev', mount: deviceMount(dev, path) },
    {
      target: '/sys',
      mount: {
        kind: 'missing',
        at: '/filesystem',
        why: 'no policy mounts the kernel’s /sys',
      },
    },
    { target: '/', mount: { kind: 'root', isReadOnly: root === 'read-only', isNoexec: false } },
  ];
  const holding = entries.filter(({ target }) => isAtOrBelow(path, target));
  const [innermost] = holding.sort((a, b) => b.target.length - a.target.length);
  return innermost?.mount ?? ROOTLESS;
}
