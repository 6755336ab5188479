/** Small OCI layouts for tests, made in milliseconds. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Digest, digestOf, hexOf } from '../../src/base/digest.js';
import { makeTar, type TarEntry } from './tar.js';

export type TinyLayer =
  | readonly TarEntry[]
  | { readonly tar: Uint8Array }
  | { readonly blob: Uint8Array; readonly tar: Uint8Array };

export type TinyImage = {
  readonly tag?: string;
  /** Bottom layer first. */
  readonly layers: readonly TinyLayer[];
  readonly compress?: 'gzip' | 'none';
  /** The `config` member of the image's configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly architecture?: string;
};

export type Descriptor = { readonly mediaType: string; readonly digest: Digest; readonly size: number };
export type WrittenImage = {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly diffIds: readonly Digest[];
};

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

/** The path of a blob in a layout. */
export const blobFile = (layout: string, digest: Digest): string => join(layout, 'blobs/sha256', hexOf(digest));

/** Stores bytes as a blob of the layout. */
export function writeBlob(layout: string, mediaType: string, bytes: Uint8Array | string): Descriptor {
  const digest = digestOf(bytes);
  writeFileSync(blobFile(layout, digest), bytes);
  return { mediaType, digest, size: Buffer.byteLength(bytes) };
}

/** Writes a layout that lists `entries`. */
export function writeIndex(layout: string, entries: readonly object[]): void {
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: entries }),
  );
}

/** Makes an empty layout folder. */
export function makeLayout(layout: string): void {
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  writeIndex(layout, []);
}

/** Makes a layout with these images, in this order. */
export function writeLayout(layout: string, images: readonly TinyImage[]): readonly WrittenImage[] {
  makeLayout(layout);
  const written = images.map((image) => writeImage(layout, image));
  const entries = written.map(({ manifest }, at) => {
    const image = images[at];
    const name = image?.tag === undefined ? {} : { 'org.opencontainers.image.ref.name': image.tag };
    return { ...manifest, annotations: { ...name, ...image?.annotations } };
  });
  writeIndex(layout, entries);
  return written;
}

/** Stores an image's blobs without listing it. */
export function writeImage(layout: string, image: TinyImage): WrittenImage {
  const tars = image.layers.map((layer) => ('tar' in layer ? Buffer.from(layer.tar) : makeTar(layer)));
  const layers = image.layers.map((layer, at) => {
    const tar = tars[at] ?? Buffer.alloc(0);
    if ('blob' in layer) return writeBlob(layout, `${LAYER_TYPE}+gzip`, layer.blob);
    return image.compress === 'none'
      ? writeBlob(layout, LAYER_TYPE, tar)
      : writeBlob(layout, `${LAYER_TYPE}+gzip`, gzipSync(tar, { level: 1 }));
  });
  const diffIds = tars.map(digestOf);
  const configuration = {
    architecture: image.architecture ?? 'amd64',
    os: 'linux',
    config: image.config ?? {},
    rootfs: { type: 'layers', diff_ids: diffIds },
  };
  const config = writeBlob(layout, CONFIG_TYPE, JSON.stringify(configuration));
  const manifest = writeBlob(
    layout,
    MANIFEST_TYPE,
    JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers }),
  );
  return { manifest, config, layers, diffIds };
}

/** Debian's busybox-static, with `sh` and some others beside it: enough to run something. */
export function busyboxEntries(): readonly TarEntry[] {
  const applets = [
    'sh',
    'cat',
    'echo',
    'id',
    'ls',
    'mount',
    'sleep',
    'true',
    'false',
    'touch',
    'wc',
    'env',
    'kill',
    'ps',
  ];
  return [
    { name: 'bin', type: 'folder' },
    { name: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 },
    ...applets.map((applet) => ({ name: `bin/${applet}`, type: 'link' as const, target: 'busybox' })),
    { name: 'etc', type: 'folder' },
    { name: 'etc/passwd', data: 'root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000::/home/guest:/bin/sh\n' },
    { name: 'etc/group', data: 'root:x:0:\nguest:x:1000:\ntape:x:26:guest\n' },
    { name: 'tmp', type: 'folder', mode: 0o1777 },
  ];
}
