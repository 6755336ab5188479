/**
 * OCI layouts, as a folder or as an archive of one.
 *
 * @see image-spec image-layout.md
 */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, hexOf } from '../base/digest.js';
import type { OpenBlob } from '../store/unpacker.js';
import { readChecked } from './checked.js';
import { chooseImage } from './choose.js';
import { ImageError } from './errors.js';
import { isCompressed, openInside, openRegular, readAll } from './files.js';
import { type Descriptor, type Index, MANIFEST_LIMIT, parseLayoutIndex, parseManifest } from './manifest.js';
import type { Reference } from './reference.js';
import { asObject, malformed, parseDocument } from './shape.js';
import { asSignatureDescriptor, type OpenedBlob, type Source } from './source.js';
import { indexTar } from './tar-index.js';

/** The members of a layout by name, from a folder or an archive. */
type Members = Pick<Source, 'files' | 'close'> & { readonly open: (name: string) => OpenedBlob | undefined };

/** The image of a layout that `reference` means. @throws {ImageError} */
export function openLayout(reference: Reference): Source {
  return fromMembers(reference, folderMembers(reference.path));
}

/** The same of an archive that holds a layout, not compressed. @throws {ImageError} */
export function openLayoutArchive(reference: Reference): Source {
  return fromMembers(reference, archiveMembers(reference.path));
}

function fromMembers(reference: Reference, members: Members): Source {
  try {
    const open = (digest: Digest): OpenedBlob | undefined => members.open(`blobs/sha256/${hexOf(digest)}`);
    requireLayout(members);
    const index = parseLayoutIndex(readMember(members, 'index.json'));
    const descriptor = chooseImage(index, reference, (candidate) => isReferrer(candidate, open));
    return {
      scope: { transport: reference.transport, name: reference.path },
      root: readChecked(open, descriptor, 'the manifest', MANIFEST_LIMIT),
      descriptors: signatureCandidates(index),
      signatureFiles: [],
      open,
      hasLayerDigests: true,
      files: members.files,
      close: members.close,
    };
  } catch (error) {
    members.close();
    throw error;
  }
}

function requireLayout(members: Members): void {
  const layout = asObject(parseDocument(readMember(members, 'oci-layout'), 'oci-layout'), 'oci-layout');
  if (layout['imageLayoutVersion'] !== '1.0.0') throw malformed('oci-layout', 'its version is not 1.0.0');
}

function readMember(members: Members, name: string): Buffer {
  const blob = members.open(name);
  if (blob === undefined) {
    throw new ImageError('IMAGE_NOT_FOUND', `there is no ${name}: this is not an OCI image layout`, {
      hint: 'a layout has oci-layout, index.json and blobs; for a plain root file system write dir:DIR',
    });
  }
  try {
    const bytes = readAll(blob, MANIFEST_LIMIT);
    if (bytes === undefined) throw malformed(name, `it is larger than ${MANIFEST_LIMIT} bytes`);
    return bytes;
  } finally {
    blob.close();
  }
}

/** The trust room is given all that is listed, whatever its type. */
const signatureCandidates = (index: Index): Source['descriptors'] => index.manifests.map(asSignatureDescriptor);

function isReferrer(descriptor: Descriptor, open: Source['open']): boolean {
  const manifest = parseManifest(readChecked(open, descriptor, 'a manifest', MANIFEST_LIMIT), 'a manifest');
  return manifest.kind === 'manifest' && manifest.isReferrer;
}

function folderMembers(folder: string): Members {
  const read = new Set<string>();
  return {
    open(name) {
      const file = join(folder, name);
      const blob = openInside(folder, file);
      if (blob === undefined) return undefined;
      read.add(file);
      return { ...blob, close: () => closeSync(blob.descriptor) };
    },
    files: () => [...read],
    close: () => undefined,
  };
}

function archiveMembers(file: string): Members {
  const { archive, index } = openArchive(file);
  return {
    open(name) {
      const place = index.find(name);
      return place && { descriptor: archive.descriptor, ...place, close: () => undefined };
    },
    files: () => [file],
    close: () => closeSync(archive.descriptor),
  };
}

/** An archive and what is in it. @throws {ImageError} IMAGE_MALFORMED, IMAGE_UNSUPPORTED */
export function openArchive(file: string): { readonly archive: OpenBlob; readonly index: ReturnType<typeof indexTar> } {
  const archive = openRegular(file);
  if (archive === undefined) throw malformed('the archive', `${file} is not a plain file`);
  try {
    if (isCompressed(archive)) throw compressed(file);
    return { archive, index: indexTar(archive) };
  } catch (error) {
    closeSync(archive.descriptor);
    throw error;
  }
}

const compressed = (file: string): ImageError =>
  new ImageError('IMAGE_UNSUPPORTED', `the archive ${file} is compressed as a whole`, {
    why: 'archives are read in place, which needs an uncompressed one; the layers in it may be compressed',
    hint: 'uncompress it first, with gunzip or unzstd',
  });
