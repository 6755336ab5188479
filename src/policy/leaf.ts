/** Faults of a policy as a whole, told where its last file has the section they are about. */
import { basename } from 'node:path';
import type { Fault } from '../base/errors.js';
import { type PolicyErrorCode, refuseFaults } from './errors.js';
import type { Policy } from './policy.js';
import { faultAt, type Layer, readPolicyFile } from './read.js';

/** The last file of the chain, read again. @throws {PolicyError} those of readPolicyFile() */
export function leafOf(policy: Policy): Layer {
  const path = policy.files[policy.files.length - 1] ?? '';
  return readPolicyFile(path, basename(path));
}

/** What is wrong with the whole of `policy`, at `pointer` of its last file; none where that cannot be read again. */
export function faultsOfWhole(policy: Policy, pointer: string, message: string, hint?: string): readonly Fault[] {
  try {
    return [faultAt(leafOf(policy), pointer, message, hint)];
  } catch {
    return [];
  }
}

/** @throws {PolicyError} `code` with every place of the last file at which `policy` is at fault */
export function refuseLeaf(
  policy: Policy,
  code: PolicyErrorCode,
  places: readonly { readonly pointer: string; readonly message: string }[],
  hint?: string,
): void {
  if (places.length === 0) return;
  const leaf = leafOf(policy);
  refuseFaults(
    code,
    places.map(({ pointer, message }) => faultAt(leaf, pointer, message)),
    hint,
  );
}
