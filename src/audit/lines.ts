/**
 * The lines of a file that may have been cut, damaged or forged: bounded, so
 * that no line can be larger than the writer makes them.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { AuditError } from './errors.js';

/** The longest line that the writer makes, its newline included. */
export const MAX_LINE_BYTES = 16_384;

export type Line = {
  /** Without the newline; of a line that is too long its first MAX_LINE_BYTES. */
  readonly bytes: Buffer;
  /** 1-based. */
  readonly number: number;
  /** `torn`: the file ends without a newline; `long`: it goes on. */
  readonly kind: 'whole' | 'torn' | 'long';
};

const NEWLINE = 0x0a;
const CHUNK_BYTES = 262_144;

/** The lines of `chunks`; nothing follows a line that is torn or too long. */
export function* linesOf(chunks: Iterable<Uint8Array>): Generator<Line> {
  let rest = Buffer.alloc(0);
  let number = 1;
  for (const chunk of chunks) {
    let bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
      if (end >= MAX_LINE_BYTES) break;
      yield { bytes: bytes.subarray(0, end), number, kind: 'whole' };
      number += 1;
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
    if (rest.length >= MAX_LINE_BYTES) {
      yield { bytes: rest.subarray(0, MAX_LINE_BYTES), number, kind: 'long' };
      return;
    }
  }
  if (rest.length > 0) yield { bytes: rest, number, kind: 'torn' };
}

/**
 * The bytes of a file, piece by piece; undefined where there is none.
 *
 * @throws {AuditError} AUDIT_UNREADABLE
 */
export function readChunks(path: string): Iterable<Uint8Array> | undefined {
  const descriptor = openIfThere(path);
  return descriptor === undefined ? undefined : chunksOf(descriptor, path);
}

/**
 * The bytes of a small file, at most `limit` of them; undefined where there is none.
 *
 * @throws {AuditError} AUDIT_UNREADABLE
 */
export function readAll(path: string, limit: number): Buffer | undefined {
  const chunks = readChunks(path);
  if (chunks === undefined) return undefined;
  const read: Uint8Array[] = [];
  let size = 0;
  for (const chunk of chunks) {
    read.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(read).subarray(0, limit);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
}

function* chunksOf(descriptor: number, path: string): Generator<Uint8Array> {
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      const got = readOrThrow(descriptor, buffer, path);
      if (got === 0) return;
      yield buffer.subarray(0, got);
    }
  } finally {
    closeSync(descriptor);
  }
}

function readOrThrow(descriptor: number, buffer: Uint8Array, path: string): number {
  try {
    return readSync(descriptor, buffer);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): AuditError {
  return new AuditError('AUDIT_UNREADABLE', `${path} cannot be read`, {
    why: cause instanceof Error ? cause.message : String(cause),
    hint: 'trails belong to the user who started the run: read them as that user, or copy the whole state folder',
    cause,
  });
}
