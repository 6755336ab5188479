/** Unpacked layers: each DiffID once for each id map, complete or not there. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, hexOf } from '../base/digest.js';
import { asStoreError, hasErrno, noNamespaces, StoreError, storeFull } from './errors.js';
import { lockUnless } from './lock.js';
import { isAlive, thisProcess } from './owner.js';
import { layersFolder, readIfPresent, type Store, writeWhole } from './store.js';
import {
  type LayerReport,
  type Limits,
  type Mapping,
  type OpenBlob,
  runRemover,
  runUnpacker,
  type UnpackFailure,
} from './unpacker.js';

/** `folder` is the tree itself, for overlayfs. */
export type Layer = { readonly folder: string; readonly report: LayerReport };

/** The one folder of the layer that namespace ids may write to while it is made or removed. */
const OPEN_MODE = 0o777;
const CLOSED_MODE = 0o755;
const TEMPORARY = /^tmp-(\d+-\d+-\d+)-[0-9a-f]+$/;

export type AddOptions = {
  readonly limits: Limits;
  /** Called with the number of bytes read so far of the blob. */
  readonly onRead: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
  /** Throws where the unpacked blob is not what it was said to be; it is removed then. */
  readonly check: (report: LayerReport) => void;
  /** The error to throw where the helper refused or failed, but for a full disk. */
  readonly failed: (failure: UnpackFailure) => Error;
};

/** A layer that was unpacked before. @throws {StoreError} STORE_UNUSABLE */
export function findLayer(store: Store, mapping: Mapping, diffId: Digest): Layer | undefined {
  return readLayer(join(layersFolder(store, mapping.idMap), hexOf(diffId)));
}

/**
 * The layer of this DiffID, unpacked from `blob` unless somebody else has done or does so.
 * On any failure nothing of it is left.
 *
 * @throws {StoreError} STORE_FULL, STORE_INTERRUPTED, STORE_UNUSABLE; what `check` and `failed` throw
 */
export async function addLayer(
  store: Store,
  mapping: Mapping,
  diffId: Digest,
  blob: OpenBlob,
  options: AddOptions,
): Promise<Layer> {
  const parent = layersFolder(store, mapping.idMap);
  const place = join(parent, hexOf(diffId));
  try {
    const present = (): boolean => readLayer(place) !== undefined;
    const lock = await lockUnless(`${place}.lock`, present, options.signal);
    try {
      if (lock !== undefined) await unpackTo(parent, place, mapping, blob, options);
    } finally {
      lock?.release();
    }
  } catch (error) {
    throw isErrno(error) ? asStoreError(error, store.root) : error;
  }
  const layer = readLayer(place);
  if (layer === undefined) throw new StoreError('STORE_INTERRUPTED', 'unpacking was interrupted');
  return layer;
}

/** Removes what processes that have died left behind. @throws {StoreError} STORE_REMOVE_FAILED, STORE_UNUSABLE */
export async function removeDebris(store: Store, mapping: Mapping): Promise<void> {
  const parent = layersFolder(store, mapping.idMap);
  for (const name of readdirSync(parent)) {
    const owner = TEMPORARY.exec(name)?.[1];
    if (owner === undefined) continue;
    const age = Date.now() - (statSync(join(parent, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (isAlive(owner, age)) continue;
    const claimed = temporaryName(parent);
    try {
      renameSync(join(parent, name), claimed);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) continue;
      throw asStoreError(error, store.root);
    }
    await removeTemporary(claimed, mapping);
  }
}

/** Removes one layer's folder. @throws {StoreError} STORE_REMOVE_FAILED, STORE_UNUSABLE */
export async function removeLayer(store: Store, mapping: Mapping, diffId: Digest): Promise<void> {
  const parent = layersFolder(store, mapping.idMap);
  const temporary = temporaryName(parent);
  try {
    renameSync(join(parent, hexOf(diffId)), temporary);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return;
    throw asStoreError(error, store.root);
  }
  await removeTemporary(temporary, mapping);
}

/** Removes every layer of the map, finished or not. @throws {StoreError} STORE_REMOVE_FAILED, STORE_UNUSABLE */
export async function removeAllLayers(store: Store, mapping: Mapping): Promise<void> {
  const parent = layersFolder(store, mapping.idMap);
  for (const entry of readdirSync(parent, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTemporary(join(parent, entry.name), mapping);
  }
}

async function unpackTo(
  parent: string,
  place: string,
  mapping: Mapping,
  blob: OpenBlob,
  options: AddOptions,
): Promise<void> {
  const temporary = temporaryName(parent);
  mkdirSync(temporary, { mode: 0o700 });
  try {
    chmodSync(temporary, OPEN_MODE);
    const outcome = await runUnpacker(temporary, blob, mapping, options);
    if (outcome.kind === 'failed') throw asFailure(outcome.failure, parent, options);
    options.check(outcome.report);
    chmodSync(temporary, CLOSED_MODE);
    writeWhole(join(temporary, 'layer.json'), JSON.stringify(outcome.report));
    putInPlace(temporary, place);
  } finally {
    await removeTemporary(temporary, mapping);
  }
}

function asFailure(failure: UnpackFailure, parent: string, options: AddOptions): Error {
  if (failure.code === 'no-space') return storeFull(parent);
  return failure.code === 'no-namespaces' ? noNamespaces(failure.message) : options.failed(failure);
}

/** Somebody else may have been faster; then ours is removed as what it is: temporary. */
function putInPlace(temporary: string, place: string): void {
  try {
    renameSync(temporary, place);
  } catch (error) {
    if (!hasErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
  }
}

async function removeTemporary(folder: string, mapping: Mapping): Promise<void> {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return;
  rmSync(join(folder, 'layer.json'), { force: true });
  chmodSync(folder, OPEN_MODE);
  if (readdirSync(folder).length > 0) await runRemover(folder, mapping);
  rmdirSync(folder);
}

function readLayer(place: string): Layer | undefined {
  const text = readIfPresent(join(place, 'layer.json'));
  return text && { folder: join(place, 'fs'), report: JSON.parse(text.toString()) as LayerReport };
}

const temporaryName = (parent: string): string =>
  join(parent, `tmp-${thisProcess()}-${randomBytes(6).toString('hex')}`);

const isErrno = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && typeof error.syscall === 'string';
