/**
 * Puts a signature into an OCI layout: its blobs, then its entry in index.json,
 * which is replaced as a whole, so that a reader sees it before or after.
 *
 * @see image-spec image-layout.md
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf } from '../base/digest.js';
import { makeFolders } from '../base/folders.js';
import { asStoreError } from '../store/errors.js';
import { writeWhole } from '../store/store.js';
import type { SignatureArtifact } from '../trust/sign-image.js';
import { REF_NAME } from './choose.js';
import { asObject, malformed, parseDocument } from './shape.js';

/** As other tools write layouts: for everybody that the user's umask lets read. */
const SHARED = 0o644;

/**
 * Adds `artifact` to the layout at `folder`. Every other entry and member of index.json stays as it is.
 *
 * @throws {ImageError} IMAGE_MALFORMED
 * @throws {StoreError} STORE_UNUSABLE, STORE_FULL where the layout cannot be written
 */
export function addSignature(folder: string, artifact: SignatureArtifact): void {
  try {
    makeFolders(join(folder, 'blobs/sha256'));
    // A blob that is there already may have been damaged: writing it again is always right.
    for (const { digest, bytes } of artifact.blobs)
      writeWhole(join(folder, 'blobs/sha256', hexOf(digest)), bytes, SHARED);
    const file = join(folder, 'index.json');
    let before: Buffer;
    let after: string;
    do {
      before = readFileSync(file);
      after = withEntry(before, artifact.descriptor);
      // Once more where somebody else signed meanwhile.
    } while (!readFileSync(file).equals(before));
    writeWhole(file, after, SHARED);
  } catch (error) {
    throw asStoreError(error, folder);
  }
}

function withEntry(indexBytes: Buffer, descriptor: SignatureArtifact['descriptor']): string {
  const index = asObject(parseDocument(indexBytes, 'index.json'), 'index.json');
  const manifests: unknown = index['manifests'];
  if (!Array.isArray(manifests)) throw malformed('index.json', 'it has no manifests');
  const name = descriptor.annotations?.[REF_NAME];
  const others = manifests.filter((entry: unknown) => {
    const { digest, annotations } = asObject(entry, 'index.json/manifests');
    const named =
      name !== undefined && annotations !== undefined && asObject(annotations, 'annotations')[REF_NAME] === name;
    return digest !== descriptor.digest && !named;
  });
  return JSON.stringify({ ...index, manifests: [...others, descriptor] });
}
