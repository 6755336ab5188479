/** S09: what is reported as effective was read back from the kernel or tried inside the finished sandbox. */
import * as assert from 'uvu/assert';
import { silentSuccess } from '../faults/guards.js';
import { injectFault, recordCalls } from '../faults/tracer.js';
import { launchGround } from '../support/launch.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { type Control, controlsIn, latestRecords } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S09 receipt');
const needs = userRequirement({ subordinateIds: true });
const needsRoot = process.getuid?.() === 0 ? needs : 'root, to trace what runs as another user';
let ground: SystemGround;
let controls: readonly Control[];
let seen: string;

const LOOK = [
  'cat /proc/self/status /proc/self/limits /proc/self/uid_map /proc/self/gid_map',
  'for kind in user mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$kind; done',
  'hostname; pwd',
].join('; ');

test.before(() => {
  if (needs !== undefined) return;
  ground = systemGround();
  seen = ground.inside(LOOK);
  controls = controlsIn(latestRecords(ground.user));
});
test.after(() => ground?.remove());

const effectiveOf = (control: string): readonly string[] =>
  controls.filter((one) => one.control === control).map(({ effective }) => effective);
const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(seen)?.[1]?.trim() ?? '';

test.needs(needs, 'the receipt stands right after the record that opens the run, before the workload starts', () => {
  const kinds = latestRecords(ground.user).map(({ kind, event }) => event ?? kind);
  const last = kinds.lastIndexOf('receipt');
  assert.equal(kinds.slice(0, 2), ['opened', 'receipt']);
  assert.ok(kinds.indexOf('started') > last);
});

test.needs(needs, 'every control that strict requires is in it, effective, with how that was found out', () => {
  for (const control of REQUIRED) {
    const found = controls.filter((one) => one.control === control);
    assert.ok(found.length > 0, `${control} is in the receipt`);
    for (const { ok, how, effective } of found) {
      assert.is(ok, true, control);
      assert.ok(how.length > 0 && effective.length > 0, control);
    }
  }
});

const REQUIRED = [
  ...['user', 'mount', 'pid', 'network', 'ipc', 'uts', 'cgroup'].map((kind) => `${kind}-namespace`),
  ...['id-map', 'root', 'capabilities', 'no-new-privileges', 'seccomp', 'landlock', 'resource-limits'],
];

test.needs(needs, 'what the workload sees of itself is what the receipt says', () => {
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
    assert.ok(effectiveOf('capabilities').includes(`${set} ${field(set)}`), set);
  assert.equal(effectiveOf('no-new-privileges'), [`NoNewPrivs ${field('NoNewPrivs')}`]);
  assert.ok(effectiveOf('seccomp').includes(`Seccomp ${field('Seccomp')}`));
  for (const kind of ['user', 'pid', 'net', 'mnt'] as const) {
    const name = { user: 'user', pid: 'pid', net: 'network', mnt: 'mount' }[kind];
    const number = new RegExp(`^${kind}:\\[(\\d+)\\]$`, 'm').exec(seen)?.[1];
    assert.ok(effectiveOf(`${name}-namespace`).includes(`its own (${number})`), kind);
  }
  assert.equal(effectiveOf('hostname'), [/^sandbox$/m.exec(seen)?.[0]]);
  const files = /^Max open files\s+(\d+)\s+(\d+)/m.exec(seen);
  assert.ok(effectiveOf('resource-limits').includes(`nofile ${files?.[1]}:${files?.[2]}`));
  const map = /^\s*0\s+(\d+)\s+(\d+)$/m.exec(seen);
  assert.ok(effectiveOf('id-map').includes(`0 ${map?.[1]} ${map?.[2]}`));
});

test.needs(needs, 'what was not to be had is in it as well', () => {
  const off = controls.filter(({ ok }) => !ok).map(({ control }) => control);
  const known = new Set(controls.map(({ control }) => control));
  for (const control of ['apparmor', 'cgroup', 'subordinate-ids']) assert.ok(known.has(control), control);
  for (const control of off) assert.ok(['apparmor', 'cgroup', 'subordinate-ids'].includes(control), control);
});

/** Guards of the workload's own, each silently without effect. */
const GUARDS: Readonly<Record<string, (name: string, first: bigint) => boolean>> = {
  'no-new-privileges': (name, first) => name === 'prctl' && first === 38n,
  landlock: (name) => name === 'landlock_restrict_self',
  capabilities: (name) => name === 'capset',
};

for (const [control, isGuard] of Object.entries(GUARDS)) {
  test.needs(needsRoot, `${control}: set, reported as done, and without effect: nothing runs`, async () => {
    const launches = launchGround({ subordinateIds: true });
    try {
      const plan = launches.plan(['mark']);
      const calls = await recordCalls(launches, plan.command);
      const guard = calls.findLast(
        (call) =>
          call.role === 'workload' && isGuard(call.name, call.arguments[0] ?? 0n) && silentSuccess(call) !== undefined,
      );
      assert.ok(guard, `the launch sets ${control}`);
      const value = silentSuccess(guard) ?? 0n;
      const outcome = await injectFault(launches, plan.command, guard, { kind: 'return', value });
      assert.is(outcome.status, 125);
      assert.not.ok(outcome.executed);
      assert.is(outcome.stdout, '');
      assert.match(outcome.stderr, /^sandbox: \w+: /);
    } finally {
      launches.remove();
    }
  });
}

test.run();
