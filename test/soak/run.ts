/**
 * What takes too long for every change: a thousand runs, two hundred kills at
 * random moments, and a kill at every call of a launch.
 *
 *   npm run soak [-- runs|kills|calls ...]
 *
 * Prints what was done and every fault; ends with 1 where there was one.
 */
import { join } from 'node:path';
import { newTrails } from '../faults/aftermath.js';
import { killAtCall, killFrontEnd, killWhileRefusing } from '../faults/kill.js';
import { belongingsOf, faultsOf, faultsOfTrails, median, runMany } from '../faults/many.js';
import { recordCalls } from '../faults/tracer.js';
import { type LaunchGround, launchGround } from '../support/launch.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';

type Report = { readonly done: string; readonly faults: readonly string[] };

const IN_A_ROW = 1000;
const AT_ONCE = 50;
const KILLS_OF_EACH = { supervisor: 70, init: 70, frontEnd: 60 } as const;
const MARK = 'the workload ran\n';

/** Runs of one image by the whole product, first one after another, then all at once. */
async function runs(): Promise<Report> {
  const system = systemGround();
  try {
    const command = [system.product.program, ...system.runWords(['tiny_workload', 'mark'])];
    await runMany(system.user, command, 2, 1);
    const before = JSON.stringify(await belongingsOf(system.user, []));
    const row = await runMany(system.user, command, IN_A_ROW, 1);
    const together = await runMany(system.user, command, AT_ONCE, AT_ONCE);
    const after = JSON.stringify(await belongingsOf(system.user, []));
    const state = join(system.user.home, '.local/state/sandbox');
    const faults = [
      ...faultsOf([...row, ...together], MARK),
      ...(before === after ? [] : [`left behind: ${after} where there was ${before}`]),
      ...faultsOfTrails(state, 2 + IN_A_ROW + AT_ONCE),
    ];
    const times = `median ${median(row.map(({ ms }) => ms)).toFixed(0)} ms in a row`;
    return { done: `${IN_A_ROW} runs in a row and ${AT_ONCE} at once; ${times}`, faults };
  } finally {
    system.remove();
  }
}

async function kills(): Promise<Report> {
  const ground: LaunchGround = launchGround({ subordinateIds: true, cgroups: process.getuid?.() === 0 });
  const system: SystemGround = systemGround();
  const faults: string[] = [];
  try {
    const known = new Set<string>();
    for (const victim of ['supervisor', 'init'] as const)
      for (let kill = 0; kill < KILLS_OF_EACH[victim]; kill++)
        faults.push(...(await killWhileRefusing(ground, known, victim, Math.random() * 60)));
    const state = join(system.user.home, '.local/state/sandbox');
    const seen = new Set<string>();
    for (let kill = 0; kill < KILLS_OF_EACH.frontEnd; kill++)
      faults.push(...(await killFrontEnd(system, seen, state, Math.random() * 700)));
  } finally {
    ground.remove();
    system.remove();
  }
  const { supervisor, init, frontEnd } = KILLS_OF_EACH;
  return {
    done: `killed at random moments: supervisor ${supervisor}, init ${init}, front end ${frontEnd} times`,
    faults,
  };
}

/** Supervisor and init die at each of their calls between main and the workload's exec. */
async function calls(): Promise<Report> {
  const ground = launchGround({ subordinateIds: true, cgroups: true });
  const faults: string[] = [];
  let done = 0;
  try {
    const known = new Set<string>();
    const recorded = await recordCalls(ground, ground.plan(['mark']).command);
    newTrails(ground.stateDirectory, known);
    const list = recorded.filter(({ name }) => name !== 'sched_yield');
    const firstOfInit = list.findIndex(({ role }) => role === 'init');
    for (const victim of ['supervisor', 'init'] as const)
      for (const call of victim === 'init' ? list.slice(firstOfInit) : list) {
        faults.push(...(await killAtCall(ground, known, call, victim)));
        done += 1;
      }
  } finally {
    ground.remove();
  }
  return { done: `${done} kills, one at each call of a launch`, faults };
}

const PARTS: Readonly<Record<string, () => Promise<Report>>> = { runs, kills, calls };
const wanted = process.argv.slice(2);
for (const [name, part] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const started = Date.now();
  const { done, faults } = await part();
  process.stdout.write(`${name}: ${done}; ${faults.length} faults; ${Math.round((Date.now() - started) / 1000)} s\n`);
  for (const fault of faults) process.stdout.write(`  ${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
}
