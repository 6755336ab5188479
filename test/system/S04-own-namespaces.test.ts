/** S04: the workload has namespaces of its own, and no network but loopback. */
import { createServer } from 'node:net';
import * as assert from 'uvu/assert';
import { outcomeOf } from '../support/processes.js';
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
  const words = ground.runWords(['sh', '-c', `${LOOK}; cat >/dev/null; sleep 0.5`]);
  const runs = [1, 2].map(() => outcomeOf(ground.user.start([ground.product.program, ...words])));
  const [one, other] = await Promise.all(runs);
  const lines = [one, other].flatMap((ended) => ended?.stdout.toString().trimEnd().split('\n') ?? []);
  assert.is(new Set(lines).size, 2 * KINDS.length, lines.join(' '));
});

test.needs(needs, 'there is loopback and no other interface', () => {
  const names = (text: string): string[] => [...text.matchAll(/^\s*([^\s:]+):/gm)].map(([, name = '']) => name);
  const look = 'cat /proc/self/net/dev';
  assert.equal(names(ground.inside(look)), ['lo']);
  assert.ok(names(ground.outside(look)).length >= 1);
});

const TALK = 'echo across | nc -l -p 6379 & sleep 0.3; nc 127.0.0.1 6379 </dev/null';

test.needs(needs, 'processes of one run reach each other by loopback, and nothing of the host', async () => {
  const flags = ['--policy', `${ground.product.folder}/policies/redis.json`, '--allow-unsigned'];
  const own = ground.run(['sh', '-c', TALK], { flags });
  assert.is(own.stdout.toString(), 'across\n', own.stderr);

  const server = createServer((socket) => socket.end('host\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const ask = ['sh', '-c', `nc -w 2 127.0.0.1 ${port} </dev/null; echo $?`];
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
