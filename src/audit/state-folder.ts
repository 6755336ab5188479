/** Where trails lie below the user's state folder, and which of them are being written. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AuditError } from './errors.js';
import { readAll } from './lines.js';

export const chainPath = (state: string): string => join(state, 'chain.jsonl');
export const trailPath = (state: string, run: string): string => join(state, 'runs', run, 'trail.jsonl');
export const countsPath = (state: string, run: string): string => join(state, 'runs', run, 'counts');

/** Far more than a machine has locks for. */
const MAX_LOCKS_BYTES = 1 << 24;
const RUN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** The runs that have a folder, oldest first. @throws {AuditError} AUDIT_UNREADABLE */
export function runFolders(state: string): string[] {
  try {
    return readdirSync(join(state, 'runs'))
      .filter((name) => RUN.test(name))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new AuditError('AUDIT_UNREADABLE', `${join(state, 'runs')} cannot be read`, { cause: error });
  }
}

/**
 * Whether a supervisor holds the trail of `run`: it locks the file for as long as it lives.
 * False on another machine than the run's.
 *
 * @see proc_locks(5), flock(2)
 */
export function isLive(state: string, run: string): boolean {
  const status = statSync(trailPath(state, run), { bigint: true, throwIfNoEntry: false });
  const locks = readAll('/proc/locks', MAX_LOCKS_BYTES);
  if (status === undefined || locks === undefined) return false;
  const lock = new RegExp(`^\\d+: FLOCK +ADVISORY +WRITE +\\d+ [0-9a-f]+:[0-9a-f]+:${status.ino} `, 'm');
  return lock.test(locks.toString('latin1'));
}
