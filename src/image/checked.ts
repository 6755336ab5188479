/** Blobs that are what their descriptor says, or nothing. */
import { type Digest, digestOf } from '../base/digest.js';
import { ImageError } from './errors.js';
import { readAll } from './files.js';
import type { Descriptor } from './manifest.js';
import { malformed } from './shape.js';
import type { OpenedBlob } from './source.js';

type Wanted = Pick<Descriptor, 'digest' | 'size'>;

/**
 * The bytes of the blob that `wanted` describes; `name` says in errors what it is.
 *
 * @throws {ImageError} IMAGE_NOT_FOUND, IMAGE_DIGEST_MISMATCH, IMAGE_MALFORMED
 */
export function readChecked(
  open: (digest: Digest) => OpenedBlob | undefined,
  wanted: Wanted,
  name: string,
  limitBytes: number,
): Buffer {
  if (wanted.size > limitBytes) throw malformed(name, `it is larger than ${limitBytes} bytes`);
  const blob = open(wanted.digest);
  if (blob === undefined) throw missing(name, wanted.digest);
  try {
    requireSize(blob.length, wanted, name);
    const bytes = readAll(blob, limitBytes);
    if (bytes === undefined) throw malformed(name, 'it ended while it was read');
    requireDigest(digestOf(bytes), wanted.digest, name);
    return bytes;
  } finally {
    blob.close();
  }
}

/** @throws {ImageError} IMAGE_DIGEST_MISMATCH */
export function requireSize(found: number, { size, digest }: Wanted, name: string): void {
  if (found !== size) throw mismatch(name, `${digest} with ${size} bytes`, `${found} bytes`);
}

/** @throws {ImageError} IMAGE_DIGEST_MISMATCH */
export function requireDigest(found: Digest, expected: Digest, name: string): void {
  if (found !== expected) throw mismatch(name, expected, found);
}

/** A blob that is listed but not there. */
export const missing = (name: string, digest: Digest): ImageError =>
  new ImageError('IMAGE_NOT_FOUND', `${name} (${digest}) is missing from the image`, {
    hint: 'the image is incomplete; copy or pull it again',
  });

const mismatch = (name: string, expected: string, found: string): ImageError =>
  new ImageError('IMAGE_DIGEST_MISMATCH', `${name} of the image is not what it should be`, {
    why: `expected ${expected}, found ${found}: it was altered or damaged after the image was made`,
    hint: 'do not use this copy; get the image again from where it was built',
  });
