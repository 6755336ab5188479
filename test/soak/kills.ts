/** kill -9 at every call of a launch, and at random moments of running and of the front end's work. */
import { join } from 'node:path';
import { newTrails } from '../faults/aftermath.js';
import { killAtCall, killFrontEnd, killWhileRefusing, type Victim } from '../faults/kill.js';
import { withoutMiddles } from '../faults/sweep.js';
import { recordCalls } from '../faults/tracer.js';
import { type LaunchGround, launchGround } from '../support/launch.js';
import { systemGround } from '../support/system-ground.js';
import type { Part } from './parts.js';

const RANDOM_MOMENTS = 200;
const LONGEST_RUN_MS = 120;
const LONGEST_START_MS = 700;
const VICTIMS: readonly Victim[] = ['supervisor', 'init'];

export const killsPart: Part = {
  name: 'kills',
  about: `every call of a launch, and ${RANDOM_MOMENTS} random moments each of supervisor, init and front end`,
  async run() {
    const ground = launchGround({ subordinateIds: true, cgroups: true });
    const system = systemGround();
    const known = new Set<string>();
    const faults: string[] = [];
    try {
      const launches = await killLaunches(ground, known, faults);
      for (const victim of VICTIMS) {
        for (let count = 0; count < RANDOM_MOMENTS; count += 1) {
          faults.push(...(await killWhileRefusing(ground, known, victim, Math.random() * LONGEST_RUN_MS)));
        }
      }
      const seen = new Set<string>();
      const state = join(system.user.home, '.local/state/sandbox');
      for (let count = 0; count < RANDOM_MOMENTS; count += 1) {
        faults.push(...(await killFrontEnd(system, seen, state, Math.random() * LONGEST_START_MS)));
      }
      return { figures: `${launches} launches, ${(VICTIMS.length + 1) * RANDOM_MOMENTS} runs killed`, faults };
    } finally {
      ground.remove();
      system.remove();
    }
  },
};

async function killLaunches(ground: LaunchGround, known: Set<string>, faults: string[]): Promise<number> {
  const recorded = await recordCalls(ground, ground.plan(['mark']).command);
  newTrails(ground.stateDirectory, known);
  const calls = withoutMiddles(recorded.filter(({ name }) => name !== 'sched_yield'));
  const ofInit = calls.findIndex(({ role }) => role === 'init');
  let killed = 0;
  for (const victim of VICTIMS) {
    for (const call of victim === 'init' ? calls.slice(ofInit) : calls) {
      faults.push(...(await killAtCall(ground, known, call, victim)));
      killed += 1;
    }
  }
  return killed;
}
