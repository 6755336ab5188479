/** What is left of a run whose processes were killed: it must be over soon, and its trail must hold. */
import { readdirSync } from 'node:fs';
import { allRuns, loadChain, verifyChain, verifyRun } from '../../src/audit/verify.js';
import { liveProcesses } from '../support/belongings.js';
import { patient } from '../support/patience.js';
import type { TestUser } from '../support/user.js';

/** A second is enough where nothing else runs. What is not ended at all lives for longer than this. */
const LIMIT_MS = patient(20_000);
const PAUSE_MS = 10;

/** Waits until no process and no cgroup of the user is there; those that are there after the limit. */
export async function whatIsLeft(user: TestUser, cgroupFolders: readonly string[]): Promise<readonly string[]> {
  for (const end = Date.now() + LIMIT_MS; ; ) {
    const left = [...liveProcesses(user), ...cgroupFolders.flatMap(groupsIn)];
    if (left.length === 0 || Date.now() > end) return left;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

export type TrailOfRun = {
  readonly complete: boolean;
  /** Attempts that were refused, in records and in the table of counts. */
  readonly refused: number;
  readonly fault: string | undefined;
};

/** The runs that the state folder has and `known` has not; adds them to it. */
export function newTrails(stateDirectory: string, known: Set<string>): readonly TrailOfRun[] {
  const chain = loadChain(stateDirectory);
  const damage = verifyChain(chain).damage;
  const runs = allRuns(stateDirectory, chain).filter((run) => !known.has(run));
  return runs.map((run) => {
    known.add(run);
    let refused = 0;
    const verdict = verifyRun(stateDirectory, run, chain, (record) => {
      if (record.kind === 'attempt') refused += record.count;
    });
    for (const { count } of verdict.counted) refused += count;
    const fault = damage ?? verdict.damage;
    return {
      complete: verdict.complete,
      refused,
      fault: fault === undefined ? undefined : `${fault.file}:${fault.line} ${fault.why}`,
    };
  });
}

const groupsIn = (folder: string): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);
