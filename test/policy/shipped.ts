/** The policies that ship with the product, for tests that hold each of them to the same. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { type PolicyReference, profileNames } from '../../src/policy/chain.js';
import type { Policy } from '../../src/policy/policy.js';
import { loadPolicy } from '../../src/policy/resolve.js';

const NOW = new Date('2026-11-21T12:00:00Z');
const folder = join(installationRoot, 'policies');

/** Whole policies for images beside the schemas and parts that they are built from. */
const imagePolicies = readdirSync(folder).filter(
  (name) => name.endsWith('.json') && !/^syscalls-|\.schema\.json$|^trust/.test(name),
);

const references: readonly PolicyReference[] = [
  ...profileNames().map((name) => ({ kind: 'profile', name }) as const),
  ...imagePolicies.map((name) => ({ kind: 'file', path: join(folder, name) }) as const),
];

export const shipped: readonly Policy[] = references.map((reference) => loadPolicy(reference, NOW));

export function shippedPolicy(name: string): Policy {
  const found = shipped.find((policy) => policy.name === name);
  if (found === undefined) throw new Error(`no policy ${name} ships`);
  return found;
}
