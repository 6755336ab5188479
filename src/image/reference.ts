/** What a user writes to name an image. */
import { resolve } from 'node:path';
import { type Digest, isDigest } from '../base/digest.js';
import { ImageError } from './errors.js';

/** Which image of a layout: by tag, by digest, or the only one. */
export type Choice =
  | { readonly kind: 'only' }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'digest'; readonly digest: Digest };

export type Reference = {
  readonly transport: 'oci' | 'oci-archive' | 'docker-archive' | 'dir';
  /** Absolute path of the layout, archive or folder. */
  readonly path: string;
  readonly choice: Choice;
  /** As the user wrote it. */
  readonly text: string;
};

const FORMS = 'oci:DIR[:TAG|@DIGEST], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG], dir:DIR';
const LOCAL = /^(oci|oci-archive|docker-archive|dir):(.*)$/s;

/**
 * The reference in `text`; relative paths are taken from `workingDirectory`.
 *
 * @throws {ImageError} IMAGE_REFERENCE_INVALID, IMAGE_TRANSPORT_UNSUPPORTED
 */
export function parseReference(text: string, workingDirectory: string): Reference {
  const [, transport, rest = ''] = LOCAL.exec(text) ?? [];
  if (transport === undefined) throw unsupported(text);
  if (rest === '' || rest.includes('\0')) throw invalid(text, 'it names no file');
  const known = transport as Reference['transport'];
  if (known === 'dir')
    return { transport: known, path: resolve(workingDirectory, rest), choice: { kind: 'only' }, text };
  const { path, choice } = splitChoice(text, rest);
  if (path === '') throw invalid(text, 'it names no file');
  return { transport: known, path: resolve(workingDirectory, path), choice, text };
}

/** A path may hold an @ of its own; a digest after the last one is a choice. The first colon ends the path, as with skopeo. */
function splitChoice(text: string, rest: string): { readonly path: string; readonly choice: Choice } {
  const at = rest.lastIndexOf('@sha256:');
  if (at >= 0) {
    const digest = rest.slice(at + 1);
    if (!isDigest(digest)) throw invalid(text, 'a digest is sha256: and 64 digits 0-9a-f');
    return { path: rest.slice(0, at), choice: { kind: 'digest', digest } };
  }
  const colon = rest.indexOf(':');
  if (colon < 0) return { path: rest, choice: { kind: 'only' } };
  const tag = rest.slice(colon + 1);
  if (tag === '' || tag.length > 512 || !/^[\w][\w.\-/:+]*$/.test(tag)) throw invalid(text, 'its tag is not one');
  return { path: rest.slice(0, colon), choice: { kind: 'tag', tag } };
}

function unsupported(text: string): ImageError {
  const scheme = /^([a-z][a-z0-9+.-]*):(?!\d)/.exec(text)?.[1];
  if (text === '' || /\s/.test(text)) return invalid(text, `it is not of the form ${FORMS}`);
  const name = scheme === 'docker' ? text.replace(/^docker:(\/\/)?/, '') : text;
  return new ImageError('IMAGE_TRANSPORT_UNSUPPORTED', `${JSON.stringify(text)} names an image in a registry`, {
    why: `images are not taken from registries yet, only from ${FORMS}`,
    hint: `fetch it first: skopeo copy docker://${name} oci:image:latest; then use oci:image:latest`,
  });
}

const invalid = (text: string, why: string): ImageError =>
  new ImageError('IMAGE_REFERENCE_INVALID', `${JSON.stringify(text)} is not an image reference`, {
    why,
    hint: `write it as ${FORMS}`,
  });
