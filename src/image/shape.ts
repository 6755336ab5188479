/**
 * Reading JSON that an image brings: nothing of it can be trusted to have any
 * shape. Each reader names what it read, so that an error can say where.
 */
import { type Digest, isDigest } from '../base/digest.js';
import { parseJsonFile } from '../base/json-file.js';
import { ImageError } from './errors.js';

export type Members = Readonly<Record<string, unknown>>;

/** The JSON value in `bytes`: UTF-8, no key twice, no comments. @throws {ImageError} IMAGE_MALFORMED */
export function parseDocument(bytes: Uint8Array, name: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed(name, 'it is not UTF-8');
  }
  const parsed = parseJsonFile(text, name, { writer: 'program' });
  if (parsed.kind === 'parsed') return parsed.value;
  throw malformed(name, parsed.faults[0]?.message ?? 'it is not JSON');
}

/** @throws {ImageError} IMAGE_MALFORMED */
export function asObject(value: unknown, name: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(name, 'it is not an object');
  return value as Members;
}

/** An absent or null list is empty. @throws {ImageError} IMAGE_MALFORMED */
export function asList(value: unknown, name: string, limit: number): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw malformed(name, 'it is not a list');
  if (value.length > limit) throw malformed(name, `it has more than ${limit} elements`);
  return value;
}

/** Text without NUL. @throws {ImageError} IMAGE_MALFORMED */
export function asText(value: unknown, name: string, limit: number): string {
  if (typeof value !== 'string') throw malformed(name, 'it is not text');
  if (value.includes('\0')) throw malformed(name, 'it holds a NUL');
  if (Buffer.byteLength(value) > limit) throw malformed(name, `it is longer than ${limit} bytes`);
  return value;
}

/** @throws {ImageError} IMAGE_MALFORMED */
export function asTexts(
  value: unknown,
  name: string,
  limits: { readonly count: number; readonly bytes: number },
): string[] {
  return asList(value, name, limits.count).map((item, at) => asText(item, `${name}/${at}`, limits.bytes));
}

/** @throws {ImageError} IMAGE_MALFORMED */
export function asDigest(value: unknown, name: string): Digest {
  if (typeof value === 'string' && isDigest(value)) return value;
  throw malformed(name, 'it is not a digest: sha256: and 64 digits 0-9a-f');
}

/** @throws {ImageError} IMAGE_MALFORMED */
export function asSize(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(name, 'it is not a size in bytes');
}

/** Some part of the image is not as the specification has it. */
export function malformed(name: string, why: string): ImageError {
  return new ImageError('IMAGE_MALFORMED', `${name} of the image is malformed`, {
    why,
    hint: 'get the image again from where it was built; skopeo inspect shows whether other tools read it',
  });
}
