/**
 * Opening files of a layout that somebody else may have written: only regular
 * files, and no link that leads out of the layout.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import type { Digest } from '../base/digest.js';
import type { OpenBlob } from '../store/unpacker.js';

/** Opens `file`, which must lie in `folder` after all links; undefined where there is no such file. @throws {Error} of the system */
export function openInside(folder: string, file: string): OpenBlob | undefined {
  let real: string;
  try {
    real = realpathSync(file);
  } catch {
    return undefined;
  }
  if (!real.startsWith(withSeparator(realpathSync(folder)))) return undefined;
  return openRegular(real);
}

/** Opens a regular file; undefined where it is something else. @throws {Error} of the system */
export function openRegular(file: string): OpenBlob | undefined {
  // Non-blocking: a pipe in its place would wait for a writer.
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const status = fstatSync(descriptor);
  if (status.isFile()) return { descriptor, offset: 0, length: status.size };
  closeSync(descriptor);
  return undefined;
}

/** All bytes of the blob; undefined where there are more than `limitBytes` or the file ends early. */
export function readAll({ descriptor, offset, length }: OpenBlob, limitBytes: number): Buffer | undefined {
  if (length > limitBytes) return undefined;
  const bytes = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const got = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (got === 0) return undefined;
    filled += got;
  }
  return bytes;
}

const CHUNK = 1024 * 1024;
const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/** The digest of all bytes of the blob. */
export function hashBlob({ descriptor, offset, length }: OpenBlob): Digest {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(Math.min(CHUNK, length));
  for (let done = 0; done < length; ) {
    const got = readSync(descriptor, chunk, 0, Math.min(CHUNK, length - done), offset + done);
    if (got === 0) break;
    hash.update(chunk.subarray(0, got));
    done += got;
  }
  return `sha256:${hash.digest('hex')}`;
}

/** Whether the blob starts as gzip or zstd do. */
export function isCompressed(blob: OpenBlob): boolean {
  const start = readAll({ ...blob, length: Math.min(blob.length, ZSTD.length) }, ZSTD.length) ?? Buffer.alloc(0);
  return [GZIP, ZSTD].some((magic) => magic.every((byte, at) => start[at] === byte));
}

const withSeparator = (folder: string): string => (folder.endsWith(sep) ? folder : folder + sep);
