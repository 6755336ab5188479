/** S08, S18: a run ends when it is told to, whatever the workload or the reader of its output does. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { outcomeOf } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';

const test = suite('attacks: endings');
const needs = userRequirement({ subordinateIds: true });
const hasScript = spawnSync('script', ['--version']).status === 0;
const needsTerminal = needs ?? (hasScript ? undefined : 'script, of util-linux');
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const firstOutput = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => child.stdout?.once('data', () => resolve()));

test.needs(needs, 'a signal to the whole process group gives the workload time to end', async () => {
  const script = 'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.1; done';
  const words = ground.runWords(['sh', '-c', script]);
  const child = ground.user.start([ground.product.program, ...words], { detached: true });
  const outcome = outcomeOf(child);
  await firstOutput(child);
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  const { status, stdout, stderr } = await outcome;
  assert.is(stdout.toString(), 'ready\nbye\n');
  assert.is(status, 7);
  assert.not.match(stderr, /RUN_INIT_ENDED/);
});

test.needs(needs, 'one signal ends a run whose output nobody reads any more', async () => {
  const words = ground.runWords(['sh', '-c', 'while :; do echo flood; done']);
  const child = ground.user.start([ground.product.program, ...words]);
  await firstOutput(child);
  child.stdout?.pause();
  const ended = new Promise((resolve) => child.once('exit', (status) => resolve(status)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  child.kill('SIGTERM');
  assert.is(await ended, 143);
  child.stdout?.destroy();
});

test.needs(needsTerminal, 'a workload that does not read its terminal does not stop the supervisor', async () => {
  const policy = ground.file('short.json', {
    apiVersion: 1,
    name: 'short',
    title: 'ends soon',
    version: '1.0.0',
    extends: { policy: 'strict', version: '^1.0.0' },
    resources: { time: '3s' },
  });
  const words = ground.runWords(['sleep', '1000'], { flags: ['-it', '--policy', policy] });
  const command = [ground.product.program, ...words].join(' ');
  const child = ground.user.start(['script', '--quiet', '--return', '--command', command, '/dev/null']);
  child.stdin?.on('error', () => undefined);
  child.stdin?.write('typed ahead\n'.repeat(50_000));
  const { status, stdout } = await outcomeOf(child);
  assert.match(stdout.toString(), /RUN_TIME_LIMIT/);
  assert.is(status, 137);
});

test.run();
