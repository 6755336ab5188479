/**
 * Whatever call of a launch fails, between main and the workload's exec: the
 * run is refused and names the step, the workload never ran, nothing is left.
 * Whatever guard silently does nothing: a check of the launcher's own notices.
 *
 * Every call of every process of ours with one error here; other errors, and
 * other kinds of plan, in test/soak.
 */
import { existsSync, readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { verifyAll } from '../../src/audit/verify.js';
import { type LaunchGround, launchGround, type WrittenPlan } from '../support/launch.js';
import { suite } from '../support/suite.js';
import { userRequirement } from '../support/user.js';
import { silentSuccess } from './guards.js';
import { sweepErrors, sweepGuards, withoutMiddles } from './sweep.js';
import { type Call, recordCalls } from './tracer.js';

const LIMIT_MS = 1_500_000;
const test = suite('fault injection', LIMIT_MS);
const requirement =
  process.getuid?.() === 0 ? userRequirement({ subordinateIds: true }) : 'root, to trace what runs as another user';

let ground: LaunchGround;
let plan: WrittenPlan;
let calls: readonly Call[];

test.before(async () => {
  if (requirement !== undefined) return;
  ground = launchGround({ subordinateIds: true, cgroups: true });
  plan = ground.plan(['mark'], { overrides: { workingDirectory: '/tmp', group: [100, 101] } });
  calls = withoutMiddles(await recordCalls(ground, plan.command));
});
test.after(() => ground?.remove());

test.needs(requirement, 'every call that fails ends in a refusal that names its step', async () => {
  assert.ok(calls.length > 500, `${calls.length} calls were recorded`);
  assert.equal(await sweepErrors({ ground, plan, kind: 'usual', calls }, 'EPERM'), []);
});

test.needs(requirement, 'the trails of all runs that failed are intact', () => {
  assert.ok(existsSync(ground.stateDirectory));
  const { chain, runs } = verifyAll(ground.stateDirectory);
  assert.ok(runs.length > 400, `${runs.length} runs have a trail`);
  const damaged = runs.filter(({ intact }) => !intact).map(({ run, damage }) => `${run}: ${damage?.why}`);
  assert.equal([chain.damage, damaged], [undefined, []]);
});

test.needs(requirement, 'every guard that silently does nothing is noticed', async () => {
  const guards = calls.filter((call) => silentSuccess(call) !== undefined);
  assert.ok(guards.length > 120, `${guards.length} guards were recorded`);
  assert.equal(await sweepGuards({ ground, plan, kind: 'usual', calls }), []);
});

test.needs(requirement, 'no cgroup is left of any of these runs', () => {
  const left = ground.cgroupFolders
    .flatMap((folder) => readdirSync(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.equal(left, []);
});

test.run();
