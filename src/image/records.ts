/** Which images were unpacked, from where, and of which layers they are made. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, hexOf, isDigest } from '../base/digest.js';
import type { IdMap } from '../base/id-map.js';
import { asStoreError } from '../store/errors.js';
import { keepBlob, mapKey, readIfPresent, type Store, writeWhole } from '../store/store.js';
import { ImageError } from './errors.js';
import type { LayeredImage } from './load.js';

export type ImageRecord = {
  readonly digest: Digest;
  readonly configurationDigest: Digest;
  /** As users named it, the latest last. */
  readonly references: readonly string[];
  /** Bottom layer first. */
  readonly layers: readonly { readonly diffId: Digest; readonly digest: Digest; readonly size: number }[];
  /** Under which id maps its layers were unpacked. */
  readonly maps: readonly string[];
};

export type ListedImage = ImageRecord & { readonly unpackedAt: Date; readonly sizeBytes: number };

const MOST_REFERENCES = 16;
/** Of a digest's 64 digits, when a user names an image by its first ones. */
const LEAST_DIGITS = 8;

/** Records that `image` was unpacked under `idMap`; writes only what is new. @throws {StoreError} STORE_UNUSABLE, STORE_FULL */
export function rememberImage(store: Store, image: LayeredImage, idMap: IdMap): void {
  const before = readRecord(store, hexOf(image.manifestDigest));
  const key = mapKey(idMap);
  if (before?.references.includes(image.reference) && before.maps.includes(key)) return;
  const others = (before?.references ?? []).filter((reference) => reference !== image.reference);
  const record: ImageRecord = {
    digest: image.manifestDigest,
    configurationDigest: image.configurationDigest,
    references: [...others, image.reference].slice(-MOST_REFERENCES),
    layers: image.layers.map(({ diffId, digest, size }) => ({ diffId, digest: digest ?? diffId, size })),
    maps: [...new Set([...(before?.maps ?? []), key])],
  };
  keepBlob(store, image.manifestDigest, image.manifestBytes);
  keepBlob(store, image.configurationDigest, image.configurationBytes);
  try {
    writeWhole(recordFile(store, image.manifestDigest), JSON.stringify(record));
  } catch (error) {
    throw asStoreError(error, store.root);
  }
}

/** All images of the store, the latest unpacked last. */
export function listImages(store: Store): readonly ListedImage[] {
  const listed = readdirSync(join(store.root, 'images')).flatMap((name) => {
    const record = name.endsWith('.json') ? readRecord(store, name.slice(0, -'.json'.length)) : undefined;
    if (record === undefined) return [];
    const unpackedAt = statSync(recordFile(store, record.digest)).mtime;
    return [{ ...record, unpackedAt, sizeBytes: record.layers.reduce((sum, { size }) => sum + size, 0) }];
  });
  return listed.sort((a, b) => a.unpackedAt.getTime() - b.unpackedAt.getTime());
}

/** The image that `name` means: a reference it was unpacked as, its digest, or the digest's first digits. @throws {ImageError} IMAGE_UNKNOWN, IMAGE_AMBIGUOUS */
export function findImage(store: Store, name: string): ListedImage {
  const images = listImages(store);
  const hint = 'sandbox image list shows what is there';
  const digits = name.replace(/^sha256:/, '');
  const isPrefix = /^[0-9a-f]{8,64}$/.test(digits) && digits.length >= LEAST_DIGITS;
  const byDigest = isPrefix ? images.filter(({ digest }) => hexOf(digest).startsWith(digits)) : [];
  const fitting = byDigest.length > 0 ? byDigest : images.filter(({ references }) => references.includes(name));
  const last = fitting.at(-1);
  if (last === undefined)
    throw new ImageError('IMAGE_UNKNOWN', `no image ${JSON.stringify(name)} in the store`, { hint });
  if (byDigest.length > 1)
    throw new ImageError('IMAGE_AMBIGUOUS', `${JSON.stringify(name)} fits ${byDigest.length} images`, { hint });
  return last;
}

export function forgetImage(store: Store, digest: Digest): void {
  rmSync(recordFile(store, digest), { force: true });
}

function readRecord(store: Store, hex: string): ImageRecord | undefined {
  const digest = `sha256:${hex}`;
  const text = isDigest(digest) ? readIfPresent(join(store.root, 'images', `${hex}.json`)) : undefined;
  return text && (JSON.parse(text.toString()) as ImageRecord);
}

const recordFile = (store: Store, digest: Digest): string => join(store.root, 'images', `${hexOf(digest)}.json`);
