/** Many runs leave as little behind as one: 50 in a row and 20 at once here, 1,000 and 50 in test/soak. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type LaunchGround, launchGround } from '../support/launch.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { type TestUser, userRequirement } from '../support/user.js';
import { belongingsOf, faultsOf, faultsOfTrails, runMany } from './many.js';

const LIMIT_MS = 900_000;
const IN_A_ROW = 50;
const AT_ONCE = 20;
const MARK = 'the workload ran\n';
const test = suite('leaks', LIMIT_MS);
const requirement = userRequirement({ subordinateIds: true });

let ground: LaunchGround;
let system: SystemGround;
test.before(() => {
  if (requirement !== undefined) return;
  ground = launchGround({ subordinateIds: true, cgroups: process.getuid?.() === 0 });
  system = systemGround();
});
test.after(() => {
  ground?.remove();
  system?.remove();
});

test.needs(requirement, 'launches leave nothing but their trails', async () => {
  const { user, cgroupFolders, stateDirectory } = ground;
  const { command } = ground.plan(['mark']);
  await runMany(user, command, 1, 1);
  const before = await belongingsOf(user, cgroupFolders);
  const outcomes = [
    ...(await runMany(user, command, IN_A_ROW, 1)),
    ...(await runMany(user, command, AT_ONCE, AT_ONCE)),
  ];
  assert.equal(faultsOf(outcomes, MARK), []);
  assert.equal(await belongingsOf(user, cgroupFolders), before);
  assert.equal(before.cgroups, []);
  assert.equal(faultsOfTrails(stateDirectory, 1 + IN_A_ROW + AT_ONCE), []);
});

test.needs(requirement, 'runs of one image leave nothing but their trails', async () => {
  const { user } = system;
  const command = [system.product.program, ...system.runWords(['tiny_workload', 'mark'])];
  const warmUps = await untilPlanIsKept(user, command);
  const before = await belongingsOf(user, []);
  const outcomes = [
    ...(await runMany(user, command, IN_A_ROW, 1)),
    ...(await runMany(user, command, AT_ONCE, AT_ONCE)),
  ];
  assert.equal(faultsOf(outcomes, MARK), []);
  assert.equal(await belongingsOf(user, []), before);
  assert.equal(faultsOfTrails(join(user.home, '.local/state/sandbox'), warmUps + IN_A_ROW + AT_ONCE), []);
});

/** The plan is not kept while what it came from has only just been written; how many runs it took. */
async function untilPlanIsKept(user: TestUser, command: readonly string[]): Promise<number> {
  const plans = join(user.home, '.local/state/sandbox/plans');
  for (let runs = 1; runs <= 10; runs += 1) {
    await runMany(user, command, 1, 1);
    if (existsSync(plans) && readdirSync(plans).length > 0) return runs;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  throw new Error('no plan was kept');
}

test.run();
