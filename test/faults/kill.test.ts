/**
 * kill -9 of supervisor, init or front end at any moment: no refused call is
 * answered unrecorded, within a second nothing of the run is left (longer where
 * the machine has other work), and the trail is intact up to there.
 *
 * Some moments of each kind here; 200, and every call of a launch, in test/soak.
 */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type LaunchGround, launchGround } from '../support/launch.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';
import { newTrails } from './aftermath.js';
import { killAtCall, killFrontEnd, killWhileRefusing } from './kill.js';
import { type Call, recordCalls } from './tracer.js';

const LIMIT_MS = 900_000;
const test = suite('kill', LIMIT_MS);
const requirement = userRequirement({ subordinateIds: true });
const tracing = process.getuid?.() === 0 ? requirement : 'root, to trace what runs as another user';
const VICTIMS = ['supervisor', 'init'] as const;

let ground: LaunchGround;
let system: SystemGround;
const known = new Set<string>();

test.before(() => {
  if (requirement !== undefined) return;
  ground = launchGround({ subordinateIds: true, cgroups: process.getuid?.() === 0 });
  system = systemGround();
});
test.after(() => {
  ground?.remove();
  system?.remove();
});

/** `count` of the list, evenly spread, the last one among them. */
function spread(list: readonly Call[], count: number): readonly Call[] {
  return Array.from({ length: count }, (_, index) => list[Math.ceil(((index + 1) * list.length) / count) - 1]).filter(
    (call) => call !== undefined,
  );
}

test.needs(tracing, 'a launch whose supervisor or init is killed leaves nothing behind', async () => {
  const recorded = await recordCalls(ground, ground.plan(['mark']).command);
  newTrails(ground.stateDirectory, known);
  const calls = recorded.filter(({ name }) => name !== 'sched_yield');
  const faults: string[] = [];
  for (const victim of VICTIMS) {
    const firstOfInit = calls.findIndex(({ role }) => role === 'init');
    const list = victim === 'init' ? calls.slice(firstOfInit) : calls;
    for (const call of spread(list, 12)) faults.push(...(await killAtCall(ground, known, call, victim)));
  }
  assert.equal(faults, []);
});

for (const victim of VICTIMS) {
  test.needs(requirement, `no call is answered unrecorded when the ${victim} is killed`, async () => {
    const faults: string[] = [];
    const endedMs: number[] = [];
    for (const afterMs of [0, 1, 3, 7, 15, 40]) {
      faults.push(...(await killWhileRefusing(ground, known, victim, afterMs, endedMs)));
    }
    assert.equal(faults, []);
    // Other work only ever adds to it.
    assert.ok(Math.min(...endedMs) < patient(1000), `it was over after ${endedMs} ms`);
  });
}

test.needs(requirement, 'a front end that is killed leaves nothing behind', async () => {
  const state = join(system.user.home, '.local/state/sandbox');
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const afterMs of [5, 30, 80, 150, 250, 400, 700]) {
    faults.push(...(await killFrontEnd(system, seen, state, afterMs)));
  }
  assert.equal(faults, []);
});

test.run();
