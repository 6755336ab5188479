/**
 * One process at a time does a piece of work; the others wait for its result.
 *
 * The lock is a file that names its owner. A dead owner's lock is broken: should
 * two processes do so at the same moment, both work, which costs time and harms nothing,
 * because results are put in place by rename.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hasErrno } from './errors.js';
import { isAlive, thisProcess } from './owner.js';
import { readIfPresent } from './store.js';

const PAUSE_MS = 25;

export type Lock = { readonly release: () => void };

/** The lock, or undefined as soon as `done` says that there is nothing left to do. */
export async function lockUnless(
  file: string,
  done: () => boolean,
  signal: AbortSignal | undefined,
): Promise<Lock | undefined> {
  const own = `${file}.${randomBytes(6).toString('hex')}`;
  const owner = thisProcess();
  try {
    writeFileSync(own, owner, { mode: 0o600 });
    while (!signal?.aborted && !done()) {
      if (take(own, file)) return { release: () => release(file, owner) };
      if (!breakStale(file, own)) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return undefined;
  } finally {
    rmSync(own, { force: true });
  }
}

function take(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Whether the lock was a dead one's, or is gone. */
function breakStale(file: string, own: string): boolean {
  const owner = readIfPresent(file)?.toString();
  if (owner === undefined) return true;
  if (isAlive(owner, ageOf(file))) return false;
  const aside = `${own}.stale`;
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  return true;
}

function release(file: string, owner: string): void {
  if (readIfPresent(file)?.toString() === owner) rmSync(file, { force: true });
}

function ageOf(file: string): number {
  return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}
