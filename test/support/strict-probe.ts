/** Runs the probe in our own sandbox, and finds the record of each attempt in the trail. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { patient } from './patience.js';
import {
  checkComplete,
  lackingCalls,
  parseResults,
  type Result,
  type Results,
  type Surroundings,
  withExtraDescriptor,
} from './probe.js';
import type { Product, TestUser } from './user.js';

/** What a record of kind `attempt` says, as far as it is compared here. */
export type AttemptRecord = {
  readonly kind: string;
  readonly call: string | null;
  readonly number: number;
  readonly architecture: 'x86_64' | 'x32' | 'i386' | 'other';
  readonly inner_pid: number | null;
  readonly pid: number | null;
  readonly verdict: 'denied' | 'killed' | 'continued';
  readonly errno: string | null;
  readonly rule: string;
};
export type StrictRun = {
  readonly results: Results;
  readonly run: string;
  readonly records: readonly AttemptRecord[];
  /** The records of the process that made an attempt, and of its children. */
  readonly recordsOf: (id: string) => readonly AttemptRecord[];
};

const RUN_LIMIT_MS = patient(500_000);
const FOLDERS = [
  'bin sbin lib lib64 etc usr usr/bin usr/local opt srv home root boot mnt media run dev proc sys tmp',
  'var var/lib var/log var/cache var/tmp',
]
  .join(' ')
  .split(' ');

/** A root with everything that attempts name, so that not its absence but the sandbox denies it. */
export function makeProbeRoot(user: TestUser, { program }: Surroundings): string {
  const root = mkdtempSync(join(tmpdir(), 'sandbox-probe-root-'));
  const give = (path: string, mode: number): void => {
    if (process.getuid?.() === 0) chownSync(path, user.uid, user.gid);
    chmodSync(path, mode);
  };
  for (const folder of FOLDERS) {
    mkdirSync(join(root, folder));
    give(join(root, folder), folder.endsWith('tmp') ? 0o1777 : 0o755);
  }
  for (const file of ['etc/hosts', 'etc/resolv.conf', 'etc/ld.so.preload']) {
    writeFileSync(join(root, file), '');
    give(join(root, file), 0o644);
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  give(join(root, 'etc/passwd'), 0o644);
  for (const [file, mode] of [
    ['probe', 0o755],
    ['bin/sh', 0o755],
    ['usr/bin/su', 0o4755],
  ] as const) {
    copyFileSync(program, join(root, file));
    give(join(root, file), mode);
  }
  give(root, 0o755);
  return root;
}

/** Under `sandbox run --profile strict`, with the same surroundings as outside. */
export function runUnderStrict(
  product: Product,
  user: TestUser,
  surroundings: Surroundings,
  root: string,
  outside: Results,
): StrictRun {
  const name = `PROBE_ABSTRACT=${surroundings.environment['PROBE_ABSTRACT']}`;
  const run = [product.program, 'run', '--profile', 'strict', '--allow-unsigned', '--env', name, `dir:${root}`];
  const probe = ['/probe', '--lacking', lackingCalls(outside).join(',')];
  const options = { environment: surroundings.environment, timeoutMs: RUN_LIMIT_MS };
  const ended = user.run(withExtraDescriptor([...run, ...probe]), options);
  const results = checkComplete(ended, parseResults(ended.stdout.toString()));
  const latest = latestRun(product, user);
  const shown = user.run([product.program, 'audit', 'show', latest, '--json'], options);
  const records = shown.stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AttemptRecord)
    .filter(({ kind }) => kind === 'attempt');
  return { results, run: latest, records, recordsOf: recordsByAttempt(results, records) };
}

function latestRun(product: Product, user: TestUser): string {
  const { stdout, stderr } = user.run([product.program, 'audit', 'list', '--json']);
  const lines = stdout.toString().trimEnd().split('\n');
  const { run } = JSON.parse(lines.at(-1) ?? '{}') as { run?: string };
  if (run === undefined) throw new Error(`sandbox audit list --json names no run\n${stderr}`);
  return run;
}

/** Ids of processes grow: what lies between two attempts' belongs to the first one's children. */
function recordsByAttempt(
  results: Results,
  records: readonly AttemptRecord[],
): (id: string) => readonly AttemptRecord[] {
  const inOrder: readonly Result[] = [...results.values()].sort((a, b) => a.pid - b.pid);
  return (id) => {
    const index = inOrder.findIndex((result) => result.id === id);
    const [from, to] = [inOrder[index]?.pid ?? 0, inOrder[index + 1]?.pid ?? Number.MAX_SAFE_INTEGER];
    return records.filter(({ inner_pid: pid }) => pid !== null && pid >= from && pid < to);
  };
}
