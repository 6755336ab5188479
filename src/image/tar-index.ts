/**
 * Where the members of an archive of archives lie, so that they can be read in
 * place: nothing is unpacked. Only what `docker save` and layout tools write is
 * understood; the hostile archives are the layers, and those only the native
 * helper reads.
 *
 * @see tar(5), POSIX pax "ustar Interchange Format"
 */
import { posix } from 'node:path';
import type { OpenBlob } from '../store/unpacker.js';
import { readAll } from './files.js';
import { malformed } from './shape.js';

const BLOCK = 512;
const MEMBER_LIMIT = 20_000;
const EXTENSION_LIMIT = 1024 * 1024;
const MOST_LINKS = 8;

type Place = { readonly offset: number; readonly length: number };
type Extension = { readonly path?: string; readonly size?: number; readonly linkpath?: string };

export type TarIndex = { readonly find: (name: string) => Place | undefined; readonly names: readonly string[] };

/** @throws {ImageError} IMAGE_MALFORMED */
export function indexTar(archive: OpenBlob): TarIndex {
  const places = new Map<string, Place>();
  const links = new Map<string, string>();
  let extension: Extension = {};
  let offset = 0;
  for (let members = 0; offset + BLOCK <= archive.length; members += 1) {
    if (members > MEMBER_LIMIT) throw bad(`it has more than ${MEMBER_LIMIT} members`);
    const header = readBlock(archive, offset);
    if (header.every((byte) => byte === 0)) break;
    requireChecksum(header);
    const type = String.fromCharCode(header[156] ?? 0);
    const length = extension.size ?? number(header, 124, 12);
    const place = { offset: offset + BLOCK, length };
    offset = place.offset + Math.ceil(length / BLOCK) * BLOCK;
    if (offset > archive.length + BLOCK || place.offset + length > archive.length)
      throw bad('it ends in the middle of a member');
    if (type === 'x' || type === 'L' || type === 'K') {
      extension = { ...extension, ...readExtension(archive, place, type) };
      continue;
    }
    const name = clean(extension.path ?? headerName(header));
    const target = extension.linkpath ?? text(header, 157, 100);
    extension = {};
    if (type === '0' || type === '\0' || type === '7') {
      if (places.has(name) || links.has(name)) throw bad(`it has two members of the name ${JSON.stringify(name)}`);
      places.set(name, place);
    } else if (type === '2') {
      links.set(name, clean(posix.join(posix.dirname(name), target)));
    } else if (type === '1') {
      links.set(name, clean(target));
    } else if (type !== '5' && type !== 'g') {
      throw bad(`it has a member of the unknown type ${JSON.stringify(type)}`);
    }
  }
  return { find: (name) => follow(name, places, links), names: [...places.keys()] };
}

function follow(
  name: string,
  places: ReadonlyMap<string, Place>,
  links: ReadonlyMap<string, string>,
): Place | undefined {
  let at = name;
  for (let hops = 0; hops < MOST_LINKS; hops += 1) {
    const next = links.get(at);
    if (next === undefined) return places.get(at);
    at = next;
  }
  return undefined;
}

function readBlock(archive: OpenBlob, offset: number): Buffer {
  const bytes = readAll({ ...archive, offset: archive.offset + offset, length: BLOCK }, BLOCK);
  if (bytes === undefined) throw bad('it ends in the middle of a member');
  return bytes;
}

function requireChecksum(header: Buffer): void {
  const blanked = Buffer.from(header).fill(0x20, 148, 156);
  const sum = blanked.reduce((total, byte) => total + byte, 0);
  if (sum !== number(header, 148, 8)) throw bad('it is not an uncompressed tar archive, or damaged');
}

function readExtension(archive: OpenBlob, place: Place, type: string): Extension {
  const bytes = readAll({ ...archive, offset: archive.offset + place.offset, length: place.length }, EXTENSION_LIMIT);
  if (bytes === undefined) throw bad('it has a header that is too long');
  if (type === 'L') return { path: text(bytes, 0, bytes.length) };
  if (type === 'K') return { linkpath: text(bytes, 0, bytes.length) };
  return readPax(bytes);
}

/** Records of the form "LENGTH KEY=VALUE\n", of which the length counts itself. */
function readPax(bytes: Buffer): Extension {
  const found: { path?: string; size?: number; linkpath?: string } = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, Math.max(at, space)));
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - at || at + length > bytes.length)
      throw bad('it has a damaged extended header');
    const [key = '', ...rest] = bytes.toString('utf8', space + 1, at + length - 1).split('=');
    const value = rest.join('=');
    if (key === 'path') found.path = value;
    if (key === 'linkpath') found.linkpath = value;
    if (key === 'size') found.size = whole(Number(value));
    at += length;
  }
  return found;
}

/** Octal, or binary where the first bit is set. */
function number(header: Buffer, start: number, length: number): number {
  if (((header[start] ?? 0) & 0x80) !== 0) return whole(Number(header.readBigUInt64BE(start + length - 8)));
  return whole(Number.parseInt(text(header, start, length).trim() || '0', 8));
}

function whole(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw bad('it has a member of no sensible size');
  return value;
}

function headerName(header: Buffer): string {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? text(header, 345, 155) : '';
  return prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
}

function text(bytes: Buffer, start: number, length: number): string {
  const part = bytes.subarray(start, start + length);
  const end = part.indexOf(0);
  return part.toString('utf8', 0, end < 0 ? part.length : end);
}

/** Names are only looked up, never opened: one that leads out is simply never asked for. */
const clean = (name: string): string => posix.normalize(name).replace(/^\.\//, '').replace(/\/$/, '');

const bad = (why: string): Error => malformed('the archive', why);
