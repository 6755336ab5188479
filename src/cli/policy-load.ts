/** A policy as the commands of `sandbox policy` name it. */
import { resolve } from 'node:path';
import type { Subject } from '../policy/answer.js';
import { loadCeilings, requireWithin } from '../policy/ceiling.js';
import { policyReference, readChain } from '../policy/chain.js';
import type { Policy } from '../policy/policy.js';
import { resolvePolicy } from '../policy/resolve.js';
import type { CliContext } from './context.js';

export type PolicyOptions = { readonly json?: boolean; readonly ceiling?: string };

/**
 * The policy called `name`, within the installed ceiling and the named one.
 * @throws {PolicyError} those of loadPolicy(), loadCeilings() and requireWithin()
 */
export function loadWithinCeilings(name: string, options: PolicyOptions, context: CliContext): Policy {
  return loadSubject(name, options, context).policy;
}

/** The same with the files it was made of. @throws {PolicyError} as loadWithinCeilings() */
export function loadSubject(name: string, options: PolicyOptions, context: CliContext): Subject {
  const now = new Date();
  const reference = policyReference(name, context.workingDirectory);
  const layers = readChain(reference);
  const policy = resolvePolicy(layers, now);
  const named = options.ceiling === undefined ? undefined : resolve(context.workingDirectory, options.ceiling);
  const ceilings = loadCeilings(named, now);
  requireWithin(policy, ceilings);
  return { policy, layers, isProfile: reference.kind === 'profile', ceilings, now };
}
