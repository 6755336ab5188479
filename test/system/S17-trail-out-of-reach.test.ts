/** S17: the workload can neither read nor write the trail, and no secret gets into it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { latestRecords, latestTrail, runsOf, stateOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S17 the trail is out of reach');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

test.needs(needs, 'no path inside leads to it, while it is being written or after', () => {
  const state = stateOf(ground.user);
  const ways = [state, `/proc/self/root${state}`, `${'../'.repeat(16)}${state}`, `/proc/1/root${state}`];
  const look = ways.map((way) => `ls ${way} 2>/dev/null; cat ${way}/runs/*/trail.jsonl 2>/dev/null`).join('; ');
  assert.is(ground.inside(`${look}; echo end`), 'end\n');
  assert.ok(existsSync(join(state, 'chain.jsonl')));
  assert.match(ground.outside(`${look}; true`), /"kind":"opened"/, 'outside the user can read it');
});

test.needs(needs, "no descriptor inside is that of the trail, and no limit of the workload's bounds it", () => {
  const look = 'for p in /proc/[0-9]*; do ls -l $p/fd; done 2>/dev/null | grep -c trail.jsonl; true';
  assert.is(ground.inside(look), '0\n');
  assert.is(ground.inside('ulimit -f 1; tiny_workload refuse 400'), '400\n');
  const denied = latestRecords(ground.user).at(-1)?.attempts?.denied ?? 0;
  assert.ok(denied >= 400);
});

test.needs(needs, "it is the user's alone", () => {
  const look = `stat -c '%a %u' ${stateOf(ground.user)} ${stateOf(ground.user)}/runs/*/trail.jsonl`;
  for (const line of ground.outside(look).trimEnd().split('\n'))
    assert.match(line, new RegExp(`^(700|600) ${ground.user.uid}$`));
});

const SECRET = 'hunter2-is-a-secret';
const WORDS = [`--password=${SECRET}`, '--token', SECRET, `API_KEY=${SECRET}`, `https://me:${SECRET}@example.org/`];

test.needs(needs, 'arguments that look like secrets are redacted, others are not', () => {
  ground.run(['echo', 'plain-word', ...WORDS]);
  assert.not.match(latestTrail(ground.user), SECRET);
  const command = latestRecords(ground.user)[0]?.command;
  assert.ok(command?.arguments.includes('plain-word'));
  assert.is(command?.redacted, WORDS.length - 1);
});

test.needs(needs, 'values of the environment are not in it, their names are', () => {
  const flags = ['--profile', 'strict', '-e', `LOUD=${SECRET}`, '-e', 'QUIET'];
  ground.inside('echo "$LOUD $QUIET"', { flags, environment: { QUIET: SECRET } });
  assert.not.match(latestTrail(ground.user), SECRET);
  const names = latestRecords(ground.user)[0]?.environment?.names ?? [];
  assert.ok(names.includes('LOUD') && names.includes('QUIET'));
});

test.needs(needs, 'a workload that fills it reaches its quota, which ends the run', () => {
  const policy = ground.file('quota.json', {
    apiVersion: 1,
    name: 'quota',
    version: '1.0.0',
    extends: { policy: 'strict' },
    audit: { quota: '1MiB' },
  });
  const before = runsOf(ground.user).length;
  const loop = 'while true; do tiny_workload refuse 8 >/dev/null; done';
  const { status, stderr } = ground.run(['sh', '-c', loop], { flags: ['--policy', policy] });
  assert.is.not(status, 0);
  assert.match(stderr, /^sandbox: AUDIT_QUOTA: /m);
  assert.is(runsOf(ground.user).length, before + 1);
  assert.ok(latestTrail(ground.user).length <= 1.1 * 2 ** 20);
  assert.is(latestRecords(ground.user).at(-1)?.kind, 'closed');
});

test.run();
