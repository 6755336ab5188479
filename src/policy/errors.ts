/** How loading, resolving and compiling a policy fails. */
import { type Fault, SandboxError } from '../base/errors.js';
import { MAX_FAULTS } from '../base/json-file.js';

export type PolicyErrorCode =
  | 'POLICY_PROFILE_UNKNOWN'
  | 'POLICY_NOT_FOUND'
  | 'POLICY_UNREADABLE'
  | 'POLICY_TOO_LARGE'
  | 'POLICY_ENCODING'
  | 'POLICY_SYNTAX'
  /** One file has several faults, or one that no other code names. */
  | 'POLICY_INVALID'
  | 'POLICY_EXPIRED'
  | 'POLICY_EXTENDS_CYCLE'
  | 'POLICY_EXTENDS_DEPTH'
  | 'POLICY_EXTENDS_OUTSIDE'
  | 'POLICY_VERSION_MISMATCH'
  | 'POLICY_DIGEST_MISMATCH'
  | 'POLICY_LOCKED'
  | 'POLICY_NO_EXIT'
  | 'POLICY_CEILING'
  | 'POLICY_CEILING_UNTRUSTED'
  | 'POLICY_NETWORK_MODE'
  | 'POLICY_UNWRITABLE'
  | 'POLICY_QUESTION'
  | 'CONTROL_UNAVAILABLE';

/** A policy that is refused, with all faults of the file at once. */
export class PolicyError extends SandboxError<PolicyErrorCode> {}

/**
 * The error that tells `faults` of one file, the first hundred of them.
 * @throws {PolicyError} `code` where there is at least one
 */
export function refuseFaults(code: PolicyErrorCode, faults: readonly Fault[], hint?: string): void {
  const [first] = faults;
  if (first === undefined) return;
  const told = faults.slice(0, MAX_FAULTS).sort((a, b) => a.line - b.line);
  const many = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
  const count = faults.length < MAX_FAULTS ? many : `${MAX_FAULTS} faults or more`;
  throw new PolicyError(code, `${first.file} has ${count}`, { faults: told, hint });
}
