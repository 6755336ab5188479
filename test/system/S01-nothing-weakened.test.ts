/** S01: what the policy requires and the host cannot give means that nothing runs. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { controlsIn, latestRecords, runsOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S01 nothing is weakened silently');
/** What this user lacks for certain: it is made without them. */
const LACKING = 'subordinate-ids';
const needs = userRequirement({ subordinateIds: false });
const modules = readIfThere('/sys/kernel/security/lsm');
const needsNoAppArmor = modules.includes('apparmor') ? 'a kernel without AppArmor' : needs;
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround({ subordinateIds: false });
});
test.after(() => ground?.remove());

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const policyThat = (name: string, requires: object): string[] => [
  '--policy',
  ground.file(`${name}.json`, {
    apiVersion: 1,
    name,
    version: '1.0.0',
    extends: { policy: 'strict' },
    requires,
  }),
];

for (const [control, needed] of [
  [LACKING, needs],
  ['apparmor', needsNoAppArmor],
] as const) {
  test.needs(needed, `${control}: required is refused, preferred runs and is told`, () => {
    const before = runsOf(ground.user).length;
    const refused = ground.run(['echo', 'ran'], { flags: policyThat('demanding', { [control]: 'required' }) });
    assert.is(refused.status, 125);
    assert.is(refused.stdout.toString(), '');
    const [what = '', why = '', toDo = ''] = refused.stderr.split('\n');
    assert.match(what, /^sandbox: CONTROL_UNAVAILABLE: /);
    assert.ok(what.includes(control) && what.includes('demanding'), what);
    assert.match(why, /^ {2}why: ./);
    assert.match(toDo, /^ {2}to do: ./);
    assert.is(runsOf(ground.user).length, before, 'no run was begun');

    const relaxed = ground.run(['echo', 'ran'], { flags: policyThat('content', { [control]: 'preferred' }) });
    assert.is(relaxed.status, 0, relaxed.stderr);
    assert.is(relaxed.stdout.toString(), 'ran\n');
    const records = latestRecords(ground.user);
    const told = [
      ...(records[0]?.remarks?.texts ?? []),
      ...controlsIn(records).map(({ control, effective }) => `${control} ${effective}`),
    ];
    assert.match(told.join('\n'), control === LACKING ? /one id|single/ : /apparmor/i);
  });
}

test.needs(needs, 'a control cannot be left out by naming it differently', () => {
  const { status, stderr } = ground.run(['echo'], { flags: policyThat('misspelt', { 'subordinate-id': 'required' }) });
  assert.is(status, 125);
  assert.match(stderr, /^sandbox: POLICY_INVALID: /);
  assert.match(stderr, /misspelt\.json:\d+: \/requires\/subordinate-id: /);
});

test.needs(needs, 'no policy that extends strict can require less', () => {
  const { status, stdout } = ground.run(['echo', 'ran'], { flags: policyThat('loose', { seccomp: 'preferred' }) });
  // A demand of the parent stays, or saying less is an error; it never goes silently.
  if (status === 0) {
    const controls = controlsIn(latestRecords(ground.user)).filter(({ control }) => control === 'seccomp');
    assert.ok(controls.length > 0 && controls.every(({ ok }) => ok));
  } else {
    assert.is(status, 125);
    assert.is(stdout.toString(), '');
  }
});

test.run();
