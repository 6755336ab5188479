/**
 * A ceiling: a policy that no run on this host may exceed, installed by the
 * administrator or named on the command line.
 */
import { statSync } from 'node:fs';
import { PolicyError } from '../policy/errors.js';
import type { Policy } from '../policy/policy.js';
import { loadPolicy } from '../policy/resolve.js';
import { findWidenings } from '../policy/widenings.js';
import { RunError } from './errors.js';

/** Where an administrator puts the ceiling for every user of the host. */
export const installedCeiling = '/etc/sandbox/ceiling.json';

/**
 * The ceilings in force: the installed one, which only root may have written, and that of the command line.
 *
 * @throws {PolicyError} those of loadPolicy(), POLICY_CEILING where the installed file is not root's
 */
export function findCeiling(flag: string | undefined, now: Date): readonly Policy[] | undefined {
  const paths = [...(isInstalled() ? [installedCeiling] : []), ...(flag === undefined ? [] : [flag])];
  return paths.length === 0 ? undefined : paths.map((path) => loadPolicy({ kind: 'file', path }, now));
}

function isInstalled(): boolean {
  const status = statSync(installedCeiling, { throwIfNoEntry: false });
  if (status === undefined) return false;
  if (status.uid === 0 && (status.mode & 0o022) === 0) return true;
  throw new PolicyError('POLICY_CEILING', `${installedCeiling} can be changed by others than root`, {
    hint: `as root: chown root ${installedCeiling} && chmod 644 ${installedCeiling}`,
  });
}

/** @throws {PolicyError} POLICY_CEILING where the policy is wider @throws {RunError} RUN_CEILING for a flag that loosens */
export function requireBelow(ceilings: readonly Policy[], policy: Policy, allowUnsigned: boolean): void {
  for (const ceiling of ceilings) {
    const widenings = findWidenings(ceiling, policy);
    if (widenings.length === 0) continue;
    const told = widenings.slice(0, 5).map(({ pointer, message }) => `${pointer}: ${message}`);
    const more = widenings.length > told.length ? `; and ${widenings.length - told.length} more` : '';
    throw new PolicyError('POLICY_CEILING', `policy ${policy.name} is wider than the ceiling ${ceiling.name}`, {
      why: `${told.join('; ')}${more}`,
      hint: 'narrow the policy, or ask whoever set the ceiling',
    });
  }
  if (allowUnsigned) {
    throw new RunError('RUN_CEILING', '--allow-unsigned is not available: a ceiling is in force', {
      hint: 'have the image signed, or ask whoever set the ceiling',
    });
  }
}
