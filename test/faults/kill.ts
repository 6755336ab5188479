/**
 * kill -9 of one of our processes: at a given call of a launch, at a moment of
 * a run, at a moment of the front end's work. Each function returns what was
 * wrong afterwards, in words; empty: nothing.
 */
import type { ChildProcess } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LaunchGround } from '../support/launch.js';
import { patient } from '../support/patience.js';
import type { SystemGround } from '../support/system-ground.js';
import { newTrails, type TrailOfRun, whatIsLeft } from './aftermath.js';
import { type Call, injectFault, spellCall } from './tracer.js';

export type Victim = 'supervisor' | 'init';

const ANSWER_COUNTERS = 16;
const START_LIMIT_MS = patient(60_000);

/** As `call` begins. */
export async function killAtCall(
  ground: LaunchGround,
  known: Set<string>,
  call: Call,
  victim: Victim,
): Promise<readonly string[]> {
  const plan = ground.plan(['mark']);
  const outcome = await injectFault(ground, plan.command, call, { kind: 'kill', victim });
  const left = await whatIsLeft(ground.user, ground.cgroupFolders);
  const trails = newTrails(ground.stateDirectory, known);
  // How often a process waits differs from run to run: then nobody was killed.
  if (!outcome.hit) return [];
  const faults = [
    ...(outcome.left > 0 ? [`${outcome.left} processes were left`] : []),
    ...left.map((what) => `${what} was left`),
    ...trails.flatMap((trail) => faultsOf(trail, victim)),
    ...(outcome.status === 0 && !outcome.executed ? ['it ended with 0 and ran nothing'] : []),
  ];
  return faults.map((fault) => `${victim} killed at ${spellCall(call)}: ${fault}`);
}

/** While the workload makes refused calls as fast as it can, `afterMs` after its first answer. Adds to `endedMs` how long the end took. */
export async function killWhileRefusing(
  ground: LaunchGround,
  known: Set<string>,
  victim: Victim,
  afterMs: number,
  endedMs: number[] = [],
): Promise<readonly string[]> {
  const counters = join(ground.shared, `answers-${known.size}`);
  writeFileSync(counters, Buffer.alloc(ANSWER_COUNTERS));
  chmodSync(counters, 0o666);
  const plan = ground.plan(['refused', `/shared/answers-${known.size}`]);
  const supervisor = ground.user.start(plan.command, { stdio: 'ignore' });
  const ended = exitOf(supervisor);
  if (!(await answersCame(counters))) {
    supervisor.kill('SIGKILL');
    return ['the workload got no answer at all'];
  }
  await pause(afterMs);
  process.kill(victim === 'init' ? initOf(supervisor.pid ?? 0) : (supervisor.pid ?? 0), 'SIGKILL');
  const killedAt = performance.now();
  const left = await whatIsLeft(ground.user, ground.cgroupFolders);
  endedMs.push(performance.now() - killedAt);
  await ended;
  const { refused, others } = answersIn(counters);
  const trails = newTrails(ground.stateDirectory, known);
  const recorded = trails.reduce((sum, trail) => sum + trail.refused, 0);
  const faults = [
    ...left.map((what) => `${what} was left`),
    ...trails.flatMap((trail) => faultsOf(trail, victim)),
    ...(trails.length === 1 ? [] : [`${trails.length} trails`]),
    ...(refused > recorded ? [`${refused} calls were answered, ${recorded} recorded`] : []),
    ...(others > 0n ? [`${others} calls were answered by somebody else`] : []),
  ];
  return faults.map((fault) => `${victim} killed ${afterMs} ms after the first answer: ${fault}`);
}

/** `afterMs` after `sandbox run` was started: while Node prepares, while the launcher launches, or while it runs. */
export async function killFrontEnd(
  ground: SystemGround,
  known: Set<string>,
  state: string,
  afterMs: number,
): Promise<readonly string[]> {
  const words = ground.runWords(['tiny_workload', 'refuse', '100000000']);
  const frontEnd = ground.user.start([ground.product.program, ...words], { stdio: 'ignore' });
  const ended = exitOf(frontEnd);
  await pause(afterMs);
  process.kill(frontEnd.pid ?? 0, 'SIGKILL');
  const left = await whatIsLeft(ground.user, []);
  await ended;
  const faults = [
    ...left.map((what) => `${what} was left`),
    ...newTrails(state, known).flatMap((trail) => faultsOf(trail, 'supervisor')),
  ];
  return faults.map((fault) => `front end killed after ${afterMs} ms: ${fault}`);
}

/** A killed supervisor cannot have closed the trail; one whose init was killed has. */
function faultsOf(trail: TrailOfRun, victim: Victim): readonly string[] {
  return [
    ...(trail.fault === undefined ? [] : [`the trail is not intact: ${trail.fault}`]),
    ...(victim === 'supervisor' && trail.complete ? ['the trail of a killed supervisor is said to be complete'] : []),
    ...(victim === 'init' && !trail.complete ? ['the supervisor lived and did not complete its trail'] : []),
  ];
}

const exitOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) =>
    (child.exitCode ?? child.signalCode) === null ? child.once('exit', () => resolve()) : resolve(),
  );

function answersIn(file: string): { readonly refused: bigint; readonly others: bigint } {
  const bytes = readFileSync(file);
  return { refused: bytes.readBigUInt64LE(0), others: bytes.readBigUInt64LE(8) };
}

async function answersCame(file: string): Promise<boolean> {
  for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await pause(1)) {
    if (answersIn(file).refused > 0n) return true;
  }
  return false;
}

/** The supervisor's child in a pid namespace of its own. */
function initOf(supervisor: number): number {
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const status = statusOf(entry);
    if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== supervisor) continue;
    if (/^NSpid:\s+\d+\s+1$/m.test(status)) return Number(entry);
  }
  throw new Error('there is no init');
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
