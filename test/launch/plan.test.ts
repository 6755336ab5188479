import * as assert from 'uvu/assert';
import { encodePlan } from '../../src/launch/encode.js';
import { LaunchError } from '../../src/launch/errors.js';
import { planLaunch, type RunOptions } from '../../src/launch/plan.js';
import { launchInputs, rootFs } from '../support/launch-inputs.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('launch/plan');
const planned = (options: Partial<RunOptions>) => {
  const inputs = launchInputs();
  return planLaunch({ ...inputs, options: { ...inputs.options, ...options } });
};

for (const [what, options, entrypoint, command] of [
  ['nothing', {}, ['/entry'], ['default']],
  ['a command', { command: ['a', 'b'] }, ['/entry'], ['a', 'b']],
  ['an entrypoint', { entrypoint: '/own' }, ['/own'], []],
  ['an entrypoint and a command', { entrypoint: '/own', command: ['x'] }, ['/own'], ['x']],
  ['an empty entrypoint and a command', { entrypoint: '', command: ['x'] }, [], ['x']],
] as const) {
  test(`${what} on the command line`, () => {
    const plan = planned(options);
    assert.equal([plan.entrypoint, plan.command], [entrypoint, command]);
  });
}

test('an image without a command needs one', async () => {
  const inputs = { ...launchInputs(), rootFs: rootFs({ entrypoint: [], command: [] }) };
  const error = await rejection(() => planLaunch(inputs));
  assert.ok(error instanceof LaunchError && error.code === 'LAUNCH_NO_COMMAND');
});

test('the user’s variables replace the image’s, and those the usual ones', () => {
  const { environment } = planned({ environment: ['A=user', 'B=1'] });
  assert.equal(environment, ['PATH=/bin', 'HOSTNAME=sandbox', 'HOME=/', 'A=user', 'B=1']);
});

test('limits become values of both kinds of cgroup', () => {
  const inputs = launchInputs();
  const limits = { ...inputs.policy.limits, memoryBytes: 1_000_000n, processes: 10, cpuMillis: 500 };
  const policy = { ...inputs.policy, limits };
  const v2 = planLaunch({
    ...inputs,
    policy,
    host: { ...inputs.host, cgroup: { kind: 'v2', parent: '/c', controllers: ['memory', 'pids', 'cpu'] } },
  });
  assert.equal(
    v2.cgroupValue.map(({ index, file, value }) => `${index} ${file} ${value}`),
    ['0 memory.max 999424', '0 pids.max 11', '0 cpu.max 50000 100000'],
  );
  const parents = { memory: '/m', pids: '/p', cpu: '/m' };
  const v1 = planLaunch({ ...inputs, policy, host: { ...inputs.host, cgroup: { kind: 'v1', parents } } });
  assert.equal(
    v1.cgroup.map(({ parent }) => parent),
    ['/m', '/p'],
  );
  assert.equal(
    v1.cgroupValue.map(({ index, file, value }) => `${index} ${file} ${value}`),
    ['0 memory.limit_in_bytes 999424', '1 pids.max 11', '0 cpu.cfs_period_us 100000', '0 cpu.cfs_quota_us 50000'],
  );
});

test('a thousandth of a processor is a quota that the kernel takes', () => {
  const inputs = launchInputs();
  const policy = { ...inputs.policy, limits: { ...inputs.policy.limits, cpuMillis: 1 } };
  const cgroup = { kind: 'v2', parent: '/c', controllers: ['cpu'] } as const;
  const { cgroupValue } = planLaunch({ ...inputs, policy, host: { ...inputs.host, cgroup } });
  assert.equal(
    cgroupValue.map(({ file, value }) => `${file} ${value}`),
    ['cpu.max 1000 1000000'],
  );
});

for (const [what, wanted, user, inner] of [
  ['root of a policy that allows it has them in every set', 'any', undefined, 5n],
  ['another user of such a policy has none, they only bound', 'any', { uid: 7, gid: 7, groups: [] }, 0n],
] as const) {
  test(`capabilities: ${what}`, () => {
    const inputs = launchInputs();
    const capabilities = { ...inputs.policy.capabilities, bounding: 5n };
    const policy = { ...inputs.policy, user: { uid: wanted, otherwise: { uid: 1, gid: 1 } }, capabilities };
    const plan = planLaunch({ ...inputs, policy, rootFs: rootFs({ user }) });
    assert.is(plan.capabilityBounding, 5n);
    for (const name of ['Permitted', 'Effective', 'Inheritable', 'Ambient'] as const)
      assert.is(plan[`capability${name}`], inner);
  });
}

test('with a single id and without Landlock nothing is planned', async () => {
  const inputs = launchInputs();
  const one = { inner: 0, outer: 1000, count: 1 };
  const root = { ...rootFs({}), idMap: { method: 'single', uid: [one], gid: [one] } } as const;
  const error = await rejection(() => planLaunch({ ...inputs, rootFs: root }));
  assert.ok(error instanceof LaunchError && error.code === 'LAUNCH_LANDLOCK_NEEDED');
  const landlock = { ...inputs.policy.landlock, handledFs: 1n };
  assert.is(planLaunch({ ...inputs, policy: { ...inputs.policy, landlock }, rootFs: root }).idMapMethod, 0);
});

test('a condition on a 32-bit argument looks at the low half only', () => {
  const inputs = launchInputs();
  const refusals = [
    {
      syscall: 'ioctl',
      nr: 16,
      when: [{ arg: 1, width: 32, compare: 'eq', value: 0x5412n }],
      answer: { kind: 'errno', errno: 1 },
      rule: 'r',
    },
  ] as const;
  const { condition, refusal } = planLaunch({ ...inputs, policy: { ...inputs.policy, refusals } });
  assert.equal(condition, [{ argument: 1, compare: 0, mask: 0xffff_ffffn, value: 0x5412n }]);
  assert.equal(refusal, [{ number: 16, answer: 0, errnoValue: 1, firstCondition: 0, conditionCount: 1, rule: 'r' }]);
});

test('the same plan gives the same bytes', () => {
  assert.equal(encodePlan(planned({})), encodePlan(planned({})));
});

for (const [what, options, code] of [
  ['a NUL in an argument', { command: ['a\0b'] }, 'LAUNCH_PLAN_UNSAYABLE'],
  ['more arguments than can be carried', { command: new Array<string>(5000).fill('a') }, 'LAUNCH_PLAN_UNSAYABLE'],
  ['an argument larger than a plan', { command: ['a'.repeat(1 << 20)] }, 'LAUNCH_PLAN_TOO_LARGE'],
] as const) {
  test(`${what} is refused before anything is written`, async () => {
    const error = await rejection(() => encodePlan(planned(options)));
    assert.ok(error instanceof LaunchError && error.code === code);
  });
}

test.run();
