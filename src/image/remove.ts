/** Taking images out of the store, files of subordinate ids included. */
import { existsSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { IdMap } from '../base/id-map.js';
import { asStoreError } from '../store/errors.js';
import { removeAllLayers, removeLayer } from '../store/layers.js';
import { readIfPresent, removeKeptBlob, type Store } from '../store/store.js';
import type { Mapping } from '../store/unpacker.js';
import { forgetImage, type ListedImage, listImages } from './records.js';

/** newuidmap and newgidmap, for layers that were unpacked with subordinate ids. */
export type MapPrograms = Omit<Mapping, 'idMap'>;

/**
 * Removes an image, and those of its layers that no other image has.
 * No sandbox may be running from them.
 *
 * @throws {StoreError} STORE_REMOVE_FAILED, STORE_UNUSABLE
 */
export async function removeImage(store: Store, image: ListedImage, programs: MapPrograms): Promise<void> {
  const others = listImages(store).filter(({ digest }) => digest !== image.digest);
  const stillUsed = new Set(others.flatMap(({ layers }) => layers.map(({ diffId }) => diffId)));
  forgetImage(store, image.digest);
  for (const map of image.maps) {
    const mapping = mappingOf(store, map, programs);
    if (mapping === undefined) continue;
    for (const { diffId } of image.layers) if (!stillUsed.has(diffId)) await removeLayer(store, mapping, diffId);
  }
  removeKeptBlob(store, image.digest);
  if (!others.some(({ configurationDigest }) => configurationDigest === image.configurationDigest)) {
    removeKeptBlob(store, image.configurationDigest);
  }
}

/** Removes the store with everything in it; true where there was one. @throws {StoreError} STORE_REMOVE_FAILED, STORE_UNUSABLE */
export async function removeStore(root: string, programs: MapPrograms): Promise<boolean> {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  const store: Store = { root: realpathSync(root) };
  try {
    const layers = join(store.root, 'layers');
    for (const map of existsSync(layers) ? readdirSync(layers) : []) {
      const mapping = mappingOf(store, map, programs);
      if (mapping !== undefined) await removeAllLayers(store, mapping);
    }
    rmSync(store.root, { recursive: true, force: true });
    rmSync(root, { force: true });
  } catch (error) {
    throw asStoreError(error, root);
  }
  return true;
}

/** The map that the folder's layers were unpacked under, which need not be today's. */
function mappingOf(store: Store, map: string, programs: MapPrograms): Mapping | undefined {
  const text = readIfPresent(join(store.root, 'layers', map, 'map.json'));
  return text && { idMap: JSON.parse(text.toString()) as IdMap, ...programs };
}
