/** What a resolved policy becomes on a host, and what a host cannot give. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import * as assert from 'uvu/assert';
import type { HostFacts } from '../../src/host/facts.js';
import { compilePolicy } from '../../src/policy/compile.js';
import type { Control } from '../../src/policy/compiled.js';
import type { PolicyError } from '../../src/policy/errors.js';
import { IDEAL_HOST } from '../../src/policy/ideal-host.js';
import type { Policy } from '../../src/policy/policy.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { syscallNumber } from '../../src/seccomp/syscalls.js';
import { rejection, suite } from '../support/suite.js';
import { shipped, shippedPolicy } from './shipped.js';

const test = suite('compiling policies');
const strict = shippedPolicy('strict');

const requiring = (control: Control): Policy => ({
  ...strict,
  requires: { ...strict.requires, [control]: 'required' },
});
const NONE: HostFacts['cgroup'] = { kind: 'none', why: 'nothing is delegated' };
const LACKS: readonly [control: Control, host: Partial<HostFacts>][] = [
  ['landlock', { landlockAbi: 0 }],
  ['apparmor', { apparmor: false }],
  ['subordinate-ids', { idMap: { method: 'single', uid: [], gid: [] } }],
  ['cgroup', { cgroup: NONE }],
  ['cgroup', { cgroup: { kind: 'v2', parent: '/x', controllers: ['memory'] } }],
  ['cgroup', { cgroup: { kind: 'v1', parents: { memory: '/x', cpu: '/y' } } }],
];
for (const [control, host] of LACKS) {
  test(`where ${control} is required and the host has ${JSON.stringify(host)}, nothing compiles`, async () => {
    const facts = { ...IDEAL_HOST, ...host };
    const error = (await rejection(() => compilePolicy(requiring(control), facts))) as PolicyError;
    assert.is(error.code, 'CONTROL_UNAVAILABLE');
    assert.match(error.message, control);
    assert.ok(error.why && error.hint);
    assert.ok(compilePolicy(requiring(control), IDEAL_HOST));
  });
}

test('what is preferred and not there does not stop a policy', () => {
  const poor = { ...IDEAL_HOST, apparmor: false, cgroup: NONE };
  const { required, preferred } = compilePolicy(strict, poor);
  assert.equal(preferred, ['subordinate-ids', 'apparmor', 'cgroup']);
  assert.is(required.length + preferred.length, 17, 'every control is one or the other');
});

test('a network mode of a later release is a clear error', async () => {
  const error = (await rejection(() =>
    compilePolicy({ ...strict, network: { ...strict.network, mode: 'private' } }, IDEAL_HOST),
  )) as PolicyError;
  assert.is(error.code, 'POLICY_NETWORK_MODE');
  assert.match(error.why ?? '', /later release/);
});

const namesOf = (policy: Policy, host: HostFacts): string[] =>
  compilePolicy(policy, host).limits.rlimits.map(({ name }) => name);

test('resource limits stand in where no cgroup bounds, and only there', () => {
  const own = ['core', 'nofile', 'memlock', 'as', 'sigpending', 'msgqueue', 'nice', 'rtprio'];
  assert.equal(namesOf(strict, IDEAL_HOST), own);
  assert.equal(namesOf(strict, { ...IDEAL_HOST, cgroup: NONE }), ['data', 'core', 'nproc', ...own.slice(1)]);
  const memoryOnly: HostFacts['cgroup'] = { kind: 'v1', parents: { memory: '/x' } };
  assert.equal(namesOf(strict, { ...IDEAL_HOST, cgroup: memoryOnly }), ['core', 'nproc', ...own.slice(1)]);
});

test('strict is what it says', () => {
  const compiled = compilePolicy(strict, { ...IDEAL_HOST, cgroup: NONE });
  assert.is(compiled.digest, strict.digest);
  assert.equal(Object.values(compiled.capabilities), [0n, 0n, 0n, 0n, 0n]);
  assert.equal(compiled.user, { uid: 'nonzero', otherwise: { uid: 65534, gid: 65534 } });
  assert.is(compiled.root, 'read-only');
  assert.is(compiled.rootSizeBytes, 0n);
  assert.equal(
    compiled.mounts.map((operation) => ('target' in operation ? operation.target : operation.kind)),
    ['proc', 'dev', '/tmp'],
  );
  assert.equal(compiled.mounts[0], { kind: 'proc', subsetPid: true });
  assert.equal(compiled.environment, { pass: ['LANG', 'LC_ALL', 'LC_CTYPE', 'TERM', 'TZ'], set: {} });
  assert.equal(compiled.image, { signature: 'required', pinDigest: false });
  const data = compiled.limits.rlimits.find(({ name }) => name === 'data');
  assert.equal([data?.resource, data?.soft, data?.hard], [2, 256n << 20n, 256n << 20n]);
  const landlock = new Map(compiled.landlock.rules.map((rule) => [rule.kind === 'path' ? rule.path : '', rule.access]));
  assert.is(landlock.get('/'), 0b1101n, 'execute, read_file, read_dir');
  assert.is((landlock.get('/tmp') ?? 0n) & 1n, 0n, 'nothing in scratch memory is executed');
});

test('what lies inside another mount comes after it', () => {
  const scratch = strict.filesystem.scratch.map((one) => ({ ...one, path: '/a/b/c' }));
  const outer = strict.filesystem.scratch.map((one) => ({ ...one, path: '/a' }));
  const policy = { ...strict, filesystem: { ...strict.filesystem, scratch: [...scratch, ...outer] } };
  const { mounts } = compilePolicy(policy, IDEAL_HOST);
  assert.equal(
    mounts.slice(2).map((one) => ('target' in one ? one.target : '')),
    ['/a', '/a/b/c'],
  );
});

test('root keeps its capabilities in the bounding set, others in the ambient one', () => {
  const { capabilities } = compilePolicy(shippedPolicy('compat'), IDEAL_HOST);
  assert.is(capabilities.ambient, 0n);
  assert.is.not(capabilities.bounding, 0n);
});

test('forbidden beats observed beats answered, and calls allowed by argument name their rule', () => {
  const { refusals } = compilePolicy(strict, IDEAL_HOST);
  const of = (name: string): (readonly [string, string])[] =>
    refusals.filter(({ syscall }) => syscall === name).map(({ answer, rule }) => [answer.kind, rule]);
  assert.equal(
    of('ioctl').map(([kind]) => kind),
    ['errno', 'errno', 'errno', 'errno', 'errno'],
  );
  assert.match(of('ioctl')[4]?.[1] ?? '', /^strict\.json#\/syscalls\/allow\/\d+\/where\/ioctl$/);
  assert.equal(
    of('seccomp').map(([kind]) => kind),
    ['continue', 'errno'],
  );
  const clone3 = refusals.find(({ syscall }) => syscall === 'clone3');
  assert.equal(clone3?.answer, { kind: 'errno', errno: constants.errno.ENOSYS });
});

test('what is observed is recorded, also where a rule allows it', () => {
  const { syscalls } = strict;
  const observe = [{ rule: 'own.json#/syscalls/observe/0', why: 'to see what runs', calls: { execve: [[]] } }];
  const observing = { ...strict, syscalls: { ...syscalls, observe: [...syscalls.observe, ...observe] } };
  const execve = { nr: syscallNumber('execve') };
  assert.is(simulate(compilePolicy(strict, IDEAL_HOST).program, execve), 'allow');
  const { program, refusals } = compilePolicy(observing, IDEAL_HOST);
  assert.is(simulate(program, execve), 'notify');
  assert.equal(refusals.find(({ syscall }) => syscall === 'execve')?.answer, { kind: 'continue' });
});

const parser = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser'].find(existsSync);
for (const policy of shipped) {
  test.needs(
    parser === undefined ? 'apparmor_parser' : undefined,
    `the AppArmor profile of ${policy.name} parses`,
    () => {
      const { text, profileName } = compilePolicy(policy, IDEAL_HOST).apparmor;
      assert.match(profileName, `sandbox.${policy.name}.`);
      const parsed = spawnSync(parser ?? '', ['-Q', '-K', '-T'], { input: text, encoding: 'utf8' });
      assert.is(parsed.status, 0, parsed.stderr);
    },
  );
}

test.run();
