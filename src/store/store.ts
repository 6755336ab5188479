/**
 * The store's folders and small files. Everything below `root` is the user's alone (0700).
 *
 *   layers/MAP/map.json              the id map that MAP is the digest of
 *   layers/MAP/HEX/fs, layer.json    an unpacked layer by DiffID, and what was met in it
 *   layers/MAP/HEX.lock              who is unpacking it
 *   layers/MAP/tmp-OWNER-RANDOM      work in progress
 *   blobs/sha256/HEX                 manifests and configurations of unpacked images
 *   images/HEX.json                  which image is made of which layers
 *   seen/HEX.json                    files whose digest was checked
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../base/canonical-json.js';
import { type Digest, digestOf, hexOf } from '../base/digest.js';
import { makeFolders } from '../base/folders.js';
import type { IdMap } from '../base/id-map.js';
import { asStoreError, hasErrno, StoreError } from './errors.js';

export type Store = { readonly root: string };

/** Opens the user's store, and makes it where there is none. @throws {StoreError} STORE_UNUSABLE, STORE_FULL */
export function openStore(root: string): Store {
  try {
    makeFolders(root, 0o700);
    // A link to a larger disk is the user's own choice; from here on it is the folder itself.
    const folder = realpathSync(root);
    const status = statSync(folder);
    if (!status.isDirectory() || status.uid !== process.getuid?.()) {
      throw new StoreError('STORE_UNUSABLE', `the image store ${root} is not a folder of yours`, {
        hint: 'set XDG_DATA_HOME to a folder that belongs to you',
      });
    }
    if ((status.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    for (const name of ['layers', 'blobs/sha256', 'images', 'seen']) makeFolders(join(folder, name), 0o700);
    return { root: folder };
  } catch (error) {
    throw asStoreError(error, root);
  }
}

/** The folder of the layers that were unpacked under `idMap`. @throws {StoreError} STORE_UNUSABLE, STORE_FULL */
export function layersFolder(store: Store, idMap: IdMap): string {
  const folder = join(store.root, 'layers', mapKey(idMap));
  try {
    makeFolders(folder, 0o700);
    const file = join(folder, 'map.json');
    if (readIfPresent(file) === undefined) writeWhole(file, canonicalJson(idMap));
  } catch (error) {
    throw asStoreError(error, store.root);
  }
  return folder;
}

/** Files of one map mean nothing under another: a store for each. */
export const mapKey = (idMap: IdMap): string => hexOf(digestOf(canonicalJson(idMap))).slice(0, 32);

/** Keeps a small blob. @throws {StoreError} STORE_UNUSABLE, STORE_FULL */
export function keepBlob(store: Store, digest: Digest, bytes: Uint8Array): void {
  const file = blobFile(store, digest);
  try {
    if (readIfPresent(file) === undefined) writeWhole(file, bytes);
  } catch (error) {
    throw asStoreError(error, store.root);
  }
}

/** A blob that was kept. */
export const readKeptBlob = (store: Store, digest: Digest): Buffer | undefined =>
  readIfPresent(blobFile(store, digest));

export const removeKeptBlob = (store: Store, digest: Digest): void => rmSync(blobFile(store, digest), { force: true });

const blobFile = (store: Store, digest: Digest): string => join(store.root, 'blobs/sha256', hexOf(digest));

/** Writes `file` so that others see all of it or nothing. */
export function writeWhole(file: string, contents: string | Uint8Array, mode = 0o600): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    writeFileSync(temporary, contents, { mode, flag: 'wx', flush: true });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The contents of `file`, undefined where there is none. */
export function readIfPresent(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
