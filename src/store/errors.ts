/** How keeping things on the disk fails. */
import { type ErrorDetail, SandboxError } from '../base/errors.js';

export type StoreErrorCode =
  /** No space or no quota left. */
  | 'STORE_FULL'
  /** The store's folder cannot be made, read or written, or is not the user's alone. */
  | 'STORE_UNUSABLE'
  /** The unpacker, which has namespaces of its own, may make none here. */
  | 'STORE_NO_NAMESPACES'
  /** Something of the store could not be removed. */
  | 'STORE_REMOVE_FAILED'
  /** The caller gave up (Ctrl-C); nothing was kept. */
  | 'STORE_INTERRUPTED';

export class StoreError extends SandboxError<StoreErrorCode> {}

/** Whether `error` came from a system call with one of these error names. */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && names.includes(String(error.code));
}

/** What a failed write to `folder` is to the user. */
export function asStoreError(error: unknown, folder: string, detail: ErrorDetail = {}): StoreError {
  if (error instanceof StoreError) return error;
  if (hasErrno(error, 'ENOSPC', 'EDQUOT')) return storeFull(folder, error);
  const why = error instanceof Error ? error.message : String(error);
  const hint = `check that ${folder} is on a working disk and belongs to you with mode 0700`;
  return new StoreError('STORE_UNUSABLE', `the image store ${folder} cannot be used`, {
    why,
    hint,
    cause: error,
    ...detail,
  });
}

/** The disk or the quota is full; what was being written is removed by the caller. */
export function storeFull(folder: string, cause?: unknown): StoreError {
  return new StoreError('STORE_FULL', `no space left for the image store ${folder}`, {
    why: 'the disk or your quota is full; what was being unpacked has been removed again',
    hint: 'free some space, or remove images with: sandbox image remove',
    cause,
  });
}

/** This host lets the user make no user namespace: nothing can be unpacked, nor run. */
export function noNamespaces(why: string): StoreError {
  return new StoreError('STORE_NO_NAMESPACES', 'user-namespace: this host lets you make none', {
    why: `${why}; images are unpacked and run in namespaces of their own`,
    hint: 'run: sandbox doctor; it names the setting that forbids it, and the fix',
  });
}
