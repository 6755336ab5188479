/** What belongs to a test's user: files to hand over, and what a run may have left behind. */
import { chownSync, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownsProcess } from './account.js';
import { patient } from './patience.js';
import type { TestUser } from './user.js';

/** Hands a tree over to the user; nothing where the tests run as that user. */
export function ownEverything(user: TestUser, path: string): void {
  if (process.getuid?.() !== 0) return;
  chownSync(path, user.uid, user.gid);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) ownEverything(user, join(path, name));
}

/** Processes, mounts, half-made and temporary files of the user, a line each. Empty: nothing was left behind. */
export function findDebris(user: TestUser): readonly string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return [
    ...liveProcesses(user),
    ...mounts.filter((line) => line.includes(user.home)),
    ...['tmp', 'run'].flatMap((name) => filesBelow(join(user.home, name))),
    ...halfMade(join(user.home, '.local')),
  ];
}

const processIds = (): readonly string[] => readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
/** Where the tests run as the user that they use, its session was there before, and is none of theirs. */
const before: ReadonlySet<string> = new Set(processIds());

/**
 * The user's processes that began after this module was loaded, those of subordinate ids included; zombies are not
 * alive. Without root some may be the user's own doing: nothing is to be killed by this list.
 */
export function liveProcesses(user: TestUser): readonly string[] {
  return processIds()
    .filter((entry) => !before.has(entry))
    .flatMap((pid) => {
      const status = readStatus(pid);
      const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
      if (uid === undefined || /^State:\s+[ZX]/m.test(status) || !ownsProcess(user, Number(uid))) return [];
      return [`process ${pid} ${/^Name:\s+(.*)$/m.exec(status)?.[1]}`];
    });
}

/**
 * Waits until nothing is left behind; what is left after the limit. The kernel takes a moment to end processes. What
 * a test could find left must live for longer than this.
 */
export async function settle(user: TestUser, limitMs = patient(20_000)): Promise<readonly string[]> {
  for (const end = Date.now() + limitMs; ; ) {
    const debris = findDebris(user);
    if (debris.length === 0 || Date.now() > end) return debris;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function halfMade(folder: string): readonly string[] {
  return filesBelow(folder, 4).filter((path) => /\/(tmp-[^/]*|[^/]*\.new|[^/]*\.lock)$/.test(path));
}

function filesBelow(folder: string, depth = 1): readonly string[] {
  if (!existsSync(folder) || !lstatSync(folder).isDirectory()) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return depth > 0 ? [path, ...filesBelow(path, depth - 1)] : [path];
  });
}

function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
