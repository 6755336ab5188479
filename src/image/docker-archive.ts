/**
 * What `docker save` and `skopeo copy … docker-archive:` write.
 *
 * Such an archive has no manifest with a digest. One is made up here, always
 * the same for the same image: its configuration as it is, and for each layer the
 * DiffID that the configuration names (the digest of the archive before any
 * compression). Its digest is the image's digest; a trust policy can pin it.
 *
 * @see moby image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format"
 */
import { closeSync } from 'node:fs';
import { canonicalJson } from '../base/canonical-json.js';
import { type Digest, digestOf, isDigest } from '../base/digest.js';
import { requireDigest } from './checked.js';
import { parseDiffIds } from './configuration.js';
import { ImageError } from './errors.js';
import { readAll } from './files.js';
import { openArchive } from './layout.js';
import { LAYER_LIMIT, MANIFEST_LIMIT } from './manifest.js';
import type { Reference } from './reference.js';
import { asList, asObject, asText, asTexts, malformed, parseDocument } from './shape.js';
import type { Source } from './source.js';

type Entry = { readonly config: string; readonly tags: readonly string[]; readonly layers: readonly string[] };
type Place = { readonly offset: number; readonly length: number };

const NAME_LIMIT = 4096;
const DIGEST_IN_NAME = /^(?:blobs\/sha256\/)?([0-9a-f]{64})(?:\.json)?$/;

/** The image of the archive that `reference` means. @throws {ImageError} */
export function openDockerArchive(reference: Reference): Source {
  const { archive, index } = openArchive(reference.path);
  const read = (name: string, limitBytes: number): Buffer => {
    const place = index.find(name);
    if (place === undefined) throw malformed('the archive', `it has no member ${JSON.stringify(name)}`);
    const bytes = readAll({ descriptor: archive.descriptor, ...place }, limitBytes);
    if (bytes === undefined) throw malformed(name, `it is larger than ${limitBytes} bytes`);
    return bytes;
  };
  try {
    const entry = chooseEntry(parseEntries(read('manifest.json', MANIFEST_LIMIT)), reference);
    const config = read(entry.config, MANIFEST_LIMIT);
    requireNamedDigest(entry.config, digestOf(config));
    const diffIds = parseDiffIds(config);
    if (diffIds.length !== entry.layers.length) throw malformed('the archive', 'layers and DiffIDs differ in number');
    const places = new Map<Digest, Place>([[digestOf(config), required(index.find(entry.config), entry.config)]]);
    for (const [at, name] of entry.layers.entries()) {
      const diffId = diffIds[at];
      if (diffId !== undefined) places.set(diffId, required(index.find(name), name));
    }
    return {
      scope: { transport: 'docker-archive', name: reference.path },
      root: Buffer.from(syntheticManifest(config, diffIds, places)),
      descriptors: [],
      signatureFiles: [],
      open: (digest) => {
        const place = places.get(digest);
        return place && { descriptor: archive.descriptor, ...place, close: () => undefined };
      },
      hasLayerDigests: false,
      files: () => [reference.path],
      close: () => closeSync(archive.descriptor),
    };
  } catch (error) {
    closeSync(archive.descriptor);
    throw error;
  }
}

function required(place: Place | undefined, name: string): Place {
  if (place === undefined) throw malformed('the archive', `it has no member ${JSON.stringify(name)}`);
  return place;
}

/** A configuration is stored under its digest; a file name that is none says nothing. */
function requireNamedDigest(name: string, found: Digest): void {
  const hex = DIGEST_IN_NAME.exec(name)?.[1];
  const named = `sha256:${hex}`;
  if (hex !== undefined && isDigest(named)) requireDigest(found, named, 'the configuration');
}

function syntheticManifest(config: Buffer, diffIds: readonly Digest[], places: ReadonlyMap<Digest, Place>): string {
  return canonicalJson({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    layers: diffIds.map((digest) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest,
      size: places.get(digest)?.length ?? 0,
    })),
  });
}

function parseEntries(bytes: Buffer): readonly Entry[] {
  const list = parseDocument(bytes, 'manifest.json');
  if (!Array.isArray(list)) throw malformed('manifest.json', 'it is not a list');
  return asList(list, 'manifest.json', LAYER_LIMIT).map((item, at) => {
    const name = `manifest.json/${at}`;
    const members = asObject(item, name);
    const limits = { count: LAYER_LIMIT, bytes: NAME_LIMIT };
    return {
      config: asText(members['Config'], `${name}/Config`, NAME_LIMIT),
      tags: asTexts(members['RepoTags'], `${name}/RepoTags`, limits),
      layers: asTexts(members['Layers'], `${name}/Layers`, limits),
    };
  });
}

function chooseEntry(entries: readonly Entry[], reference: Reference): Entry {
  const { choice } = reference;
  if (choice.kind === 'digest') {
    throw new ImageError('IMAGE_REFERENCE_INVALID', `${reference.text} names a digest`, {
      why: 'an archive of docker save holds no digests of images',
      hint: 'name the tag: docker-archive:FILE:NAME:TAG',
    });
  }
  const wanted = choice.kind === 'tag' ? withTag(choice.tag) : undefined;
  const fitting = entries.filter(({ tags }) => wanted === undefined || tags.some((tag) => isSameName(tag, wanted)));
  const [first, ...more] = fitting;
  const offered = entries.flatMap(({ tags }) => tags).slice(0, 10);
  const hint = offered.length === 0 ? 'its images have no tag' : `there is: ${offered.join(' ')}`;
  if (first === undefined) throw new ImageError('IMAGE_NOT_FOUND', `${reference.text}: no such image there`, { hint });
  if (more.length > 0)
    throw new ImageError('IMAGE_AMBIGUOUS', `${reference.text} fits ${fitting.length} images`, { hint });
  return first;
}

const withTag = (name: string): string => (/:[^/]*$/.test(name) ? name : `${name}:latest`);

/** Docker leaves its own registry out of names, other tools do not. */
const isSameName = (left: string, right: string): boolean => shortName(left) === shortName(right);
const shortName = (name: string): string => name.replace(/^(docker\.io\/)?(library\/)?/, '');
