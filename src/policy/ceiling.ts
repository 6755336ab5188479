/**
 * Ceilings: policies that no other may exceed. One may be named on the command
 * line; another is an administrator's, in a place that only root can write.
 */
import { lstatSync, type Stats } from 'node:fs';
import { PolicyError } from './errors.js';
import { refuseLeaf } from './leaf.js';
import type { Policy } from './policy.js';
import { loadPolicy } from './resolve.js';
import { findWidenings } from './widenings.js';

export const INSTALLED_CEILING = '/etc/sandbox/ceiling.json';

/**
 * The ceilings that hold: the installed one where there is one, and `named`.
 *
 * @throws {PolicyError} POLICY_CEILING_UNTRUSTED where someone other than root may have written the installed one,
 *   and those of loadPolicy()
 */
export function loadCeilings(named: string | undefined, now: Date, installed = INSTALLED_CEILING): Policy[] {
  const found = named === undefined ? [] : [loadPolicy({ kind: 'file', path: named }, now)];
  if (!isInstalled(installed)) return found;
  return [loadPolicy({ kind: 'file', path: installed }, now), ...found];
}

/** What `policy` permits beyond a ceiling is an error, never a silent cut. @throws {PolicyError} POLICY_CEILING */
export function requireWithin(policy: Policy, ceilings: readonly Policy[]): void {
  for (const ceiling of ceilings) {
    const places = findWidenings(ceiling, policy).map(({ pointer, message }) => ({
      pointer,
      message: `${message}: more than the ceiling ${ceiling.name} permits`,
    }));
    refuseLeaf(policy, 'POLICY_CEILING', places, 'tighten the policy, or ask whoever answers for the ceiling');
  }
}

/** A ceiling that cannot be looked at is one that cannot be kept. */
function isInstalled(path: string): boolean {
  const stat = statOf(path);
  if (stat === undefined) return false;
  const writableByOthers = (stat.mode & 0o022) !== 0;
  if (stat.isFile() && stat.uid === 0 && !writableByOthers) return true;
  throw new PolicyError('POLICY_CEILING_UNTRUSTED', `the ceiling ${path} is not a file that only root can write`, {
    why: `it belongs to user ${stat.uid} and has mode ${(stat.mode & 0o7777).toString(8)}`,
    hint: `have root run: chown root:root ${path} && chmod 644 ${path}`,
  });
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new PolicyError('POLICY_CEILING_UNTRUSTED', `the ceiling ${path} cannot be looked at: ${code ?? 'unknown'}`, {
      hint: 'have root make its folder searchable for everyone',
      cause,
    });
  }
}
