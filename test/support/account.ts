/** Unix accounts for tests, made and removed as root. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseSubordinateIds } from '../../src/host/id-map.js';

export type Account = { readonly name: string; readonly uid: number; readonly gid: number };

/** Another process may hold the lock of the user database for a moment. */
const ATTEMPTS = 300;
const PAUSE_MS = 200;
const END_ATTEMPTS = 500;
const END_PAUSE_MS = 20;

/** Makes an account with a name that no other has, also none that a killed test left. The home folder is not made. */
export function createAccount(home: string, subordinateIds: boolean): Account {
  const name = `sbx${randomBytes(6).toString('hex')}`;
  const none = subordinateIds ? [] : ['-K', 'SUB_UID_COUNT=0', '-K', 'SUB_GID_COUNT=0'];
  administer(['useradd', '--no-log-init', '--no-create-home', '--home-dir', home, '--shell', '/bin/sh', ...none, name]);
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`));
  const [, , uid, gid] = entry?.split(':') ?? [];
  const account = { name, uid: Number(uid), gid: Number(gid) };
  removeGroups(account.uid);
  if (subordinateIds && subordinateRanges(account).length === 0) addRange(name);
  return account;
}

/** Whether `uid` is the account's or one of its subordinate ids. */
export function ownsProcess(account: Account, uid: number): boolean {
  const ranges = [{ start: account.uid, count: 1 }, ...subordinateRanges(account)];
  return ranges.some(({ start, count }) => uid >= start && uid < start + count);
}

/** Ends what runs as the account or as one of its subordinate ids, also what is started meanwhile. */
export function endProcesses(account: Account): void {
  for (let attempt = 0; attempt < END_ATTEMPTS; attempt += 1) {
    const alive = processesOf(account);
    if (alive.length === 0) return;
    for (const pid of alive) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself meanwhile.
      }
    }
    pause(END_PAUSE_MS);
  }
}

/** Those that are alive: a zombie is none. */
function processesOf(account: Account): readonly number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).filter((pid) => {
    const status = statusOf(pid);
    const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
    return uid !== undefined && !/^State:\s+[ZX]/m.test(status) && ownsProcess(account, Number(uid));
  });
}

/** Removes control groups that were prepared for a user of this number by a test that was killed. */
function removeGroups(uid: number): void {
  for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
    const prepared = join('/sys/fs/cgroup', hierarchy, `sandbox-${uid}`);
    if (!existsSync(prepared)) continue;
    const runs = readdirSync(prepared, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of runs) rmdirSync(join(prepared, name));
    rmdirSync(prepared);
  }
}

/** Removes the account, its group and its subordinate ids; also while a zombie of it remains. */
export function removeAccount(name: string): void {
  administer(['userdel', '--force', name]);
}

function addRange(name: string): void {
  const ends = ['/etc/subuid', '/etc/subgid'].flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([, start, count]) => Number(start ?? 0) + Number(count ?? 0)),
  );
  const start = Math.max(100_000, ...ends.filter(Number.isFinite));
  const range = `${start}-${start + 65_535}`;
  administer(['usermod', '--add-subuids', range, '--add-subgids', range, name]);
}

function administer([file = '', ...rest]: readonly string[]): void {
  for (let attempt = 1; ; attempt += 1) {
    const { status, stderr } = spawnSync(file, rest, { encoding: 'utf8' });
    if (status === 0) return;
    if (attempt === ATTEMPTS || !/lock/.test(stderr)) throw new Error(`${file}: ${stderr}`);
    pause(PAUSE_MS);
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function subordinateRanges(account: Account): ReturnType<typeof parseSubordinateIds> {
  try {
    return parseSubordinateIds(readFileSync('/etc/subuid', 'utf8'), account);
  } catch {
    return [];
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
