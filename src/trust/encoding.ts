/**
 * Strict readers for what an attacker may have written: one spelling for each
 * value, so that no two verifiers can read it differently.
 *
 * They throw Malformed, which never leaves this room: it becomes an Attempt.
 */
import { type Digest, isDigest } from '../base/digest.js';
import { parseJsonFile } from '../base/json-file.js';

/** Why a candidate cannot be a signature, as one clause. */
export class Malformed extends Error {}

/** A good statement by a good signer that is not about signing this kind of thing. */
export class OtherStatement extends Error {}

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws {Malformed} where the text is not the one canonical spelling of its bytes */
export function decodeBase64(value: unknown, what: string): Buffer {
  if (typeof value !== 'string' || value === '') throw new Malformed(`${what} is missing`);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw new Malformed(`${what} is not canonical base64`);
  return bytes;
}

/** Parses plain JSON: UTF-8 only, no key twice, no comments. @throws {Malformed} */
export function decodeJson(bytes: Uint8Array, what: string): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed(`${what} is not UTF-8`);
  }
  const parsed = parseJsonFile(text, what, { writer: 'program' });
  if (parsed.kind === 'parsed') return parsed.value;
  throw new Malformed(`${what}: ${parsed.faults[0]?.message ?? 'not JSON'}`);
}

/** @throws {Malformed} where `value` is not an object */
export function objectOf(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed(`${what} is no object`);
  return value as JsonObject;
}

/** An object with no other members than `known`. @throws {Malformed} */
export function closedObjectOf(value: unknown, what: string, known: readonly string[]): JsonObject {
  const object = objectOf(value, what);
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Malformed(`${what} has the unknown member ${JSON.stringify(unknown)}`);
  return object;
}

/** @throws {Malformed} where `value` is no array, or longer than `limit` */
export function arrayOf(value: unknown, what: string, limit: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed(`${what} is no array`);
  if (value.length > limit) throw new Malformed(`${what} has more than ${limit} members`);
  return value;
}

/** @throws {Malformed} where `value` is not a digest in its one spelling */
export function digestIn(value: unknown, what: string): Digest {
  if (typeof value !== 'string' || !isDigest(value)) throw new Malformed(`${what} is no sha256 digest`);
  return value;
}
