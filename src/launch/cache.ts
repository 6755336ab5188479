/**
 * Keeps a launch plan for the next run of the same words, so that the front
 * end needs no control plane then. native/frontend/plan_cache.c reads it.
 *
 * `<state>/plans/KEY.plan` holds the plan, `KEY.inputs` what it depends on:
 * a line `sandbox-inputs 2 UNTIL DEFAULT SHA256`, of the plan, so that the two
 * belong together whoever wrote them at the same time and however a disk lost
 * part of them; then one line for each file, either
 * `DEVICE INODE SIZE MTIME CTIME PATH` (times in ns) or `- PATH` for one that
 * must not be there; of a folder whose contents do not matter
 * `= DEVICE INODE UID GID MODE PATH`. KEY is the SHA-256 of the texts of `surroundings` and of
 * the words, each ended by a NUL.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../base/folders.js';

export type PlanSurroundings = {
  /** The folder of the installation, without links: another's launcher does not take our plans. */
  readonly installation: string;
  readonly uid: number;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** As uname(2) gives them. */
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  /** Text of /proc/self/cgroup. */
  readonly cgroup: string;
};

export type PlanInputs = {
  /** Absolute; each as it is now, or absent. None may have changed since `startedAt`. */
  readonly files: readonly string[];
  /** Folders and files that may have been made for this plan and are never changed afterwards. */
  readonly folders: readonly string[];
  /** Folders of which identity, owner and mode matter, or that they are absent; what is in them may change. */
  readonly places: readonly string[];
  /** When the first of `files` was read. */
  readonly startedAt: Date;
  readonly until: Date;
  /** Whether the image has a command of its own. */
  readonly hasDefault: boolean;
};

/** A file that changed so shortly before may change again within one tick of its file system's clock. */
const CLOCK_TICK_NS = 100_000_000n;
const MOST_PLANS = 128;
const NAMES = ['HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'XDG_CONFIG_HOME'];

/** The key for `words` (from `run` up to and with the image). */
export function planKey(surroundings: PlanSurroundings, words: readonly string[]): string {
  const { installation, uid, workingDirectory, environment, kernelRelease, kernelVersion, cgroup } = surroundings;
  const variables = NAMES.map((name) => environment[name] ?? '');
  const texts = [
    installation,
    String(uid),
    workingDirectory,
    ...variables,
    kernelRelease,
    kernelVersion,
    cgroup,
    ...words,
  ];
  const hash = createHash('sha256');
  for (const text of ['sandbox-plan-2', ...texts]) hash.update(`${text}\0`);
  return hash.digest('hex');
}

/**
 * Stores `plan` below `stateDirectory`, unless an input changed too recently to be
 * sure of it; whether it did. A cache that cannot be written costs time only.
 */
export function storePlan(stateDirectory: string, key: string, plan: Uint8Array, inputs: PlanInputs): boolean {
  const lines = inputLines(inputs);
  if (lines === undefined) return false;
  const folder = join(stateDirectory, 'plans');
  const until = Math.floor(inputs.until.getTime() / 1000);
  const digest = createHash('sha256').update(plan).digest('hex');
  const head = `sandbox-inputs 2 ${until} ${inputs.hasDefault ? 1 : 0} ${digest}`;
  try {
    makeFolders(folder, 0o700);
    dropOldest(folder);
    writeWhole(join(folder, `${key}.plan`), plan);
    writeWhole(join(folder, `${key}.inputs`), `${[head, ...lines].join('\n')}\n`);
    return true;
  } catch {
    return false;
  }
}

function inputLines({ files, folders, places, startedAt }: PlanInputs): readonly string[] | undefined {
  const limit = BigInt(startedAt.getTime()) * 1_000_000n - CLOCK_TICK_NS;
  const lines: string[] = [];
  for (const path of new Set([...files, ...folders])) {
    if (path.includes('\n')) return undefined;
    const status = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (status === undefined) {
      lines.push(`- ${path}`);
      continue;
    }
    const { dev, ino, size, mtimeNs, ctimeNs } = status;
    if (ctimeNs >= limit && !folders.includes(path)) return undefined;
    lines.push(`${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs} ${path}`);
  }
  if (places.some((path) => path.includes('\n'))) return undefined;
  return [...lines, ...places.map(placeLine)];
}

function placeLine(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (status === undefined) return `- ${path}`;
  const { dev, ino, uid, gid, mode } = status;
  return `= ${dev} ${ino} ${uid} ${gid} ${mode} ${path}`;
}

function writeWhole(file: string, contents: string | Uint8Array): void {
  const fresh = `${file}.${randomUUID()}`;
  writeFileSync(fresh, contents, { mode: 0o600, flag: 'wx' });
  renameSync(fresh, file);
}

function dropOldest(folder: string): void {
  const names = readdirSync(folder);
  if (names.length < 2 * MOST_PLANS) return;
  for (const name of names) rmSync(join(folder, name), { force: true });
}
