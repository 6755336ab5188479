/** Many runs, in a row and at once, and what belongs to their user before and after. */
import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyAll } from '../../src/audit/verify.js';
import { findDebris } from '../support/belongings.js';
import type { TestUser } from '../support/user.js';
import { whatIsLeft } from './aftermath.js';

export type Belongings = {
  readonly debris: readonly string[];
  readonly cgroups: readonly string[];
  /** Files of the user beside the trails. */
  readonly files: readonly string[];
  readonly mounts: readonly string[];
  readonly subordinateIds: string;
};

export type Outcome = {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
};

/** Runs `command` `count` times as the user, `width` at a time. */
export async function runMany(
  user: TestUser,
  command: readonly string[],
  count: number,
  width: number,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < count) {
      started += 1;
      outcomes.push(await runOnce(user, command));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return outcomes;
}

/** What was wrong with the outcomes of a workload that prints `expected`, each kind once, with its number. */
export function faultsOf(outcomes: readonly Outcome[], expected: string): readonly string[] {
  const counts = new Map<string, number>();
  for (const { status, stdout, stderr } of outcomes) {
    if (status === 0 && stdout === expected && stderr === '') continue;
    const fault = `status ${status}, printed ${JSON.stringify(stdout)}, said ${JSON.stringify(stderr)}`;
    counts.set(fault, (counts.get(fault) ?? 0) + 1);
  }
  return [...counts].map(([fault, count]) => `${count} times: ${fault}`);
}

/** After waiting for what is on its way out. */
export async function belongingsOf(user: TestUser, cgroupFolders: readonly string[]): Promise<Belongings> {
  const cgroups = await whatIsLeft(user, cgroupFolders);
  return {
    debris: findDebris(user),
    cgroups,
    files: filesBelow(user.home).filter((path) => !/\/(runs\/[0-9A-Z]{26}|tmp)(\/|$)/.test(path)),
    // Of all that the user's have mounted the line names a folder of the user's or the product's; others come and go.
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes('sandbox')),
    subordinateIds: readFileSync('/etc/subuid', 'utf8').match(new RegExp(`^${user.name}:.*$`, 'm'))?.[0] ?? '',
  };
}

/** What is wrong with the trails of a state folder that must hold `count` closed runs. */
export function faultsOfTrails(state: string, count: number): readonly string[] {
  const { chain, runs } = verifyAll(state);
  const open = runs.filter(({ intact, complete }) => !intact || !complete);
  return [
    ...(runs.length === count ? [] : [`${runs.length} trails of ${count} runs`]),
    ...(chain.intact && chain.complete ? [] : [`the chain: ${chain.damage?.why ?? chain.missing.join(', ')}`]),
    ...open.map(({ run, damage, missing }) => `${run}: ${damage?.why ?? missing.join(', ')}`),
  ];
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function runOnce(user: TestUser, command: readonly string[]): Promise<Outcome> {
  const begun = performance.now();
  const child: ChildProcess = user.start(command);
  let stdout = '';
  let stderr = '';
  child.stdin?.end();
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr, ms: performance.now() - begun }));
  });
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
