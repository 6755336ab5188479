/** S08: killing any process of ours leaves nothing behind, and a trail that verifies up to there. */
import { chmodSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { verifyAll } from '../../src/audit/verify.js';
import { liveProcesses, ownEverything, settle } from '../support/belongings.js';
import { outcomeOf, printed, waitFor } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { attemptsIn, latestRecords, runsOf, stateOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S08 killed');
const needs = userRequirement({ subordinateIds: true });
const MOMENTS = 6;
const LONGEST_MS = 120;
let ground: SystemGround;
let flags: readonly string[];
let counter: string;

test.before(() => {
  if (needs !== undefined) return;
  ground = systemGround();
  const folder = join(ground.user.home, 'shared');
  counter = join(folder, 'answers');
  ground.user.run(['mkdir', '-m', '0777', folder]);
  const filesystem = {
    mounts: [{ from: folder, to: '/shared', access: 'read-write', why: 'the answers that came' }],
    allow: [{ paths: ['/shared'], access: ['write', 'truncate'], why: 'the answers that came' }],
  };
  const policy = { apiVersion: 1, name: 'counting', version: '1.0.0', extends: { policy: 'strict' }, filesystem };
  flags = ['--policy', ground.file('counting.json', policy)];
  ground.inside('true', { flags });
});
test.after(() => ground?.remove());

/** The one process whose parent is `pid` and which is pid 1 of a namespace. */
function initOf(pid: number): number | undefined {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((candidate) => {
      const status = textOf(`/proc/${candidate}/status`);
      return new RegExp(`^PPid:\\s+${pid}$`, 'm').test(status) && /^NSpid:(\s+\d+)+\s+1$/m.test(status);
    });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const verdictOfLatest = () => {
  const { chain, runs } = verifyAll(stateOf(ground.user));
  return { chain, run: runs.find(({ run }) => run === runsOf(ground.user).at(-1)) };
};

/** Answers that the workload got with EPERM, as it counted them in shared memory. */
const answers = (): number => Number(readFileSync(counter).readBigUInt64LE(0));

test.needs(needs, 'the supervisor, at any moment: all ends, and no answer is without its record', async () => {
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    writeFileSync(counter, Buffer.alloc(16));
    chmodSync(counter, 0o666);
    ownEverything(ground.user, counter);
    const words = ground.runWords(['tiny_workload', 'refused', '/shared/answers'], { flags });
    const child = ground.user.start([ground.product.program, ...words]);
    const end = outcomeOf(child);
    if (moment > 0) await waitFor(() => (answers() > 0 ? true : undefined));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_MS));
    const runs = runsOf(ground.user).length;
    child.kill('SIGKILL');
    await end;
    assert.equal(await settle(ground.user), [], `moment ${moment}`);
    if (runs === 0) continue;
    const { chain, run } = verdictOfLatest();
    assert.is(chain.damage, undefined);
    assert.ok(run?.intact, run?.damage?.why);
    if (moment > 0) assert.not.ok(run?.complete, 'a run that was cut off is not complete');
    const recorded = attemptsIn(latestRecords(ground.user)).reduce((sum, { count }) => sum + (count ?? 0), 0);
    const counted = (run?.counted ?? []).reduce((sum, { count }) => sum + Number(count), 0);
    assert.ok(answers() <= recorded + counted, `${answers()} answers, ${recorded} + ${counted} recorded`);
  }
});

test.needs(needs, 'init: all ends at once, and the trail is closed', async () => {
  const child = ground.user.start([ground.product.program, ...ground.runWords(['tiny_workload', 'crowd', '20'])]);
  const end = outcomeOf(child);
  const init = await waitFor(() => (liveProcesses(ground.user).length > 20 ? initOf(child.pid ?? 0) : undefined));
  process.kill(init, 'SIGKILL');
  assert.is((await end).status, 137);
  assert.equal(await settle(ground.user), []);
  assert.is(verdictOfLatest().run?.intact, true);
});

test.needs(needs, 'a workload that forks, ignores signals and starts sessions ends with its supervisor', async () => {
  const script =
    "trap '' HUP INT TERM; for n in 1 2 3 4; do sh -c 'trap \"\" HUP INT TERM; sleep 1000.08' & done; echo up; wait";
  const child = ground.user.start([ground.product.program, ...ground.runWords(['sh', '-c', script])]);
  const end = outcomeOf(child);
  await printed(child, 'up\n');
  child.kill('SIGKILL');
  await end;
  assert.equal(await settle(ground.user), []);
});

test.needs(needs, 'the front end while the control plane works: it goes as well', async () => {
  let hasMet = false;
  // On a busy machine it can be done before anybody looks.
  for (let tries = 0; tries < 10 && !hasMet; tries += 1) {
    const environment = ['--env', `TRY=${tries}`];
    const words = ['run', '--profile', 'default', ...environment, '--allow-unsigned', ground.image, 'sleep', '1000.09'];
    const child = ground.user.start([ground.product.program, ...words]);
    const end = outcomeOf(child);
    const isAlive = (name: string): boolean => liveProcesses(ground.user).some((line) => line.endsWith(` ${name}`));
    const met = await waitFor(() => ['node', 'sleep'].find(isAlive));
    hasMet = met === 'node';
    child.kill('SIGKILL');
    await end;
    assert.equal(await settle(ground.user), []);
  }
  assert.ok(hasMet, 'the control plane was met at work');
});

test.needs(needs, 'outside, such a workload outlives who started it', async () => {
  const tool = join(ground.folder, 'bin/tiny_workload');
  const child = ground.user.start(['sh', '-c', `${tool} crowd 2 & wait`]);
  const end = outcomeOf(child);
  await waitFor(() => (liveProcesses(ground.user).length >= 4 ? true : undefined));
  child.kill('SIGKILL');
  await waitFor(() => (child.signalCode === null ? undefined : true));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const left = liveProcesses(ground.user).filter((line) => line.endsWith(' tiny_workload'));
  for (const line of left) {
    const pid = Number(line.split(' ')[1]);
    // By its program as well as its name: without root the list has the user's other processes, too.
    if (readlinkSync(`/proc/${pid}/exe`) === tool) process.kill(pid, 'SIGKILL');
  }
  await end;
  assert.is(left.length, 3, left.join(', '));
});

test.run();
