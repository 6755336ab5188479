/** What users of a container runner expect of streams, exit statuses and signals. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { settle } from '../support/belongings.js';
import { outcomeOf, printed } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { type Outcome, userRequirement } from '../support/user.js';

const test = suite('streams, statuses and signals');
const needs = userRequirement({ subordinateIds: true });
const MEGABYTES = 50;
let ground: SystemGround;

test.before(() => {
  if (needs !== undefined) return;
  ground = systemGround();
  // From now on the plan is kept, and the warm path is what most of these tests take.
  ground.inside('true');
});
test.after(() => ground?.remove());

/** A shell of the user's that has the words of `sandbox run` in "$@". */
const shell = (script: string, command: readonly string[], options = {}) =>
  ground.user.run(['sh', '-c', script, 'sh', ground.product.program, ...ground.runWords(command)], options);

/** Every byte value, in an order that is the same each time. */
const BYTES = 'i=0; while [ $i -lt 256 ]; do printf "\\\\$(printf %03o $i)"; i=$((i+1)); done';
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

test.needs(needs, 'every byte value comes through, on both streams', () => {
  const { stdout } = ground.run(['sh', '-c', BYTES]);
  assert.ok(stdout.equals(allBytes));
  const file = join(ground.user.home, 'errors');
  shell('"$@" 2>errors', ['sh', '-c', `{ ${BYTES}; } >&2`]);
  assert.ok(readFileSync(file).subarray(0, 256).equals(allBytes));
});

test.needs(needs, `${MEGABYTES} MB come through byte for byte: to a pipe, a file and the end of a file`, () => {
  const program = ground.tool('probe');
  const times = Math.ceil((MEGABYTES * 1_000_000) / program.length);
  const make = ['sh', '-c', `n=0; while [ $n -lt ${times} ]; do cat /bin/probe; n=$((n+1)); done`];
  const digest = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
  const expected = digest(Buffer.concat(Array.from({ length: times }, () => program)));
  assert.is(digest(ground.run(make).stdout), expected, 'a pipe');
  shell('"$@" >whole', make);
  assert.is(digest(readFileSync(join(ground.user.home, 'whole'))), expected, 'a file');
  shell('echo before >added; "$@" >>added; echo after >>added', make);
  const added = readFileSync(join(ground.user.home, 'added'));
  assert.is(digest(added.subarray(7, -6)), expected, 'the end of a file');
  assert.is(added.subarray(0, 7).toString() + added.subarray(-6).toString(), 'before\nafter\n');
});

test.needs(needs, 'a run without a /dev has streams, and opens nothing that the image has there', () => {
  const pipes = ground.withTools('pipes', { layers: [[{ name: 'dev/null', type: 'pipe' }]] });
  const policy = ground.file('no-dev.json', {
    apiVersion: 1,
    name: 'no-dev',
    version: '1.0.0',
    extends: { policy: 'strict' },
    filesystem: { dev: 'none' },
  });
  const run = (flags: readonly string[], input?: string): Outcome =>
    ground.run(['sh', '-c', 'test -p /dev/null && echo pipe; wc -c; echo end >&2'], {
      flags: ['--policy', policy, ...flags],
      image: pipes,
      ...(input === undefined ? {} : { input }),
    });
  const said = ({ status, stdout, stderr }: Outcome) => [status, stdout.toString(), stderr.toString().slice(0, 4)];
  assert.equal(said(run([])), [0, 'pipe\n0\n', 'end\n']);
  assert.equal(said(run(['-i'], 'four')), [0, 'pipe\n4\n', 'end\n']);
});

const FIRST_FIVE = '"$@" | head -c 5; echo " $?"';

test.needs(needs, 'a reader that closes early ends the writer, as outside', async () => {
  const status = (words: readonly string[]): string =>
    ground.user.run(['bash', '-o', 'pipefail', '-c', FIRST_FIVE, 'bash', ...words]).stdout.toString();
  const loop = ['sh', '-c', 'while echo yes; do :; done 2>/dev/null; exec seq 1 100000000'];
  assert.is(status([join(ground.folder, 'bin/busybox'), ...loop]), 'yes\ny 141\n');
  assert.is(status([ground.product.program, ...ground.runWords(loop)]), 'yes\ny 141\n');
  assert.equal(await settle(ground.user), []);
});

test.needs(needs, 'everything of ours goes to standard error', () => {
  const { stdout, stderr } = ground.run(['sh', '-c', 'tiny_workload refuse 1 >/dev/null; echo theirs; echo own >&2']);
  assert.is(stdout.toString(), 'theirs\n');
  assert.match(stderr, /^own\nsandbox: \d+ attempts? refused/);
});

test.needs(needs, 'where both streams are one, what was written to them stays in its order', () => {
  const script = 'for n in 1 2 3 4 5 6 7 8; do echo out$n; echo err$n >&2; done';
  const expected = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((n) => [`out${n}`, `err${n}`]).join('\n');
  const first = (text: string): string => text.split('\n').slice(0, 16).join('\n');
  assert.is(first(shell('"$@" 2>&1', ['sh', '-c', script]).stdout.toString()), expected);
  shell('"$@" >joined 2>&1', ['sh', '-c', script]);
  assert.is(first(readFileSync(join(ground.user.home, 'joined'), 'utf8')), expected);
});

test.needs(needs, 'the workload can open its streams by name', () => {
  const script = 'echo one >/dev/stdout; echo two >/proc/self/fd/1; echo three >>/dev/fd/1; echo four >/dev/stderr';
  const { stdout, stderr } = ground.run(['sh', '-c', script]);
  assert.is(stdout.toString(), 'one\ntwo\nthree\n');
  assert.match(stderr, /^four\n/);
  shell('"$@" >opened', ['sh', '-c', script]);
  assert.is(readFileSync(join(ground.user.home, 'opened'), 'utf8'), 'one\ntwo\nthree\n');
});

test.needs(needs, 'closed streams of the caller are no crash', () => {
  for (const script of ['"$@" >&-', '"$@" 2>&-', '"$@" <&-', '"$@" >&- 2>&- <&-']) {
    const { status } = shell(script, ['sh', '-c', 'exit 7']);
    assert.ok(status === 7 || status === 125, `${script}: ${status}`);
  }
  assert.is(shell('"$@" >/dev/full', ['echo', 'x']).signal, null);
});

test.needs(needs, 'standard input comes with -i: whole, and with its end', () => {
  const input = Buffer.concat([allBytes, Buffer.alloc(3_000_000, 'x'), allBytes]);
  const flags = ['--profile', 'strict', '-i'];
  const { stdout, status } = ground.run(['sh', '-c', 'cat; echo end'], { input, flags });
  assert.ok(stdout.equals(Buffer.concat([input, Buffer.from('end\n')])));
  assert.is(status, 0);
  assert.is(ground.run(['head', '-c', '3'], { input, flags }).stdout.length, 3, 'who does not read all of it');
  assert.is(ground.run(['wc', '-c'], { input }).stdout.toString().trim(), '0', 'without -i there is nothing');
});

for (const status of [0, 1, 42, 125, 126, 127, 255]) {
  test.needs(needs, `the command's own status ${status} is passed on`, () => {
    assert.is(ground.run(['sh', '-c', `exit ${status}`]).status, status);
  });
}

test.needs(needs, 'a signal that ends the command is 128 and its number', () => {
  for (const [name, number] of [
    ['TERM', 15],
    ['KILL', 9],
    ['SEGV', 11],
    ['USR1', 10],
  ] as const) {
    assert.is(ground.run(['sh', '-c', `kill -${name} $$`]).status, 128 + number, name);
  }
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const) {
  test.needs(needs, `${signal} reaches the command, which decides what becomes of it`, async () => {
    const script = `trap 'echo got; exit 9' ${signal.slice(3)}; echo up; while true; do sleep 0.05; done`;
    const child = ground.user.start([ground.product.program, ...ground.runWords(['sh', '-c', script])]);
    const end = outcomeOf(child);
    await printed(child, 'up\n');
    child.kill(signal);
    const { status, stdout } = await end;
    assert.is(stdout.toString(), 'up\ngot\n');
    assert.is(status, 9);
    assert.equal(await settle(ground.user), []);
  });
}

test.needs(needs, 'a command that does not handle SIGTERM ends by it', async () => {
  const child = ground.user.start([
    ground.product.program,
    ...ground.runWords(['sh', '-c', 'echo up; exec sleep 1000.2']),
  ]);
  const end = outcomeOf(child);
  await printed(child, 'up\n');
  child.kill('SIGTERM');
  assert.is((await end).status, 143);
});

test.needs(needs, 'what is written just before the end is not lost', () => {
  for (let count = 0; count < 10; count += 1)
    assert.is(ground.run(['sh', '-c', 'echo a; echo b >&2; echo c']).stdout.toString(), 'a\nc\n');
  assert.ok(statSync(ground.user.home).isDirectory());
});

test.run();
