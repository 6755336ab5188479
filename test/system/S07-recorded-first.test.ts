/** S07: a refused call is in the trail before the workload gets its answer. */
import * as assert from 'uvu/assert';
import { settle } from '../support/belongings.js';
import { outcomeOf, printed } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { attemptsIn, latestRecords, runsOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S07 recorded first');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const mountsIn = (user: SystemGround['user']) => attemptsIn(latestRecords(user)).filter(({ call }) => call === 'mount');

test.needs(needs, 'when the workload knows its answer, the record is in the file', async () => {
  const script = 'tiny_workload refuse 1; echo answered; sleep 1000.07';
  ground.inside('true');
  const before = runsOf(ground.user).length;
  const child = ground.user.start([ground.product.program, ...ground.runWords(['sh', '-c', script])]);
  const end = outcomeOf(child);
  await printed(child, 'answered\n');
  assert.is(runsOf(ground.user).length, before + 1);
  const [record, ...more] = mountsIn(ground.user);
  child.kill('SIGKILL');
  assert.is(more.length, 0);
  assert.is(record?.number, 165);
  assert.is(record?.architecture, 'x86_64');
  assert.is(record?.verdict, 'denied');
  assert.is(record?.errno, 'EPERM');
  assert.match(record?.rule ?? '', /^strict\.json#\/syscalls\/forbid\/0/);
  assert.is(record?.executable, '/bin/tiny_workload');
  assert.type(record?.pid, 'number');
  const named = Object.fromEntries((record?.arguments ?? []).map(({ name, advisory }) => [name, advisory]));
  assert.equal(Object.keys(named).slice(0, 3), ['source', 'target', 'type']);
  assert.is(named['target'], '/');
  await end;
  assert.equal(await settle(ground.user), []);
});

test.needs(needs, 'the record names the process that made the call, as the workload itself is numbered', () => {
  const inner = Number(ground.inside('sh -c "echo \\$\\$; exec tiny_workload refuse 1"').split('\n')[0]);
  const [record] = mountsIn(ground.user);
  assert.ok(record?.inner_pid === inner || record?.inner_pid === null, 'null before Linux 6.11');
});

test.needs(needs, 'many of one kind are counted, and none is lost', () => {
  assert.is(ground.inside('tiny_workload refuse 5000'), '5000\n');
  const records = mountsIn(ground.user);
  assert.ok(records.length < 50, `${records.length} records`);
  assert.is(
    records.reduce((sum, { count }) => sum + (count ?? 0), 0),
    5000,
  );
  const closed = latestRecords(ground.user).at(-1);
  assert.is(closed?.kind, 'closed');
  assert.ok((closed?.attempts?.denied ?? 0) >= 5000);
});

test.needs(needs, 'what a rule marks quiet is refused without a record, and everything else has one', () => {
  const policy = ground.file('quiet.json', {
    apiVersion: 1,
    name: 'quiet',
    version: '1.0.0',
    extends: { policy: 'strict' },
    syscalls: { quiet: [{ calls: ['setuid', 'setgid'], errno: 'EPERM', why: 'busybox drops what it has not' }] },
  });
  const noisy = ground.inside('id >/dev/null; tiny_workload refuse 1') && attemptsIn(latestRecords(ground.user));
  const quiet =
    ground.inside('id >/dev/null; tiny_workload refuse 1', { flags: ['--policy', policy] }) &&
    attemptsIn(latestRecords(ground.user));
  const calls = (records: typeof quiet): string[] =>
    [...new Set((records || []).map(({ call }) => String(call)))].sort();
  assert.equal(calls(noisy), ['mount', 'setgid', 'setuid']);
  assert.equal(calls(quiet), ['mount']);
});

test.needs(needs, 'users see one line about it at the end, on standard error', () => {
  const { status, stdout, stderr } = ground.run(['tiny_workload', 'refuse', '3']);
  assert.is(status, 0);
  assert.is(stdout.toString(), '3\n');
  assert.match(
    stderr,
    /^sandbox: 3 attempts refused; most severe: mount\(2\) EPERM, rule strict\.json#\S+; sandbox audit show \S+\n$/,
  );
});

test.run();
