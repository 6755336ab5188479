/** A policy as the commands of `sandbox policy` name it. */
import { resolve } from 'node:path';
import { loadCeilings, requireWithin } from '../policy/ceiling.js';
import { policyReference } from '../policy/chain.js';
import type { Policy } from '../policy/policy.js';
import { loadPolicy } from '../policy/resolve.js';
import type { CliContext } from './context.js';

export type PolicyOptions = { readonly json?: boolean; readonly ceiling?: string };

/**
 * The policy called `name`, within the installed ceiling and the named one.
 * @throws {PolicyError} those of loadPolicy(), loadCeilings() and requireWithin()
 */
export function loadWithinCeilings(name: string, options: PolicyOptions, context: CliContext): Policy {
  const now = new Date();
  const policy = loadPolicy(policyReference(name, context.workingDirectory), now);
  const named = options.ceiling === undefined ? undefined : resolve(context.workingDirectory, options.ceiling);
  requireWithin(policy, loadCeilings(named, now));
  return policy;
}
