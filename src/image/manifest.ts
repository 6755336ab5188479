/**
 * Indexes, manifests and their descriptors.
 *
 * @see image-spec: image-index.md, manifest.md, descriptor.md; docker's manifest-v2-2
 */
import type { Digest } from '../base/digest.js';
import { ImageError } from './errors.js';
import { asDigest, asList, asObject, asSize, asText, asTexts, malformed, parseDocument } from './shape.js';

export type Descriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly artifactType: string | undefined;
  readonly platform: { readonly os: string; readonly architecture: string } | undefined;
};

export type Index = { readonly kind: 'index'; readonly manifests: readonly Descriptor[] };
export type Manifest = {
  readonly kind: 'manifest';
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** It is about another image: a signature, an attestation. */
  readonly isReferrer: boolean;
};

/** Bytes of a manifest or an index; Docker's registries have the same bound. */
export const MANIFEST_LIMIT = 4 * 1024 * 1024;
/** overlayfs takes at most 500 lower folders. */
export const LAYER_LIMIT = 500;
const ENTRY_LIMIT = 1000;
const TEXT_LIMIT = 64 * 1024;

const INDEX_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const CONFIG_TYPES = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];
const LAYER_TYPES = [
  /^application\/vnd\.oci\.image\.layer\.(nondistributable\.)?v1\.tar(\+gzip|\+zstd)?$/,
  /^application\/vnd\.docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.gzip|\.zstd)?$/,
];

/** Whether the descriptor may lead to an image; artifacts of other kinds stand in layouts too. */
export const isImageDescriptor = ({ mediaType }: Descriptor): boolean =>
  INDEX_TYPES.includes(mediaType) || MANIFEST_TYPES.includes(mediaType);

/** An index or a manifest. @throws {ImageError} IMAGE_MALFORMED */
export function parseManifest(bytes: Uint8Array, name: string): Index | Manifest {
  const value = asObject(parseDocument(bytes, name), name);
  if (value['schemaVersion'] !== 2) throw malformed(name, 'its schemaVersion is not 2');
  const isIndex = 'manifests' in value;
  if (isIndex === 'layers' in value) throw malformed(name, 'it must have either layers or manifests');
  const type = value['mediaType'];
  if (type !== undefined && !(isIndex ? INDEX_TYPES : MANIFEST_TYPES).includes(asText(type, name, TEXT_LIMIT))) {
    throw malformed(name, 'its mediaType says something else than its members');
  }
  if (isIndex) return { kind: 'index', manifests: parseDescriptors(value['manifests'], `${name}/manifests`) };
  return {
    kind: 'manifest',
    config: parseDescriptor(value['config'], `${name}/config`),
    layers: parseDescriptors(value['layers'], `${name}/layers`, LAYER_LIMIT),
    isReferrer: 'subject' in value || 'artifactType' in value,
  };
}

/** The index.json of a layout. @throws {ImageError} IMAGE_MALFORMED */
export function parseLayoutIndex(bytes: Uint8Array): Index {
  const parsed = parseManifest(bytes, 'index.json');
  if (parsed.kind !== 'index') throw malformed('index.json', 'it is not an index');
  return parsed;
}

/** @throws {ImageError} IMAGE_UNSUPPORTED where it is no image that can be unpacked */
export function requireImage(manifest: Manifest): void {
  const unsupported = (what: string, hint: string): ImageError => new ImageError('IMAGE_UNSUPPORTED', what, { hint });
  if (!CONFIG_TYPES.includes(manifest.config.mediaType)) {
    throw unsupported(
      `this is not a container image but ${JSON.stringify(manifest.config.mediaType)}`,
      'name the image itself, not something attached to it',
    );
  }
  for (const [at, { mediaType }] of manifest.layers.entries()) {
    if (!LAYER_TYPES.some((pattern) => pattern.test(mediaType))) {
      throw unsupported(
        `layer ${at + 1} is of the unknown type ${JSON.stringify(mediaType)}`,
        'layers are tar archives, plain or compressed by gzip or zstd',
      );
    }
  }
}

function parseDescriptors(value: unknown, name: string, limit = ENTRY_LIMIT): readonly Descriptor[] {
  return asList(value, name, limit).map((item, at) => parseDescriptor(item, `${name}/${at}`));
}

function parseDescriptor(value: unknown, name: string): Descriptor {
  const members = asObject(value, name);
  const platform = members['platform'] === undefined ? undefined : asObject(members['platform'], `${name}/platform`);
  const artifactType = members['artifactType'];
  return {
    mediaType: asText(members['mediaType'], `${name}/mediaType`, TEXT_LIMIT),
    digest: asDigest(members['digest'], `${name}/digest`),
    size: asSize(members['size'], `${name}/size`),
    annotations: parseAnnotations(members['annotations'], `${name}/annotations`),
    artifactType: artifactType === undefined ? undefined : asText(artifactType, `${name}/artifactType`, TEXT_LIMIT),
    platform: platform && {
      os: asText(platform['os'], `${name}/platform/os`, TEXT_LIMIT),
      architecture: asText(platform['architecture'], `${name}/platform/architecture`, TEXT_LIMIT),
    },
  };
}

function parseAnnotations(value: unknown, name: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const members = asObject(value, name);
  return Object.fromEntries(
    Object.keys(members).map((key) => [
      key,
      asTexts([members[key]], name, { count: 1, bytes: MANIFEST_LIMIT })[0] ?? '',
    ]),
  );
}
