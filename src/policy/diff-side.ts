/** What can be compared: policies with everything they extend, and filters of any origin. */
import { basename, join, resolve } from 'node:path';
import { SandboxError } from '../base/errors.js';
import { parseJsonFile } from '../base/json-file.js';
import { readSmallFile, readSmallInput } from '../base/small-file.js';
import { type DecodedProgram, decodeProgram } from '../seccomp/bpf.js';
import { DecisionSpace } from '../seccomp/decision.js';
import { decisionOfProgram } from '../seccomp/decision-program.js';
import { acceptProgram } from '../seccomp/machine.js';
import { compileOciSeccomp, parseOciSeccomp } from '../seccomp/oci.js';
import { chainOf, policyReference, readChain } from './chain.js';
import type { Change } from './change.js';
import { decisionOfSyscalls } from './decide-calls.js';
import { findChanges } from './diff.js';
import { type CallSide, callChanges } from './diff-calls.js';
import { PolicyError } from './errors.js';
import type { Policy } from './policy.js';
import { isAtOrBelow } from './reach.js';
import { type Layer, parsePolicyBytes } from './read.js';
import { resolvePolicy } from './resolve.js';
import { fileOfRule, pointerOfRule } from './rule-name.js';

export type FilterForm = 'program' | 'oci-seccomp' | 'oci-config' | 'docker-profile';

export type DiffSide =
  | { readonly kind: 'policy'; readonly label: string; readonly policy: Policy; readonly layers: readonly Layer[] }
  | {
      readonly kind: 'filter';
      readonly label: string;
      readonly path: string;
      readonly form: FilterForm;
      readonly program: DecodedProgram;
      /** What of the block could not be said, or is not for this host. */
      readonly remarks: readonly string[];
    };

/** What decides which rules of Docker's form apply; as loadOciSeccomp() has it. */
export type HostChoice = { readonly capabilities?: readonly string[]; readonly kernel?: string };

/**
 * What users mean by `text`: a profile, a policy file, a compiled filter, a
 * seccomp block of OCI, a config.json with one, a profile of Docker; `-` is
 * any of these on standard input, as if it stood in the working directory.
 *
 * @throws {PolicyError} those of loadPolicy()
 * @throws {FilterError} FILTER_PROGRAM_INVALID FILTER_FILE_INVALID FILTER_FILE_SYNTAX FILTER_TOO_LARGE
 */
export function loadSide(text: string, workingDirectory: string, now: Date, host: HostChoice = {}): DiffSide {
  if (STANDARD_INPUT.includes(text)) {
    const path = join(workingDirectory, 'standard-input');
    const bytes = inputBytes();
    const policy = (): readonly Layer[] => chainOf(parsePolicyBytes(bytes, path, 'standard-input'));
    return filterOf('standard input', path, bytes, host) ?? policySide('standard input', policy(), now);
  }
  if (OTHER_DESCRIPTOR.test(text)) throw descriptorClosed(text);
  const reference = policyReference(text, workingDirectory);
  const path = resolve(workingDirectory, text);
  const bytes = reference.kind === 'file' ? bytesOf(path) : undefined;
  const filter = bytes === undefined ? undefined : filterOf(text, path, bytes, host);
  return filter ?? policySide(text, readChain(reference), now);
}

const STANDARD_INPUT = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];
/** What a shell gives for `<(command)`. */
const OTHER_DESCRIPTOR = /^\/(dev|proc\/self)\/fd\/[0-9]+$/;
const PIPE_HINT =
  'give it a policy or a filter, such as: git show main:policy.json | sandbox policy diff - policy.json';

/** The front end has closed it: nothing of the caller reaches a sandbox by accident. */
function descriptorClosed(text: string): PolicyError {
  const faults = [{ file: text, line: 1, pointer: '', message: 'is closed' }];
  return new PolicyError('POLICY_UNREADABLE', `${text} is closed`, {
    why: 'of the descriptors of its caller sandbox keeps the standard ones alone',
    hint: `write - for standard input, and ${PIPE_HINT}`,
    faults,
  });
}

function inputBytes(): Uint8Array {
  try {
    return readSmallInput();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const fault = { file: 'standard-input', line: 1, pointer: '', message: 'cannot be read' };
    throw new PolicyError('POLICY_UNREADABLE', 'standard input cannot be read', {
      why: message,
      hint: PIPE_HINT,
      faults: [fault],
      cause,
    });
  }
}

const policySide = (label: string, layers: readonly Layer[], now: Date): DiffSide => ({
  kind: 'policy',
  label,
  policy: resolvePolicy(layers, now),
  layers,
});

/** Undefined where it is neither a program nor a block: then it is a policy, or has that one's faults. */
function filterOf(label: string, path: string, bytes: Uint8Array, host: HostChoice): DiffSide | undefined {
  if (isProgram(path, bytes)) return filterSide(label, path, 'program', acceptProgram(bytes), []);
  const block = Buffer.from(bytes).toString('utf8');
  return isBlock(block) ? blockSide(label, path, block, host) : undefined;
}

/** Undefined where nothing can be read: as a policy it has an error of its own. */
function bytesOf(path: string): Uint8Array | undefined {
  try {
    return readSmallFile(path);
  } catch {
    return undefined;
  }
}

/** No text has a NUL, and every program has one: in the high half of its first code. */
const isProgram = (path: string, bytes: Uint8Array): boolean =>
  path.endsWith('.bpf') || (bytes.length > 0 && bytes.subarray(0, 8).includes(0));

/** Every policy has an apiVersion; blocks have a default action, and configurations a section `linux`. */
function isBlock(text: string): boolean {
  const parsed = parseJsonFile(text, '');
  if (parsed.kind === 'faulty' || typeof parsed.value !== 'object' || parsed.value === null) return false;
  const { value } = parsed;
  return !('apiVersion' in value) && ('defaultAction' in value || 'linux' in value || 'ociVersion' in value);
}

function blockSide(label: string, path: string, text: string, host: HostChoice): DiffSide {
  const block = parseOciSeccomp(text, { ...host, name: basename(path) });
  const { program, remarks } = compileOciSeccomp(block);
  const told = remarks.map(({ pointer, names, reason }) => `${pointer}: ${names.join(', ')}: ${reason}`);
  return filterSide(label, path, block.form, decodeProgram(program), told);
}

const filterSide = (
  label: string,
  path: string,
  form: FilterForm,
  program: DecodedProgram,
  remarks: readonly string[],
): DiffSide => ({ kind: 'filter', label, path, form, program, remarks });

/** Every change from `before` to `after`; of calls alone where one of them is a filter. @throws {FilterError} FILTER_UNSUPPORTED FILTER_TOO_COMPLEX */
export function compareSides(before: DiffSide, after: DiffSide): Change[] {
  if (before.kind === 'policy' && after.kind === 'policy') return findChanges(before.policy, after.policy);
  const space = new DecisionSpace();
  const callsOf = (side: DiffSide): CallSide =>
    side.kind === 'policy'
      ? { decision: decisionOfSyscalls(space, side.policy.syscalls), syscalls: side.policy.syscalls }
      : { decision: decisionOfProgram(space, side.program) };
  return callChanges(
    space,
    ofSide('BEFORE', before.label, () => callsOf(before)),
    ofSide('AFTER', after.label, () => callsOf(after)),
  );
}

/** What `find` gives; where it fails, the error says of which side: both files may have the same name. */
export function ofSide<Found>(role: 'BEFORE' | 'AFTER', label: string, find: () => Found): Found {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    throw error.about(`${role} is ${label}`);
  }
}

export type Place = {
  readonly file: string;
  readonly line?: number | undefined;
  readonly pointer?: string | undefined;
};

/**
 * Where `side` says what `change` is about: its rule, else the last file that has something at its place.
 * What stands in a file outside of `folder` is there because one inside extends it: that one is what a reader can change.
 */
export function placeOf(side: DiffSide, rule: string | undefined, pointer: string, folder: string): Place {
  if (side.kind === 'filter') return { file: side.path };
  const { layers } = side;
  const owner = rule === undefined ? -1 : layers.findIndex((layer) => layer.name === fileOfRule(rule));
  const saying = owner >= 0 ? owner : layers.findLastIndex((layer) => hasPlace(layer.file, pointer));
  const place = saying >= 0 ? saying : layers.length - 1;
  const near = layers.findIndex((layer, index) => index >= place && isAtOrBelow(layer.path, folder));
  if (near > place) return placeIn(layers[near], '/extends/policy');
  return placeIn(layers[place], rule !== undefined && owner >= 0 ? pointerOfRule(rule) : pointer);
}

const placeIn = (layer: Layer | undefined, pointer: string): Place => ({
  file: layer?.path ?? '',
  line: layer?.lineOf(pointer),
  pointer,
});

function hasPlace(file: unknown, pointer: string): boolean {
  let here = file;
  for (const step of pointer.split('/').slice(1)) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return false;
    here = (here as Record<string, unknown>)[step];
  }
  return true;
}
