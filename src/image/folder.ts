/**
 * `dir:` is a plain root file system, or what `skopeo copy … dir:` writes, told
 * apart by its manifest.json and version.
 */
import { closeSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf } from '../base/digest.js';
import { openInside, readAll } from './files.js';
import { MANIFEST_LIMIT } from './manifest.js';
import type { Reference } from './reference.js';
import { malformed } from './shape.js';
import type { Source } from './source.js';

const SIGNATURE_LIMIT = 4 * 1024 * 1024;
const MOST_SIGNATURES = 100;

/** Whether skopeo wrote the folder. */
export const isSkopeoFolder = (folder: string): boolean =>
  existsSync(join(folder, 'manifest.json')) && existsSync(join(folder, 'version'));

/** The image of a folder that skopeo wrote. @throws {ImageError} */
export function openSkopeoFolder(reference: Reference): Source {
  const folder = reference.path;
  const read = new Set<string>();
  const readFile = (name: string, limitBytes: number): Buffer => {
    const blob = openInside(folder, join(folder, name));
    if (blob === undefined) throw malformed(name, 'it is not a plain file of the folder');
    read.add(join(folder, name));
    try {
      const bytes = readAll(blob, limitBytes);
      if (bytes === undefined) throw malformed(name, `it is larger than ${limitBytes} bytes`);
      return bytes;
    } finally {
      closeSync(blob.descriptor);
    }
  };
  const signatures = readdirSync(folder)
    .filter((name) => /^signature-[0-9]{1,3}$/.test(name))
    .slice(0, MOST_SIGNATURES);
  return {
    scope: { transport: 'dir', name: folder },
    root: readFile('manifest.json', MANIFEST_LIMIT),
    descriptors: [],
    signatureFiles: signatures.map((name) => readFile(name, SIGNATURE_LIMIT)),
    open(digest) {
      for (const name of [hexOf(digest), `${hexOf(digest)}.manifest.json`]) {
        const blob = openInside(folder, join(folder, name));
        if (blob === undefined) continue;
        read.add(join(folder, name));
        return { ...blob, close: () => closeSync(blob.descriptor) };
      }
      return undefined;
    },
    hasLayerDigests: true,
    files: () => [...read],
    close: () => undefined,
  };
}
