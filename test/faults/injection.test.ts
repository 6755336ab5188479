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
import { judge, type Mode, unusedReasons } from './judge.js';
import { type Call, injectFault, recordCalls, twoAtATime } from './tracer.js';

const EPERM = -1n;
const LIMIT_MS = 300_000;
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
  calls = await recordCalls(ground, plan.command);
});
test.after(() => ground?.remove());

async function inject(mode: Mode, list: readonly Call[], value: (call: Call) => bigint): Promise<readonly string[]> {
  const used = new Set<string>();
  const outcomes = await twoAtATime(list, (call) =>
    injectFault(ground, plan.command, call, { kind: 'return', value: value(call) }),
  );
  const faults = outcomes.map((outcome) => judge(mode, outcome, used)).filter((fault) => fault !== undefined);
  const missed = outcomes.filter(({ hit }) => !hit).map(({ call }) => `${call.role} ${call.name}#${call.occurrence}`);
  assert.ok(missed.length < list.length / 50, `calls that did not come again: ${missed.join(', ')}`);
  return [...faults, ...unusedReasons(mode, used).map((reason) => `is listed as harmless and never was: ${reason}`)];
}

/** Loops make one kind of call many times: the first two and the last two stand for all, but in test/soak. */
function withoutMiddles(list: readonly Call[]): readonly Call[] {
  const kinds = new Map<string, Call[]>();
  for (const call of list) {
    const kind = [call.role, call.name, call.arguments[LOOPED[call.name] ?? -1] ?? call.occurrence].join(' ');
    kinds.set(kind, [...(kinds.get(kind) ?? []), call]);
  }
  return [...kinds.values()].flatMap((calls) =>
    calls.length > 4 ? [...calls.slice(0, 2), ...calls.slice(-2)] : calls,
  );
}

/** By call, the argument that says what is done; the others count through a loop. */
const LOOPED: Readonly<Record<string, number>> = { prctl: 0, fcntl: 1, rt_sigaction: 5 };
/** Returns nothing that anybody could look at. */
const CANNOT_FAIL = new Set(['sched_yield', 'exit_group']);

test.needs(requirement, 'every call that fails ends in a refusal that names its step', async () => {
  const list = withoutMiddles(calls.filter(({ name }) => !CANNOT_FAIL.has(name)));
  assert.ok(list.length > 500, `${list.length} calls were recorded`);
  assert.equal(await inject('error', list, () => EPERM), []);
});

test.needs(requirement, 'the trails of all runs that failed are intact', () => {
  assert.ok(existsSync(ground.stateDirectory));
  const { chain, runs } = verifyAll(ground.stateDirectory);
  assert.ok(runs.length > 400, `${runs.length} runs have a trail`);
  const damaged = runs.filter(({ intact }) => !intact).map(({ run, damage }) => `${run}: ${damage?.why}`);
  assert.equal([chain.damage, damaged], [undefined, []]);
});

test.needs(requirement, 'every guard that silently does nothing is noticed', async () => {
  const guards = withoutMiddles(calls.filter((call) => silentSuccess(call) !== undefined));
  assert.ok(guards.length > 120, `${guards.length} guards were recorded`);
  assert.equal(await inject('no-op', guards, (call) => silentSuccess(call) ?? 0n), []);
});

test.needs(requirement, 'no cgroup is left of any of these runs', () => {
  const left = ground.cgroupFolders
    .flatMap((folder) => readdirSync(folder, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  assert.equal(left, []);
});

test.run();
