/** Reads one policy file: bytes → text → JSON → shape. What it refers to is left alone. */
import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { FromSchema } from 'json-schema-to-ts';
import type { schema } from '../../generated/policy-schema.js';
import validatePolicy from '../../generated/policy-validator.js';
import type { Fault } from '../base/errors.js';
import { MAX_FAULTS, parseJsonFile } from '../base/json-file.js';
import { schemaFaults, type Validator } from '../base/schema-faults.js';
import { PolicyError, type PolicyErrorCode, refuseFaults } from './errors.js';
import { asMisspelt } from './misspelt.js';

/** A policy file as written: checked against the schema, nothing resolved. */
export type PolicyFile = FromSchema<typeof schema>;

/** One file of the chain that `extends` makes. */
export type Layer = {
  /** Absolute path. */
  readonly path: string;
  /** How rules of this file are named in records, such as `strict.json`. */
  readonly name: string;
  /** Where `faults` are, without the members that have them. */
  readonly file: PolicyFile;
  /** What the schema refuses: the file is read on only so that all its faults are told at once. */
  readonly faults: readonly Fault[];
  readonly lineOf: (pointer: string) => number;
};

/** Larger than any policy that a person has read. */
export const MAX_POLICY_BYTES = 1 << 20;

const conforms = validatePolicy as Validator<PolicyFile>;

/**
 * The policy file at `path`, called `name` in messages.
 * @throws {PolicyError} POLICY_NOT_FOUND POLICY_UNREADABLE POLICY_TOO_LARGE POLICY_ENCODING POLICY_SYNTAX POLICY_INVALID
 */
export function readPolicyFile(path: string, name: string): Layer {
  return parsePolicyBytes(readBytes(path, name), path, name);
}

/** As readPolicyFile, of bytes that are at hand. @throws {PolicyError} POLICY_ENCODING POLICY_SYNTAX POLICY_INVALID */
export function parsePolicyBytes(bytes: Uint8Array, path: string, name: string): Layer {
  return parsePolicyText(decode(bytes, name), path, name);
}

/** As readPolicyFile, of text that is at hand. @throws {PolicyError} POLICY_SYNTAX POLICY_INVALID */
export function parsePolicyText(text: string, path: string, name: string): Layer {
  const parsed = parseJsonFile(text, name);
  if (parsed.kind === 'faulty') {
    refuseFaults('POLICY_SYNTAX', parsed.faults);
    throw new PolicyError('POLICY_SYNTAX', `${name} is not JSON`);
  }
  if (conforms(parsed.value)) return { path, name, file: parsed.value, faults: [], lineOf: parsed.lineOf };
  const faults = schemaFaults(conforms, parsed).map((fault) => asMisspelt(fault, parsed));
  if (isResolved(faults)) refuseResolved(name);
  const file = faults.length < MAX_FAULTS ? withoutFaulty(parsed.value, faults) : undefined;
  if (file === undefined) refuseFaults('POLICY_INVALID', faults, hintOnForm(faults));
  return { path, name, file: file as PolicyFile, faults, lineOf: parsed.lineOf };
}

/** What other tools call a profile has none of a policy's members, and a command of its own. */
function hintOnForm(faults: readonly Fault[]): string | undefined {
  const isOther = faults.some(({ pointer }) => pointer === '/defaultAction' || pointer === '/ociVersion');
  return isOther
    ? 'if it is a seccomp profile of a container engine: sandbox policy compile --format oci-seccomp FILE --out FOLDER'
    : undefined;
}

/** What policy compile writes beside the filter looks like a policy, and would have a fault in every line. */
const isResolved = (faults: readonly Fault[]): boolean =>
  ['/parents', '/syscalls/edition'].every((made) => faults.some(({ pointer }) => pointer === made));

function refuseResolved(name: string): never {
  throw refusalOf(
    'POLICY_INVALID',
    name,
    'is what policy compile has made of a policy',
    'name the policy itself, or, to compare, the seccomp.bpf beside this file',
  );
}

/** What is left of `value` without the members that the schema refuses; undefined where too little is. */
function withoutFaulty(value: unknown, faults: readonly Fault[]): PolicyFile | undefined {
  const copy: unknown = structuredClone(value);
  for (const { pointer } of faults)
    if (!removeMember(copy, pointer.split('/').slice(1).map(unescaped))) return undefined;
  return conforms(copy) ? copy : undefined;
}

const unescaped = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

/** Removes the innermost object member around the place: an array keeps its indexes, to which pointers refer, or goes. */
function removeMember(root: unknown, steps: readonly string[]): boolean {
  let holder: Record<string, unknown> | undefined;
  let member = '';
  let here: unknown = root;
  for (const step of steps) {
    if (typeof here !== 'object' || here === null) break;
    if (!Array.isArray(here)) [holder, member] = [here as Record<string, unknown>, step];
    here = (here as Record<string, unknown>)[step];
  }
  if (holder === undefined) return false;
  delete holder[member];
  return true;
}

/** A fault of `layer` at `pointer`. */
export function faultAt(layer: Layer, pointer: string, message: string, hint?: string): Fault {
  return { file: layer.name, line: layer.lineOf(pointer), pointer, message, hint };
}

function readBytes(path: string, name: string): Uint8Array {
  const descriptor = openFile(path, name);
  try {
    if (!fstatSync(descriptor).isFile())
      throw refusalOf('POLICY_UNREADABLE', name, 'is not a file', 'name a policy file');
    const bytes = new Uint8Array(MAX_POLICY_BYTES + 1);
    let size = 0;
    for (let read = -1; read !== 0 && size < bytes.length; size += read)
      read = readSync(descriptor, bytes, size, bytes.length - size, null);
    if (size > MAX_POLICY_BYTES)
      throw refusalOf(
        'POLICY_TOO_LARGE',
        name,
        `has more than ${MAX_POLICY_BYTES} bytes`,
        'a policy is read by people: split it with "extends"',
      );
    return bytes.subarray(0, size);
  } catch (cause) {
    if (cause instanceof PolicyError) throw cause;
    throw refusalOf('POLICY_UNREADABLE', name, `cannot be read: ${errnoOf(cause)}`, 'name another file', cause);
  } finally {
    closeSync(descriptor);
  }
}

/** Not blocking: a named pipe without a writer would hang us. */
function openFile(path: string, name: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new PolicyError('POLICY_NOT_FOUND', `there is no policy file ${path}`, {
        hint: 'check the path; profiles are named without one, such as strict',
        faults: [{ file: name, line: 1, pointer: '', message: 'there is no such file' }],
        cause,
      });
    throw refusalOf('POLICY_UNREADABLE', name, `cannot be read: ${code}`, 'make the file readable', cause);
  }
}

const errnoOf = (cause: unknown): string => String((cause as NodeJS.ErrnoException).code ?? cause);

function refusalOf(code: PolicyErrorCode, name: string, what: string, hint: string, cause?: unknown): PolicyError {
  const fault = { file: name, line: 1, pointer: '', message: what };
  return new PolicyError(code, `${name} ${what}`, { hint, faults: [fault], cause });
}

const FIRST_OF_BYTE_ORDER_MARK = 0xef;

/** A decoder that is fatal takes milliseconds to be made: plain text does without. */
function decode(bytes: Uint8Array, name: string): string {
  const zero = bytes.indexOf(0);
  if (zero !== -1) refuseByte(bytes, zero, name, 'a NUL byte');
  if (isUtf8(bytes) && bytes[0] !== FIRST_OF_BYTE_ORDER_MARK) return Buffer.from(bytes).toString('utf8');
  if (!isUtf8Start(bytes)) refuseByte(bytes, firstWrongByte(bytes), name, 'a byte that is not UTF-8');
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (text.startsWith('\ufeff')) refuseByte(bytes, 0, name, 'a byte order mark');
    return text;
  } catch (error) {
    if (error instanceof PolicyError) throw error;
    return refuseByte(bytes, bytes.length, name, 'a character that is cut off');
  }
}

/** Whether more bytes could make `bytes` text. */
function isUtf8Start(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** By bisection: every start of text is a start, and nothing after a wrong byte is. */
function firstWrongByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isUtf8Start(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function refuseByte(bytes: Uint8Array, offset: number, name: string, what: string): never {
  const line = bytes.subarray(0, offset).reduce((lines, byte) => (byte === 0x0a ? lines + 1 : lines), 1);
  const fault = { file: name, line, pointer: '', message: `${what} stands here`, hint: 'write the file as UTF-8 text' };
  throw new PolicyError('POLICY_ENCODING', `${name} is not text`, { faults: [fault] });
}
