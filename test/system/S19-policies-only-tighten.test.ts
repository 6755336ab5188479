/** S19: a policy cannot loosen what another forbids or locks, nor exceed the ceiling; what is unknown is refused whole. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { runsOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S19 policies only tighten');
const needs = userRequirement({ subordinateIds: true });
const WHY = 'what this test is about';
let ground: SystemGround;
let made = 0;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const policy = (more: object, name = `policy-${made++}`): string =>
  ground.file(`${name}.json`, { apiVersion: 1, name, version: '1.0.0', extends: { policy: 'strict' }, ...more });

/** What a run under the flags says where it is refused; undefined: it ran. */
function refusal(flags: readonly string[]): string | undefined {
  const before = runsOf(ground.user).length;
  const { status, stdout, stderr } = ground.run(['tiny_workload', 'refuse', '1'], { flags });
  if (status === 0) {
    assert.is(stdout.toString(), '1\n', 'what is forbidden stays forbidden');
    return undefined;
  }
  assert.is(status, 125, stderr);
  assert.is(stdout.toString(), '');
  assert.is(runsOf(ground.user).length, before, 'nothing was begun');
  return stderr;
}

test.needs(needs, 'a call that the parent forbids stays forbidden, whatever allows it', () => {
  const mount = { syscalls: { allow: [{ calls: ['mount'], why: WHY }] } };
  const told = refusal(['--policy', policy(mount)]);
  if (told !== undefined) assert.match(told, /^sandbox: POLICY_\w+: [\s\S]*mount/);
});

test.needs(needs, 'what the parent locked is not changed by whom extends it', () => {
  const locked = { image: { signature: 'optional', pinDigest: false } };
  assert.match(refusal(['--policy', policy(locked)]) ?? '', /^sandbox: POLICY_LOCKED: [\s\S]*\/image\/signature/);
});

const WIDER: Readonly<Record<string, object>> = {
  '/syscalls/allow': { syscalls: { allow: [{ calls: ['sync'], why: WHY }] } },
  '/resources/memory': { resources: { memory: '1GiB' } },
  '/filesystem/root': { filesystem: { root: 'writable' } },
  '/filesystem/mounts': { filesystem: { mounts: [{ from: '/usr', to: '/host', access: 'read-only', why: WHY }] } },
};

test.needs(needs, 'under a ceiling a wider policy is refused, and each way in which it is wider is named', () => {
  const ceiling = ['--ceiling', join(ground.product.folder, 'profiles/strict.json')];
  for (const [pointer, more] of Object.entries(WIDER)) {
    const file = policy(more);
    const told = refusal([...ceiling, '--policy', file]) ?? 'it ran';
    assert.match(told, /^sandbox: POLICY_CEILING: /, told);
    assert.ok(told.includes(pointer), told);
    assert.match(told, /policy-\d+\.json:\d+: /);
  }
  const [, widest] = Object.entries(WIDER)[1] ?? [];
  assert.is(refusal(['--policy', policy(widest ?? {})]), undefined, 'without the ceiling it runs');
  assert.is(
    refusal([...ceiling, '--policy', policy({ resources: { memory: '64MiB' } })]),
    undefined,
    'a tighter one runs',
  );
});

const UNKNOWN: Readonly<Record<string, readonly [more: object, pointer: string]>> = {
  'a misspelt key': [{ filesytem: {} }, '/filesytem'],
  'a misspelt key deep inside': [{ filesystem: { scratsh: [] } }, '/filesystem/scratsh'],
  'a call that does not exist': [
    { syscalls: { allow: [{ calls: ['mounnt'], why: WHY }] } },
    '/syscalls/allow/0/calls/0',
  ],
  'a name of the kernel that does not exist': [
    {
      syscalls: {
        allow: [{ calls: ['socket'], where: { socket: [{ family: { anyOf: ['AF_INETT'] } }] }, why: WHY }],
      },
    },
    '/syscalls/allow/0/where/socket/0/family',
  ],
  'an allowance without its reason': [{ syscalls: { allow: [{ calls: ['sync'] }] } }, '/syscalls/allow/0'],
};

for (const [what, [more, pointer]] of Object.entries(UNKNOWN)) {
  test.needs(needs, `${what}: the policy is refused as a whole, with file, line and pointer`, () => {
    const file = policy(more);
    const told = refusal(['--policy', file]) ?? 'it ran';
    assert.match(told, /^sandbox: POLICY_INVALID: /, told);
    assert.ok(told.includes(pointer), told);
    assert.match(told, /\.json:\d+: \//);
    const check = ground.sandbox(['policy', 'check', file]);
    assert.is.not(check.status, 0, 'policy check says the same');
  });
}

test.needs(needs, 'all faults of a file are told at once', () => {
  const file = policy({ filesytem: {}, syscalls: { allow: [{ calls: ['mounnt', 'opeen'], why: WHY }] }, proces: {} });
  const told = refusal(['--policy', file]) ?? '';
  for (const word of ['filesytem', 'proces', 'mounnt', 'opeen']) assert.ok(told.includes(word), word);
});

test.run();
