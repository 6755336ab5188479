/** From a chain of files to one policy: each file is added to what its parents mean together. */
import type { Fault } from '../base/errors.js';
import { type PolicyReference, readChain } from './chain.js';
import { covers } from './conjunction.js';
import { editionOf, groupCalls } from './editions.js';
import { PolicyError, refuseFaults } from './errors.js';
import { codeOf, type Fold, isDay, MAX_CONDITIONS, tellExpired } from './fold.js';
import { foldFilesystem } from './fold-filesystem.js';
import { foldAudit, foldNetwork, foldProcess, foldResources } from './fold-process.js';
import { foldSyscalls } from './fold-syscalls.js';
import { checkLocks, lockAt, lockFaults } from './lock.js';
import { type Origin, type Policy, type PolicyMeaning, sealPolicy } from './policy.js';
import { faultAt, type Layer } from './read.js';
import { fileOfRule, pointerOfRule } from './rule-name.js';
import { STRICTEST } from './strictest.js';
import { findWidenings } from './widenings.js';

/**
 * The policy that `reference` names, with everything it extends.
 * `now` decides which exceptions have expired.
 *
 * @throws {PolicyError} those of readChain(), POLICY_INVALID POLICY_EXPIRED POLICY_DIGEST_MISMATCH POLICY_LOCKED
 *   POLICY_NO_EXIT, with all faults of the file that is at fault
 */
export function loadPolicy(reference: PolicyReference, now: Date): Policy {
  return resolvePolicy(readChain(reference), now);
}

/** What `layers`, the furthest parent first, mean together. @throws {PolicyError} as loadPolicy() */
export function resolvePolicy(layers: readonly Layer[], now: Date): Policy {
  const policy = combineLayers(layers, now);
  const last = layers[layers.length - 1];
  if (last !== undefined) checkWhole(policy, last);
  return policy;
}

/** As resolvePolicy(), without looking at what only the whole can lack or contradict: not for running. */
export function combineLayers(layers: readonly Layer[], now: Date): Policy {
  const today = now.toISOString().slice(0, 10);
  const files = layers.map(({ path }) => path);
  let meaning = STRICTEST;
  for (const [index, layer] of layers.entries()) meaning = addLayer(meaning, layer, index === 0, today);
  return sealPolicy(meaning, files);
}

function addLayer(parent: PolicyMeaning, layer: Layer, isFirst: boolean, today: string): PolicyMeaning {
  const fold: Fold = { layer, faults: [...layer.faults], expired: new Set(), room: MAX_CONDITIONS, today };
  const { file } = layer;
  const sealed = isFirst ? undefined : sealPolicy(parent, []);
  if (sealed !== undefined) checkDigest(layer, sealed.digest);
  const meaning: PolicyMeaning = {
    apiVersion: 1,
    name: file.name,
    title: file.title ?? file.name,
    version: file.version,
    stability: file.stability ?? 'draft',
    parents:
      sealed === undefined
        ? []
        : [...parent.parents, { name: parent.name, version: parent.version, digest: sealed.digest }],
    requires: { ...parent.requires, ...file.requires },
    image: { ...parent.image, ...file.image },
    process: foldProcess(parent.process, file.process, fold),
    filesystem: foldFilesystem(parent.filesystem, file.filesystem, fold),
    syscalls: foldSyscalls(parent.syscalls, file.syscalls, fold),
    network: foldNetwork(parent.network, file.network, fold),
    resources: foldResources(parent.resources, file.resources, fold),
    audit: foldAudit(parent.audit, file.audit, fold),
    controls: { ...parent.controls, ...file.controls },
    lock: [...parent.lock, ...(file.lock ?? []).map((pointer, i) => ({ pointer, rule: `${layer.name}#/lock/${i}` }))],
  };
  checkReview(fold);
  checkLocks(fold);
  refuseFaults(codeOf(fold), withoutConsequences(layer, fold.faults));
  if (parent.lock.length > 0) {
    const widenings = findWidenings(parent, meaning, (pointer) => lockAt(parent.lock, pointer) !== undefined);
    refuseFaults('POLICY_LOCKED', lockFaults(parent.lock, widenings, layer));
  }
  return meaning;
}

/**
 * `faults` less those that only follow from what the schema refused: it left
 * out the member, so its entry reads as another, and without `extends` nothing is inherited.
 */
function withoutConsequences({ faults: shape, file }: Layer, faults: readonly Fault[]): readonly Fault[] {
  if (shape.length === 0) return faults;
  const isParent = ({ pointer, hint }: Fault): boolean =>
    isAtOrBelow(pointer, '/extends') || hint === 'did you mean "extends"?';
  const isOrphan = file.extends === undefined && shape.some(isParent);
  const follows = ({ pointer }: Fault): boolean =>
    isOrphan ||
    shape.some((one) => isAtOrBelow(one.pointer, pointer) || isAtOrBelow(pointer, entryAround(one.pointer)));
  return faults.filter((fault) => shape.includes(fault) || !follows(fault));
}

const isAtOrBelow = (pointer: string, above: string): boolean => pointer === above || pointer.startsWith(`${above}/`);

/** The entry of a list that holds what stands at `pointer`, or that itself. */
const entryAround = (pointer: string): string => /^.*?\/\d+(?=\/|$)/.exec(pointer)?.[0] ?? pointer;

/** A digest pins what the parents mean together, not their spelling. */
function checkDigest(layer: Layer, digest: string): void {
  const wanted = layer.file.extends?.digest;
  if (wanted === undefined || wanted === digest) return;
  const message = `asks for ${wanted}, but what it extends has ${digest}`;
  const hint = 'review what changed in it, then name its digest';
  refuseFaults('POLICY_DIGEST_MISMATCH', [faultAt(layer, '/extends/digest', message, hint)]);
}

function checkReview(fold: Fold): void {
  const { approved, expires } = fold.layer.file.review ?? {};
  if (approved !== undefined) isDay(fold, '/review/approved', approved);
  if (expires !== undefined)
    tellExpired(fold, '/review/expires', expires, 'the review of this policy', 'have it reviewed again');
}

/** What only the whole can lack or contradict. */
function checkWhole(policy: Policy, last: Layer): void {
  const { allow, forbid, quiet } = policy.syscalls;
  const canExit = allow.some(({ calls }) => (calls['exit_group'] ?? []).some((when) => when.length === 0));
  if (!canExit || forbid.some(({ calls }) => calls['exit_group'] !== undefined))
    throw new PolicyError('POLICY_NO_EXIT', `${last.name} does not allow exit_group, so nothing could ever end`, {
      hint: 'allow the group process.basic, or exit_group',
      faults: [
        faultAt(last, placeOfNoExit(policy, last), 'exit_group is not allowed with every argument, or is forbidden'),
      ],
    });
  const faults = quiet.flatMap((rule) =>
    Object.entries(rule.calls).flatMap(([call, alternatives]) => {
      const clash = allow.find((other) =>
        alternatives.some((one) => (other.calls[call] ?? []).some((wide) => covers([wide], one))),
      );
      return clash === undefined ? [] : [clashOf(last, call, rule, clash)];
    }),
  );
  refuseFaults('POLICY_INVALID', faults);
}

/** The rule of the file that takes exit_group away, where one does. */
function placeOfNoExit({ syscalls }: Policy, { name, file }: Layer): string {
  const forbidden = syscalls.forbid.find(
    ({ rule, calls }) => calls['exit_group'] !== undefined && fileOfRule(rule) === name,
  );
  if (forbidden !== undefined) return pointerOfRule(forbidden.rule);
  const edition = editionOf(syscalls.edition);
  const removed = (file.syscalls?.remove ?? []).findIndex(({ group, calls }) =>
    (calls ?? (edition && group && groupCalls(edition, group)) ?? []).includes('exit_group'),
  );
  return removed === -1 ? '/syscalls' : `/syscalls/remove/${removed}`;
}

/** Told at the one of the two rules that stands in the file. */
function clashOf(last: Layer, call: string, quiet: Origin, allow: Origin): Fault {
  const pointerOf = ({ rule }: Origin): string => pointerOfRule(rule);
  if (fileOfRule(quiet.rule) === last.name)
    return faultAt(
      last,
      pointerOf(quiet),
      `${call} is refused quietly here and allowed by ${allow.rule}`,
      'remove one',
    );
  const hint = 'leave those arguments out with "where": what is inherited as quiet stays so';
  return faultAt(last, pointerOf(allow), `${call} is allowed here and refused quietly by ${quiet.rule}`, hint);
}
