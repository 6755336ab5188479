import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';

const test = suite('sandbox audit');

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function audit(...options: string[]): Ended {
  return spawnSync(process.execPath, ['build/src/cli/main.js', 'audit', ...options], { encoding: 'utf8' });
}

const inVector = (vector: string): string[] => ['--state', `audit/vectors/${vector}`];
const parse = (text: string): Record<string, unknown> => JSON.parse(text);

test('verify says the three things apart', () => {
  const { status, stdout } = audit('verify', '--json', ...inVector('closed'));
  const { intact, complete, anchored } = parse(stdout);
  assert.equal([status, intact, complete, anchored], [0, true, true, false]);
});

test('verify of what was interrupted is intact, not complete, status 1', () => {
  const { status, stdout } = audit('verify', 'latest', '--json', ...inVector('interrupted'));
  const { intact, complete } = parse(stdout);
  assert.equal([status, intact, complete], [1, true, false]);
});

test('verify of a changed trail names file and line', () => {
  const { status, stdout } = audit('verify', ...inVector('edited-record'));
  assert.is(status, 1);
  assert.match(stdout, /^intact {4}no\n/);
  assert.match(stdout, /trail\.jsonl:5: does not follow the line before it/);
});

test('verify of one run does not blame it for another', () => {
  const other = audit('verify', '01KAM300000000000000000VC2', ...inVector('edited-record'));
  assert.is(other.status, 0, other.stdout);
  assert.is(audit('verify', '01KAM300000000000000000VC1', ...inVector('edited-record')).status, 1);
});

test('verify without any run is content', () => {
  assert.is(audit('verify', '--state', '/nonexistent').status, 0);
});

test('list prints one JSON object a run', () => {
  const { status, stdout } = audit('list', '--json', ...inVector('closed'));
  const runs = stdout.trim().split('\n').map(parse);
  assert.is(status, 0);
  assert.equal(
    runs.map(({ run, state, status: end, signal }) => [run, state, end, signal]),
    [
      ['01KAM300000000000000000VC1', 'closed', 3, null],
      ['01KAM300000000000000000VC2', 'closed', null, 'SIGTERM'],
    ],
  );
  assert.match(stdout, /^[\x20-\x7e\n]*$/);
});

test('list for people aligns its columns and escapes what an image chose', () => {
  const { stdout } = audit('list', ...inVector('closed'));
  const [header = '', first = ''] = stdout.split('\n');
  assert.is(first.indexOf('exit 3'), header.indexOf('END'));
  assert.match(first, /22 +strict/);
  assert.match(first, /\[redacted\] \\xff\\u202e\\\\$/);
});

test('show --json prints the records as they were written', () => {
  const { status, stdout } = audit('show', '01KAM300000000000000000VC1', '--json', ...inVector('closed'));
  assert.is(status, 0);
  const records = stdout.trim().split('\n').map(parse);
  assert.is(records.length, 15);
  assert.equal([records[3]?.['call'], records[3]?.['errno']], ['mount', 'EPERM']);
});

test('show for people tells calls, rules and counts', () => {
  const { stdout } = audit('show', '01KAM300000000000000000VC1', ...inVector('closed'));
  assert.match(stdout, /denied +mount\(source="none", target="\/\\n\\\\xff\\\\xff".* = EPERM {2}pid 4242 \(inside 7\)/);
  assert.match(stdout, /rule strict\.json#\/syscalls\/forbid\/0 {2}high T1611/);
  assert.match(stdout, /denied +12 times socket as in record 4 = EPERM/);
  assert.match(stdout, /closed +exit 3; 21 denied, 1 killed, 0 continued; 15 records/);
});

test('show of a run that was interrupted adds what was counted', () => {
  const { status, stdout, stderr } = audit('show', 'latest', '--json', ...inVector('interrupted'));
  assert.is(status, 0);
  const last = parse(stdout.trim().split('\n').at(-1) ?? '');
  assert.equal([last['kind'], last['call'], last['count']], ['counted', 'socket', 12]);
  assert.match(stderr, /not complete: no record closes it/);
});

test('show of a changed trail stops at the change and says so', () => {
  const { status, stdout, stderr } = audit(
    'show',
    '01KAM300000000000000000VC1',
    '--json',
    ...inVector('edited-record'),
  );
  assert.is(status, 1);
  assert.is(stdout.trim().split('\n').length, 4);
  assert.match(stderr, /AUDIT_DAMAGED: .*trail\.jsonl:5: /);
});

test('a run is found by the beginning of its name, one alone', () => {
  assert.is(audit('show', '01kam300000000000000000vc2', '--json', ...inVector('closed')).status, 0);
  const many = audit('show', '01KAM3', ...inVector('closed'));
  assert.equal([many.status, /AUDIT_AMBIGUOUS_RUN: 2 runs/.test(many.stderr)], [125, true]);
  const none = audit('show', '01XXX', ...inVector('closed'));
  assert.equal([none.status, /AUDIT_NO_RUN/.test(none.stderr)], [125, true]);
  assert.match(audit('show', 'latest', '--state', '/nonexistent').stderr, /AUDIT_NO_RUN: there is no run yet/);
});

test.run();
