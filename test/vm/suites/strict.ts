/** The product under `strict` on a stock kernel of Debian: what doctor finds, what a run is and what its receipt says. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import * as assert from 'uvu/assert';
import type { Diagnosis } from '../../../src/host/diagnosis.js';
import { suite } from '../../support/suite.js';
import { systemGround } from '../../support/system-ground.js';
import { controlsIn, latestRecords } from '../../support/trail-records.js';
import { delegateGroup } from '../delegate.js';

const test = suite('strict');
const ground = systemGround();
delegateGroup(ground.user);
const isOld = release().startsWith('6.1.');

/** What these machines lack, 6.1 more than 6.12, and strict does without. */
const LACKING = ['apparmor-profile', ...(isOld ? ['seccomp-sync-wake-up', 'writable-overlay'] : [])];

test('doctor finds what this kernel has, and names the one command that loads the profile', () => {
  const { status, stdout } = ground.sandbox(['doctor', '--json']);
  const { mechanisms, strict, facts } = JSON.parse(stdout.toString()) as Diagnosis;
  assert.is(status, 0);
  assert.is(strict, 'relaxed');
  assert.is(facts.landlockAbi, isOld ? 2 : 6);
  assert.is(facts.apparmor, true);
  assert.is(facts.cgroup.kind, 'v2');
  const lacking = mechanisms.filter(({ available }) => !available);
  assert.equal(lacking.map(({ name }) => name).sort(), LACKING);
  assert.match(
    lacking.find(({ name }) => name === 'apparmor-profile')?.fix ?? '',
    /^as root: \/.*\/bin\/sandbox apparmor install$/,
  );
});

test('a run under strict has every control, each measured, but a profile that nobody has installed', () => {
  const seen = ground.inside('cat /proc/self/status /proc/self/attr/apparmor/current; id -u');
  for (const line of ['NoNewPrivs:\t1', 'Seccomp:\t2', 'CapBnd:\t0000000000000000', 'unconfined', '65534'])
    assert.ok(seen.split('\n').includes(line), line);
  const controls = controlsIn(latestRecords(ground.user));
  const off = controls.filter(({ ok }) => !ok);
  assert.equal([...new Set(off.map(({ control }) => control))], ['apparmor']);
  for (const name of ['memory.max 268435456', 'pids.max 65', 'cpu.max 100000 100000'])
    assert.ok(
      controls.some(({ control, effective, how }) => control === 'cgroup' && effective === name && how === 'read back'),
      name,
    );
});

test('a second run takes the kept plan, and ends as the command does', () => {
  assert.is(ground.run(['sh', '-c', 'exit 7']).status, 7);
  assert.is(ground.run(['sh', '-c', 'kill -9 $$']).status, 137);
});

test('what the sandbox denies can be done outside of it', () => {
  const script = 'echo x > /var/tmp/mark && cat /var/tmp/mark; unshare -U true && echo namespace';
  assert.match(ground.outside('echo x > /var/tmp/mark && cat /var/tmp/mark'), /x/);
  const ended = ground.run(['sh', '-c', script]);
  assert.is.not(ended.status, 0);
  assert.is(ended.stdout.toString(), '');
  assert.ok(readFileSync('/var/tmp/mark', 'utf8') === 'x\n');
});

test.after(() => ground.remove());
test.run();
