/**
 * From an image that a verdict lets through to folders that a sandbox can use.
 * All blobs are held against their digests before the first is unpacked. Each
 * is hashed once more while it is unpacked, and is in its place only when both
 * its digests are right.
 */
import { statSync } from 'node:fs';
import type { IdMap } from '../base/id-map.js';
import { addLayer, findLayer, type Layer, removeDebris } from '../store/layers.js';
import { markSeen, wasSeen } from '../store/seen.js';
import type { Store } from '../store/store.js';
import { DEFAULT_LIMITS, type LayerReport, type Limits, type Mapping, type UnpackFailure } from '../store/unpacker.js';
import type { Verdict } from '../trust/verdict.js';
import { visibleAccountFile } from './accounts.js';
import { missing, requireDigest, requireSize } from './checked.js';
import { asRunConfiguration, type ImageConfiguration } from './configuration.js';
import { ImageError } from './errors.js';
import { hashBlob, isCompressed } from './files.js';
import type { FolderImage, Image, ImageLayer, LayeredImage } from './load.js';
import { rememberImage } from './records.js';
import { remarksOf } from './remarks.js';
import type { RootFs, TrustSummary } from './rootfs.js';
import type { OpenedBlob } from './source.js';

export type Progress = {
  /** From 1, bottom layer first. */
  readonly layer: number;
  readonly layers: number;
  readonly bytesRead: number;
  readonly bytes: number;
};

export type UnpackOptions = {
  readonly limits?: Limits;
  readonly onProgress?: (progress: Progress) => void;
  /** Gives up, leaves nothing behind and throws STORE_INTERRUPTED. */
  readonly signal?: AbortSignal;
};

/**
 * The root file system of `image`, unpacked where that was not done before.
 *
 * @throws {ImageError} IMAGE_DIGEST_MISMATCH, IMAGE_NOT_FOUND, IMAGE_UNPACK_REFUSED, IMAGE_UNPACK_FAILED,
 *   IMAGE_USER_UNKNOWN
 * @throws {StoreError} STORE_FULL, STORE_UNUSABLE, STORE_INTERRUPTED, STORE_REMOVE_FAILED
 */
export async function unpackImage(
  image: Image,
  verdict: Verdict,
  mapping: Mapping,
  store: Store,
  options: UnpackOptions = {},
): Promise<RootFs> {
  const trust = summaryOf(verdict);
  return image.kind === 'folder'
    ? folderRoot(image, trust, mapping)
    : await layeredRoot(image, trust, mapping, store, options);
}

function summaryOf(verdict: Verdict): TrustSummary {
  switch (verdict.kind) {
    case 'trusted':
      return { kind: 'signed', signer: verdict.signer, format: verdict.format, rule: verdict.rule };
    case 'pinned':
      return { kind: 'unsigned', by: `digest pinned by rule ${verdict.rule}` };
    case 'unverified':
      return { kind: 'unsigned', by: verdict.by };
  }
}

async function layeredRoot(
  image: LayeredImage,
  trust: TrustSummary,
  mapping: Mapping,
  store: Store,
  options: UnpackOptions,
): Promise<RootFs> {
  await removeDebris(store, mapping);
  requireAllUnaltered(image, store);
  const layers: Layer[] = [];
  for (const [at, layer] of image.layers.entries())
    layers.push(await unpackLayer(image, layer, at, mapping, store, options));
  const reports = layers.map(({ report }) => report).reverse();
  const accounts = {
    passwd: visibleAccountFile(reports.map(({ passwd }) => passwd)),
    group: visibleAccountFile(reports.map(({ group }) => group)),
  };
  rememberImage(store, image, mapping.idMap);
  return {
    reference: image.reference,
    digest: image.manifestDigest,
    layers: [...new Set(layers.map(({ folder }) => folder).reverse())],
    idMap: mapping.idMap,
    configuration: asRunConfiguration(image.configuration, accounts),
    trust,
    remarks: remarksOf(reports, mapping.idMap),
  };
}

/**
 * An image with one altered layer is refused as a whole: nothing of it is unpacked, not even a good layer below.
 * A layer that is alone needs no reading of its own, because it is hashed while it is unpacked.
 */
function requireAllUnaltered({ layers }: LayeredImage, store: Store): void {
  if (layers.length < 2) return;
  for (const [at, layer] of layers.entries()) {
    const blob = openLayer(layer, at);
    try {
      requireUnaltered(store, layer, blob, nameOf(at));
    } finally {
      blob.close();
    }
  }
}

const nameOf = (at: number): string => `layer ${at + 1}`;

/** @throws {ImageError} IMAGE_NOT_FOUND, IMAGE_DIGEST_MISMATCH where its size is another */
function openLayer(layer: ImageLayer, at: number): OpenedBlob {
  const blob = layer.open();
  if (blob === undefined) throw missing(nameOf(at), layer.digest ?? layer.diffId);
  if (layer.digest !== undefined) {
    try {
      requireSize(blob.length, { size: layer.size, digest: layer.digest }, nameOf(at));
    } catch (error) {
      blob.close();
      throw error;
    }
  }
  return blob;
}

/** Bytes that were unpacked before are used again; the blob at hand is held against its digest all the same, once. */
async function unpackLayer(
  image: LayeredImage,
  layer: ImageLayer,
  at: number,
  mapping: Mapping,
  store: Store,
  { limits = DEFAULT_LIMITS, onProgress, signal }: UnpackOptions,
): Promise<Layer> {
  const name = nameOf(at);
  const digest = layer.digest ?? layer.diffId;
  const blob = openLayer(layer, at);
  try {
    const known = findLayer(store, mapping, layer.diffId);
    if (known !== undefined) {
      requireUnaltered(store, layer, blob, name);
      return known;
    }
    const progress = { layer: at + 1, layers: image.layers.length, bytes: layer.size };
    const added = await addLayer(store, mapping, layer.diffId, blob, {
      limits,
      signal,
      onRead: (bytesRead) => onProgress?.({ ...progress, bytesRead }),
      check: (report) => checkReport(report, layer, name),
      failed: (failure) => asImageError(failure, name),
    });
    markSeen(store, digest, blob);
    return added;
  } catch (error) {
    // An altered blob is most often a damaged archive too: say what it is, not what came of it.
    if (error instanceof ImageError && error.code !== 'IMAGE_DIGEST_MISMATCH') requireBlobDigest(layer, blob, name);
    throw error;
  } finally {
    blob.close();
  }
}

function requireUnaltered(store: Store, layer: ImageLayer, blob: OpenedBlob, name: string): void {
  const digest = layer.digest ?? layer.diffId;
  if (wasSeen(store, digest, blob)) return;
  requireBlobDigest(layer, blob, name);
  markSeen(store, digest, blob);
}

/** Docker's archives have a digest only of what is in a compressed layer; there the unpacker alone can tell. */
function requireBlobDigest(layer: ImageLayer, blob: OpenedBlob, name: string): void {
  if (layer.digest === undefined && isCompressed(blob)) return;
  requireDigest(hashBlob(blob), layer.digest ?? layer.diffId, name);
}

function checkReport(report: LayerReport, layer: ImageLayer, name: string): void {
  if (layer.digest !== undefined) requireDigest(report.blobDigest, layer.digest, name);
  requireDigest(report.diffId, layer.diffId, `${name}, uncompressed,`);
}

function asImageError({ code, message, entry }: UnpackFailure, name: string): ImageError {
  const where = entry === '' ? name : `${name}, entry ${JSON.stringify(entry)}`;
  if (code === 'refused' || code === 'limit') {
    return new ImageError('IMAGE_UNPACK_REFUSED', `${where}: ${message}`, {
      why: 'an archive that needs this is damaged or made to do harm; nothing of it was kept',
      hint: 'look at it with: tar -tvf; and build the image again without it',
    });
  }
  return new ImageError('IMAGE_UNPACK_FAILED', `${where}: ${message}`, {
    why: 'nothing of it was kept',
    hint: code === 'corrupt' ? 'the image is damaged; get it again' : 'sandbox doctor says what this host lacks',
  });
}

function folderRoot(image: FolderImage, trust: TrustSummary, { idMap }: Mapping): RootFs {
  return {
    reference: image.reference,
    digest: undefined,
    layers: [image.folder],
    idMap,
    configuration: asRunConfiguration(EMPTY_CONFIGURATION, { passwd: { kind: 'none' }, group: { kind: 'none' } }),
    trust,
    remarks: foreignOwner(image.folder, idMap),
  };
}

/** A plain folder is used as it stands: what belongs to ids outside the map is nobody's inside. */
function foreignOwner(folder: string, { method, uid }: IdMap): readonly string[] {
  const owner = statSync(folder).uid;
  if (uid.some(({ outer, count }) => owner >= outer && owner < outer + count)) return [];
  const ids = method === 'single' ? 'you' : 'ids of a sandbox';
  return [`${folder} does not belong to ${ids}: inside its files are nobody's, and cannot be changed under any policy`];
}

const EMPTY_CONFIGURATION: ImageConfiguration = {
  os: 'linux',
  architecture: 'amd64',
  diffIds: [],
  environment: [],
  entrypoint: [],
  command: [],
  workingDirectory: '/',
  user: '',
  stopSignal: 15,
};
