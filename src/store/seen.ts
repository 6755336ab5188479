/**
 * Files whose bytes were already held against a digest: as long as nothing
 * about the file changed, they need not be read again.
 */
import { type BigIntStats, fstatSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, hexOf } from '../base/digest.js';
import { asStoreError } from './errors.js';
import { readIfPresent, type Store, writeWhole } from './store.js';
import type { OpenBlob } from './unpacker.js';

/** How many files of one digest are remembered. */
const MOST_FILES = 8;

/** Whether this part of this very file was checked before, and neither written nor replaced since. */
export function wasSeen(store: Store, digest: Digest, blob: OpenBlob): boolean {
  return identities(store, digest).includes(identityOf(blob));
}

/** Remembers that this part of this file has that digest. @throws {StoreError} STORE_UNUSABLE, STORE_FULL */
export function markSeen(store: Store, digest: Digest, blob: OpenBlob): void {
  const known = identities(store, digest).filter((identity) => identity !== identityOf(blob));
  try {
    writeWhole(fileOf(store, digest), JSON.stringify([identityOf(blob), ...known].slice(0, MOST_FILES)));
  } catch (error) {
    throw asStoreError(error, store.root);
  }
}

function identities(store: Store, digest: Digest): readonly string[] {
  try {
    const value: unknown = JSON.parse(readIfPresent(fileOf(store, digest))?.toString() ?? '[]');
    return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  } catch {
    // Damaged: the file is read once more, and remembered anew.
    return [];
  }
}

function identityOf({ descriptor, offset, length }: OpenBlob): string {
  const status: BigIntStats = fstatSync(descriptor, { bigint: true });
  const parts = [status.dev, status.ino, status.size, status.mtimeNs, status.ctimeNs, offset, length];
  return parts.join(':');
}

const fileOf = (store: Store, digest: Digest): string => join(store.root, 'seen', `${hexOf(digest)}.json`);
