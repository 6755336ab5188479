/**
 * From a reference to an image whose manifest and configuration are checked, and
 * whose layers are known by digest. Nothing is unpacked here, and nothing trusted.
 */
import { realpathSync, statSync } from 'node:fs';
import { type Digest, digestOf } from '../base/digest.js';
import type { Evidence, Scope } from '../trust/evidence.js';
import { readChecked } from './checked.js';
import { choosePlatform, requirePlatform } from './choose.js';
import { type ImageConfiguration, parseConfiguration } from './configuration.js';
import { openDockerArchive } from './docker-archive.js';
import { ImageError } from './errors.js';
import { readAll } from './files.js';
import { isSkopeoFolder, openSkopeoFolder } from './folder.js';
import { openLayout, openLayoutArchive } from './layout.js';
import { MANIFEST_LIMIT, type Manifest, parseManifest, requireImage } from './manifest.js';
import { parseReference, type Reference } from './reference.js';
import { malformed } from './shape.js';
import type { OpenedBlob, Source } from './source.js';

export type ImageLayer = {
  readonly diffId: Digest;
  /** Of the blob as it is stored; undefined where only the DiffID vouches for it (docker-archive). */
  readonly digest: Digest | undefined;
  readonly size: number;
  readonly open: () => OpenedBlob | undefined;
};

type Common = {
  /** As the user wrote it. */
  readonly reference: string;
  readonly scope: Scope;
  /** What the trust room judges. */
  readonly evidence: Evidence;
  /** Absolute paths that were read so far, the layers' and, once they were looked at, the signatures' included. */
  readonly files: readonly string[];
  /** To be called when nothing of the image is read any more. */
  readonly close: () => void;
};

export type LayeredImage = Common & {
  readonly kind: 'layered';
  /** Of the outermost index, where the reference names one. */
  readonly indexDigest: Digest | undefined;
  readonly manifestDigest: Digest;
  readonly manifestBytes: Buffer;
  readonly configurationDigest: Digest;
  readonly configurationBytes: Buffer;
  readonly configuration: ImageConfiguration;
  /** Bottom layer first. */
  readonly layers: readonly ImageLayer[];
};

/** A root file system as it stands, without a configuration. */
export type FolderImage = Common & { readonly kind: 'folder'; readonly folder: string };

export type Image = LayeredImage | FolderImage;

/** An index may list an index; nobody needs more than this. */
const MOST_INDEXES = 4;

/**
 * The image that `text` names. Relative paths are taken from `workingDirectory`.
 *
 * @throws {ImageError} IMAGE_REFERENCE_INVALID, IMAGE_TRANSPORT_UNSUPPORTED, IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS,
 *   IMAGE_MALFORMED, IMAGE_DIGEST_MISMATCH, IMAGE_PLATFORM_MISSING, IMAGE_UNSUPPORTED
 */
export function loadImage(text: string, workingDirectory: string): Image {
  const reference = parseReference(text, workingDirectory);
  requirePresent(reference);
  try {
    if (reference.transport === 'dir' && !isSkopeoFolder(reference.path)) return folderImage(reference);
    return openImage(reference);
  } catch (error) {
    throw isErrno(error) ? unreadable(reference, error) : error;
  }
}

function openImage(reference: Reference): LayeredImage {
  const source = openSource(reference);
  try {
    return layeredImage(reference, source);
  } catch (error) {
    source.close();
    throw error;
  }
}

const isErrno = (error: unknown): error is Error =>
  error instanceof Error && 'syscall' in error && typeof error.syscall === 'string';

const unreadable = ({ text }: Reference, cause: Error): ImageError =>
  new ImageError('IMAGE_NOT_FOUND', `${text}: a part of the image cannot be read`, {
    cause,
    why: cause.message,
    hint: 'make every file of the image readable for you',
  });

function requirePresent({ text, path, transport }: Reference): void {
  let status: ReturnType<typeof statSync>;
  try {
    status = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new ImageError('IMAGE_NOT_FOUND', `${text}: ${path} cannot be read`, { cause: error, why: String(error) });
  }
  const wanted = transport === 'oci' || transport === 'dir' ? 'folder' : 'file';
  if (status === undefined || (wanted === 'folder' ? !status.isDirectory() : !status.isFile())) {
    const hint = `check the path; ${transport}: is followed by the path of a ${wanted}`;
    throw new ImageError('IMAGE_NOT_FOUND', `${text}: there is no ${wanted} ${path}`, { hint });
  }
}

function openSource(reference: Reference): Source {
  switch (reference.transport) {
    case 'oci':
      return openLayout(reference);
    case 'oci-archive':
      return openLayoutArchive(reference);
    case 'docker-archive':
      return openDockerArchive(reference);
    case 'dir':
      return openSkopeoFolder(reference);
  }
}

function folderImage({ text, path }: Reference): FolderImage {
  const scope = placeOf({ transport: 'dir', name: path });
  const evidence: Evidence = { scope, chain: [], descriptors: [], readBlob: () => undefined };
  return { kind: 'folder', reference: text, scope, evidence, folder: path, files: [path], close: () => undefined };
}

function layeredImage(reference: Reference, source: Source): LayeredImage {
  const chain = descend(source);
  const manifestBytes = chain.at(-1)?.bytes ?? source.root;
  const manifest = parseManifest(manifestBytes, 'the manifest');
  if (manifest.kind !== 'manifest') throw malformed('the image', 'its indexes lead to no manifest');
  requireImage(manifest);
  const configurationBytes = readChecked(source.open, manifest.config, 'the configuration', MANIFEST_LIMIT);
  const configuration = parseConfiguration(configurationBytes);
  requirePlatform(configuration.os, configuration.architecture);
  const layers = layersOf(manifest, configuration, source);
  for (const layer of layers) layer.open()?.close();
  return {
    kind: 'layered',
    reference: reference.text,
    scope: placeOf(source.scope),
    evidence: evidenceOf(source, chain),
    get files() {
      return source.files();
    },
    close: source.close,
    indexDigest: chain.length > 1 ? digestOf(source.root) : undefined,
    manifestDigest: digestOf(manifestBytes),
    manifestBytes,
    configurationDigest: manifest.config.digest,
    configurationBytes,
    configuration,
    layers,
  };
}

/** The trust policy's rules are about places, not about the links that lead there. */
const placeOf = ({ transport, name }: Scope): Scope => ({ transport, name: realpathSync(name) });

type Link = { readonly bytes: Buffer };

/** From what the reference names down to the platform's manifest. */
function descend(source: Source): readonly Link[] {
  const chain: Link[] = [{ bytes: source.root }];
  for (let bytes = source.root; ; ) {
    const parsed = parseManifest(bytes, chain.length === 1 ? 'the manifest' : 'the index');
    if (parsed.kind === 'manifest') return chain;
    if (chain.length > MOST_INDEXES) throw malformed('the index', `it is nested deeper than ${MOST_INDEXES}`);
    bytes = readChecked(source.open, choosePlatform(parsed), 'the manifest', MANIFEST_LIMIT);
    chain.push({ bytes });
  }
}

function layersOf(manifest: Manifest, { diffIds }: ImageConfiguration, source: Source): readonly ImageLayer[] {
  if (diffIds.length !== manifest.layers.length) {
    throw malformed('the manifest', `it has ${manifest.layers.length} layers, its configuration ${diffIds.length}`);
  }
  return manifest.layers.map(({ digest, size }, at) => ({
    diffId: diffIds[at] ?? digest,
    digest: source.hasLayerDigests ? digest : undefined,
    size,
    open: () => source.open(digest),
  }));
}

function evidenceOf(source: Source, chain: readonly Link[]): Evidence {
  return {
    scope: placeOf(source.scope),
    chain: chain.map(({ bytes }) => bytes),
    descriptors: source.descriptors,
    signatureFiles: source.signatureFiles,
    readBlob(digest, limitBytes) {
      const blob = source.open(digest);
      if (blob === undefined) return undefined;
      try {
        return readAll(blob, limitBytes);
      } finally {
        blob.close();
      }
    },
  };
}
