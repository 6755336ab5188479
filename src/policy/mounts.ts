/** A policy's files as an ordered list of things done to the mount namespace. */
import type { MountOperation } from './compiled.js';
import type { Filesystem } from './policy.js';

/**
 * First what stands alone, then folders and binds with the outer before the
 * inner, then what hides or freezes parts of all that.
 */
export function mountsOf(filesystem: Filesystem): MountOperation[] {
  const { proc, dev, shmSize, scratch, mounts, mask, readOnly } = filesystem;
  const operations: MountOperation[] = [];
  if (proc !== 'none') operations.push({ kind: 'proc', subsetPid: proc === 'pids' });
  if (dev !== 'none') operations.push({ kind: 'dev', shmSizeBytes: shmSize });
  const targets = [
    ...scratch.map(({ path, size, files, mode, flags }): Extract<MountOperation, { kind: 'tmpfs' }> => {
      return { kind: 'tmpfs', target: path, sizeBytes: size, maxFiles: files, mode, flags };
    }),
    ...mounts.map(({ from, to, access, flags }): Extract<MountOperation, { kind: 'bind' }> => {
      return { kind: 'bind', source: from, target: to, access, flags };
    }),
  ];
  const depth = (path: string): number => path.split('/').length;
  operations.push(...targets.sort((a, b) => depth(a.target) - depth(b.target) || (a.target < b.target ? -1 : 1)));
  for (const target of unique(mask)) operations.push({ kind: 'mask', target });
  for (const target of unique(readOnly)) operations.push({ kind: 'read-only', target });
  return operations;
}

const unique = (lists: Filesystem['mask']): string[] => [...new Set(lists.flatMap(({ paths }) => paths))];
