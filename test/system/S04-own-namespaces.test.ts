/** S04: the workload has namespaces of its own, and no network but loopback. */
import { createServer } from 'node:net';
import * as assert from 'uvu/assert';
import { outcomeOf, printed } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { controlsIn, latestRecords } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S04 namespaces of its own');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const KINDS = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'] as const;
const LOOK = `for kind in ${KINDS.join(' ')}; do readlink /proc/self/ns/$kind; done`;
const CONTROLS = { mnt: 'mount-namespace', net: 'network-namespace' } as Readonly<Record<string, string>>;

test.needs(needs, "each of the seven kinds differs from the caller's, and is the one that the receipt names", () => {
  const inside = ground.inside(LOOK).trimEnd().split('\n');
  const controls = controlsIn(latestRecords(ground.user));
  const outside = ground.outside(LOOK).trimEnd().split('\n');
  assert.is(new Set(inside).size, KINDS.length);
  for (const [index, kind] of KINDS.entries()) {
    const number = new RegExp(`^${kind}:\\[(\\d+)\\]$`).exec(inside[index] ?? '')?.[1];
    assert.ok(number, kind);
    assert.is.not(inside[index], outside[index], kind);
    const control = controls.find((one) => one.control === (CONTROLS[kind] ?? `${kind}-namespace`));
    assert.is(control?.effective, `its own (${number})`, kind);
  }
});

test.needs(needs, 'two runs at once share none of them', async () => {
  // Each stays until both have looked: the kernel gives a namespace the number of one that has gone.
  const flags = ['--profile', 'strict', '-i'];
  const words = ground.runWords(['sh', '-c', `${LOOK}; echo looked; cat`], { flags });
  const runs = [1, 2].map(() => ground.user.start([ground.product.program, ...words]));
  const outcomes = runs.map(outcomeOf);
  const lines = (await Promise.all(runs.map((run) => printed(run, 'looked\n')))).flatMap((text) =>
    text.split('\n').slice(0, KINDS.length),
  );
  for (const run of runs) run.stdin?.end();
  assert.equal(
    (await Promise.all(outcomes)).map(({ status }) => status),
    [0, 0],
  );
  assert.is(new Set(lines).size, 2 * KINDS.length, lines.join(' '));
});

test.needs(needs, 'there is loopback and no other interface', () => {
  const names = (text: string): string[] => [...text.matchAll(/^\s*([^\s:]+):/gm)].map(([, name = '']) => name);
  const look = 'cat /proc/self/net/dev';
  assert.equal(names(ground.inside(look)), ['lo']);
  assert.ok(names(ground.outside(look)).length >= 1);
});

/** Asks again until the other listens. */
const TALK =
  'echo across | nc -l -p 6379 & n=0; until nc 127.0.0.1 6379 </dev/null 2>/dev/null || [ $n -eq 300 ]; do n=$((n+1)); sleep 0.1; done';

test.needs(needs, 'processes of one run reach each other by loopback, and nothing of the host', async () => {
  const flags = ['--policy', `${ground.product.folder}/policies/redis.json`, '--allow-unsigned'];
  const own = ground.run(['sh', '-c', TALK], { flags });
  assert.is(own.stdout.toString(), 'across\n', own.stderr);

  const server = createServer((socket) => socket.end('host\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const ask = ['sh', '-c', `nc -w 60 127.0.0.1 ${port} </dev/null; echo $?`];
  const [outside, inside] = await Promise.all(
    [
      [`${ground.folder}/bin/busybox`, ...ask],
      [ground.product.program, ...ground.runWords(ask, { flags })],
    ].map((command) => outcomeOf(ground.user.start(command))),
  );
  await new Promise((resolve) => server.close(resolve));
  assert.is(outside?.stdout.toString(), 'host\n0\n');
  assert.is(inside?.stdout.toString(), '1\n');
  assert.match(inside?.stderr ?? '', /Connection refused/);
});

test.needs(needs, "a name given to the host inside is not the host's", () => {
  assert.is(ground.inside('hostname'), 'sandbox\n');
  assert.is(ground.inside('hostname', { flags: ['--profile', 'strict', '--hostname', 'other'] }), 'other\n');
  assert.is.not(ground.outside('hostname'), 'other\n');
});

test.run();
