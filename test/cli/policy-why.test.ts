import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';

const test = suite('sandbox policy explain --why');

function explain(...words: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(join(installationRoot, 'bin/sandbox'), ['policy', 'explain', ...words], {
    encoding: 'utf8',
    timeout: patient(120_000),
  });
  return { status, out: stdout, err: stderr };
}

test('the text has verdict, place, reason, fragment and what it opens', () => {
  const { status, out } = explain('strict', '--why', 'socket(AF_INET)');
  assert.is(status, 0);
  assert.match(out, /^strict: socket, where family is AF_INET: denied\n/);
  assert.match(out, /strict\.json:\d+: \/syscalls\/allow\/\d+\/where\/socket\n\s+Unix sockets between/);
  assert.match(out, /"calls": \[ ?"socket" ?\]/);
  assert.match(out, /What that opens:\n {2}socket where family is AF_INET: allowed instead of EPERM/);
  const fragment = /\n( {2}\{\n[\s\S]*?\n {2}\}\n)/.exec(out)?.[1] ?? '';
  assert.is((JSON.parse(fragment) as { extends: { policy: string } }).extends.policy, 'strict');
});

test('as JSON it is the same as data', () => {
  const { status, out } = explain('strict', '--why', '/tmp/x', '--access', 'execute', '--json');
  assert.is(status, 0);
  const answer = JSON.parse(out) as { verdict: string; parts: { mechanism: string; by: { line: number } }[] };
  assert.is(answer.verdict, 'denied');
  assert.is(answer.parts[0]?.mechanism, 'mount');
  assert.ok((answer.parts[0]?.by.line ?? 0) > 0);
});

test('a misspelt question is one line with the nearest name', () => {
  const { status, err } = explain('strict', '--why', 'opnat');
  assert.is(status, 125);
  assert.is(
    err,
    'sandbox: POLICY_QUESTION: --why: "opnat" is no system call of x86-64\n  to do: did you mean "openat"?\n',
  );
  assert.match(explain('strict', '--access', 'read').err, /POLICY_QUESTION: --access belongs to --why/);
});

test('explain counts calls beside Docker', () => {
  const { out } = explain('strict');
  assert.match(out, /Docker's default profile lets 309 through/);
  assert.match(out, /Only there \(\d+\): .*ptrace/);
  assert.is((JSON.parse(explain('strict', '--json').out) as { docker: { docker: number } }).docker.docker, 309);
});

test.run();
