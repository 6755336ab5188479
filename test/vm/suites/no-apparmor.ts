/** A kernel that has AppArmor and was booted without it: what requires it is refused, and everybody says why. */
import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import type { ApparmorStatus } from '../../../src/cli/apparmor-status.js';
import { suite } from '../../support/suite.js';
import { systemGround } from '../../support/system-ground.js';
import { controlsIn, latestRecords, runsOf } from '../../support/trail-records.js';
import { delegateGroup } from '../delegate.js';

const test = suite('no-apparmor');
const ground = systemGround();
delegateGroup(ground.user);
const WHY = /AppArmor is not active in this kernel/;

test('a policy that requires AppArmor refuses to run', () => {
  const policy = ground.file('needy.json', {
    apiVersion: 1,
    name: 'needy',
    version: '1.0.0',
    extends: { policy: 'strict' },
    requires: { apparmor: 'required' },
  });
  const refused = ground.run(['sh', '-c', 'echo ran'], { flags: ['--policy', policy] });
  assert.equal([refused.status, refused.stdout.toString()], [125, '']);
  assert.match(refused.stderr, /CONTROL_UNAVAILABLE/);
  assert.match(refused.stderr, WHY);
  assert.equal(runsOf(ground.user), []);
});

test('one that prefers it runs, and the receipt says why there is none', () => {
  assert.is(ground.inside('echo ran'), 'ran\n');
  const label = controlsIn(latestRecords(ground.user)).find(({ control }) => control === 'apparmor');
  assert.is(label?.ok, false);
  assert.match(label?.how ?? '', WHY);
});

test('nothing can be installed, and status and doctor say why', () => {
  const installed = spawnSync(ground.product.program, ['apparmor', 'install'], {
    encoding: 'utf8',
    env: { ...process.env, HOME: '/root' },
  });
  assert.is(installed.status, 125);
  assert.match(installed.stderr, /APPARMOR_NOT_ACTIVE/);
  const { active, policies } = JSON.parse(
    ground.sandbox(['apparmor', 'status', '--json']).stdout.toString(),
  ) as ApparmorStatus;
  assert.is(active, false);
  for (const { why } of policies) assert.match(why ?? '', WHY);
  assert.match(
    ground.sandbox(['doctor']).stdout.toString(),
    /^apparmor +relaxed +the kernel does not enforce AppArmor$/m,
  );
});

test.after(() => ground.remove());
test.run();
