/** Finds and reads the files that `extends` ties together. */
import { readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { installationRoot } from '../base/installation.js';
import { quoted } from '../base/json-file.js';
import { PolicyError, type PolicyErrorCode, refuseFaults } from './errors.js';
import { meantOr } from './hint.js';
import { faultAt, type Layer, readPolicyFile } from './read.js';

/** A policy as users name it: a profile by its name, or a file by its path. */
export type PolicyReference =
  | { readonly kind: 'profile'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string };

/** How often a policy may extend another: more, and nobody knows what holds. */
export const MAX_EXTENDS = 5;

const profileFolder = join(installationRoot, 'profiles');
const PROFILE_NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** What users mean by `text`: a profile where it is a bare name, else a file, relative to `workingDirectory`. */
export function policyReference(text: string, workingDirectory: string): PolicyReference {
  if (PROFILE_NAME.test(text)) return { kind: 'profile', name: text };
  return { kind: 'file', path: resolve(workingDirectory, text) };
}

/** The names of the shipped profiles, sorted. */
export function profileNames(): string[] {
  return readdirSync(profileFolder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

/**
 * The policy and those that it extends, the furthest first, each checked
 * against the schema; versions that `extends` asks for are checked too.
 *
 * @throws {PolicyError} those of readPolicyFile(), POLICY_PROFILE_UNKNOWN POLICY_EXTENDS_CYCLE
 *   POLICY_EXTENDS_DEPTH POLICY_EXTENDS_OUTSIDE POLICY_VERSION_MISMATCH
 */
export function readChain(reference: PolicyReference): readonly Layer[] {
  const real = realPath(pathOf(reference));
  return chainOf(readPolicyFile(real, nameOf(real, [])));
}

/** As readChain(), for a policy that was read already. @throws {PolicyError} as readChain() */
export function chainOf(policy: Layer): readonly Layer[] {
  const layers: [Layer, ...Layer[]] = [policy];
  for (let path = parentOf(policy); path !== undefined; path = parentOf(layers[0])) {
    const [child] = layers;
    const real = realPath(path);
    checkPlace(child, real, layers);
    const layer = readParent(child, real, layers);
    checkVersion(child, layer);
    layers.unshift(layer);
  }
  return layers;
}

/** Whether `child` may extend the file at `path`, where `layers` do so already. */
function checkPlace(child: Layer, path: string, layers: readonly Layer[]): void {
  const name = basename(path);
  if (child.path === path)
    refuse('POLICY_EXTENDS_CYCLE', child, '/extends/policy', 'extends itself', 'name the policy that it builds on');
  if (layers.some((layer) => layer.path === path))
    refuse(
      'POLICY_EXTENDS_CYCLE',
      child,
      '/extends/policy',
      `extends ${name}, which extends it`,
      'let one of the two extend a profile',
    );
  if (layers.length > MAX_EXTENDS)
    refuse(
      'POLICY_EXTENDS_DEPTH',
      child,
      '/extends/policy',
      `${name} would be policy ${layers.length + 1} of this chain, which can have ${MAX_EXTENDS + 1}`,
      'write what some of them say into one',
    );
}

/** That a parent is not there, or no file, is a fault of who names it; what stands in it is its own. */
function readParent(child: Layer, path: string, others: readonly Layer[]): Layer {
  try {
    return readPolicyFile(path, nameOf(path, others));
  } catch (error) {
    if (error instanceof PolicyError && ABSENT.includes(error.code))
      refuse(error.code, child, '/extends/policy', `cannot extend it: ${error.message}`, error.hint);
    throw error;
  }
}

const ABSENT: readonly PolicyErrorCode[] = ['POLICY_NOT_FOUND', 'POLICY_UNREADABLE', 'POLICY_TOO_LARGE'];

function pathOf(reference: PolicyReference): string {
  return reference.kind === 'file' ? resolve(reference.path) : profilePath(reference.name);
}

function profilePath(name: string): string {
  const known = profileNames();
  if (known.includes(name)) return join(profileFolder, `${name}.json`);
  throw new PolicyError('POLICY_PROFILE_UNKNOWN', `there is no profile "${name}"`, {
    hint: `${meantOr(name, known)}; ${PROFILE_NAME.test(name) ? `a file is named by a path, such as ./${name}` : 'a policy file is given with --policy'}`,
  });
}

/** The path of what `layer` extends. A file cannot reach out of its folder: who may write there decides. */
function parentOf(layer: Layer): string | undefined {
  const written = layer.file.extends?.policy;
  if (written === undefined) return undefined;
  if (PROFILE_NAME.test(written)) {
    const known = profileNames();
    if (!known.includes(written))
      refuse(
        'POLICY_PROFILE_UNKNOWN',
        layer,
        '/extends/policy',
        `names no profile: "${written}"`,
        meantOr(written, known),
      );
    return join(profileFolder, `${written}.json`);
  }
  const folder = dirname(layer.path);
  const target = resolve(folder, written);
  if (isAbsolute(written) || climbsOut(written) || isOutside(folder, target) || isOutside(folder, realPath(target)))
    refuse(
      'POLICY_EXTENDS_OUTSIDE',
      layer,
      '/extends/policy',
      `leads out of the policy's folder: ${quoted(written)}`,
      'extend a profile, or a file of this folder or below it, named relative to this one',
    );
  if (/(^|\/)\.{0,2}$/.test(written))
    refuse('POLICY_UNREADABLE', layer, '/extends/policy', `names a folder: ${quoted(written)}`, 'name a policy file');
  return target;
}

/** Whether the way leaves the folder, though it may come back: another folder's name decides then. */
function climbsOut(way: string): boolean {
  let depth = 0;
  for (const step of way.split('/')) {
    if (step === '..') depth -= 1;
    else if (step !== '' && step !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

const isOutside = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way === '..' || way.startsWith('../') || isAbsolute(way);
};

/** Where nothing is, the path as it is: reading it will say so. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The shortest name that tells the file from the others of its chain. */
function nameOf(path: string, others: readonly Layer[]): string {
  const steps = path.split('/');
  for (let count = 1; count < steps.length; count += 1) {
    const name = steps.slice(-count).join('/');
    if (name !== '' && !others.some((other) => other.name === name)) return name;
  }
  return path;
}

function checkVersion(child: Layer, parent: Layer): void {
  const wanted = child.file.extends?.version;
  if (wanted === undefined || satisfies(parent.file.version, wanted)) return;
  const message = `asks for version ${wanted}, but ${parent.name} has ${parent.file.version}`;
  refuse('POLICY_VERSION_MISMATCH', child, '/extends/version', message, 'review what changed, then name its version');
}

/** As npm has them: ^ keeps the leftmost number that is not 0, ~ keeps major and minor. */
function satisfies(version: string, wanted: string): boolean {
  const numbers = (text: string): number[] =>
    text
      .replace(/^[\^~]/, '')
      .split('.')
      .map(Number);
  const [major = 0, minor = 0, patch = 0] = numbers(version);
  const [wantedMajor = 0, wantedMinor = 0, wantedPatch = 0] = numbers(wanted);
  const isLater = major - wantedMajor || minor - wantedMinor || patch - wantedPatch;
  if (!/^[\^~]/.test(wanted)) return isLater === 0;
  if (isLater < 0 || major !== wantedMajor) return false;
  if (wanted.startsWith('~') || (major === 0 && wantedMinor > 0)) return minor === wantedMinor;
  return major > 0 || (minor === 0 && patch === wantedPatch);
}

function refuse(code: PolicyErrorCode, layer: Layer, pointer: string, message: string, hint?: string): void {
  refuseFaults(code, [faultAt(layer, pointer, message, hint)]);
}
