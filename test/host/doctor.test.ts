import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'jsonc-parser';
import * as assert from 'uvu/assert';
import { preparedFolders } from '../../src/host/cgroup.js';
import type { Diagnosis, Mechanism } from '../../src/host/diagnosis.js';
import { REMEDIES } from '../../src/host/remedies.js';
import { startChildrenCpuClock } from '../support/cpu-time.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';
import { type Outcome, type Product, stageProduct, type TestUser, testUser, userRequirement } from '../support/user.js';

const test = suite('doctor');
const ordinary = userRequirement({ subordinateIds: true });
const poor = userRequirement({ subordinateIds: false });
const needsRoot = process.getuid?.() === 0 ? undefined : 'root, to apply a fix or to trace a setuid program';

let product: Product;
test.before(() => {
  product = stageProduct();
});
test.after(() => product.remove());

const main = (): string => join(product.folder, 'build/src/cli/main.js');
const doctor = (user: TestUser, before: readonly string[] = []): Outcome =>
  user.run([...before, 'node', main(), 'doctor', '--json']);
const read = ({ stdout }: Outcome): Diagnosis => JSON.parse(stdout.toString()) as Diagnosis;
const find = ({ mechanisms }: Diagnosis, name: string): Mechanism => {
  const found = mechanisms.find((mechanism) => mechanism.name === name);
  if (found === undefined) throw new Error(`${name} is not reported`);
  return found;
};

test.needs(ordinary, 'reports every mechanism once, and each has its remedy', () => {
  const user = testUser({ subordinateIds: true });
  const { mechanisms } = read(doctor(user));
  assert.equal(mechanisms.map(({ name }) => name).sort(), Object.keys(REMEDIES).sort());
  for (const { name, how, found, status, available, without, fix } of mechanisms) {
    assert.ok(how !== '' && found !== '', name);
    assert.is(available, status === 'ok', name);
    assert.is(available, without === undefined && fix === undefined, name);
  }
  user.remove();
});

/** A control of policies, and what doctor tries for it. The launcher's own doing (dropping capabilities) needs no trial. */
const TRIED_FOR: Readonly<Record<string, readonly string[]>> = {
  'user-namespace': ['user-namespace'],
  'mount-namespace': ['mount-namespace'],
  'pid-namespace': ['pid-namespace'],
  'network-namespace': ['network-namespace'],
  'ipc-namespace': ['ipc-namespace'],
  'uts-namespace': ['uts-namespace'],
  'cgroup-namespace': ['cgroup-namespace'],
  root: ['root-switch', 'device-files', 'overlay', 'process-view'],
  seccomp: ['seccomp-notification', 'descriptor-transfer', 'libseccomp'],
  landlock: ['landlock'],
  'subordinate-ids': ['subordinate-ids'],
  cgroup: ['cgroup-memory', 'cgroup-pids', 'cgroup-cpu'],
  apparmor: ['apparmor', 'apparmor-profile'],
  'id-map': [],
  capabilities: [],
  'no-new-privileges': [],
  'resource-limits': [],
};

test('needs exactly what profile strict requires', () => {
  const text = readFileSync(join(product.folder, 'profiles/strict.json'), 'utf8');
  const { requires } = parse(text) as { requires: Record<string, 'required' | 'preferred'> };
  assert.equal(Object.keys(requires).sort(), Object.keys(TRIED_FOR).sort());
  for (const [control, level] of Object.entries(requires)) {
    const need = level === 'required' ? 'strict' : 'preferred';
    for (const name of TRIED_FOR[control] ?? []) assert.is(REMEDIES[name]?.need, need, `${control}: ${name}`);
  }
});

test.needs(ordinary, 'leaves nothing behind and takes about a second', () => {
  const user = testUser({ subordinateIds: true });
  const elapsedMs = startChildrenCpuClock();
  const { status, stderr } = doctor(user);
  const elapsed = elapsedMs();
  assert.is(stderr, '');
  assert.is(status, 0);
  assert.ok(elapsed < 5000, `${elapsed} ms`);
  const files = readdirSync(user.home, { recursive: true, encoding: 'utf8' }).sort();
  assert.equal(files, ['run', 'tmp']);
  assert.not.ok(
    execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).includes(`${product.folder}/build/native/doctor`),
  );
  user.remove();
});

test.needs(ordinary, 'shows a table to people', () => {
  const user = testUser({ subordinateIds: true });
  const { status, stdout } = user.run(['node', main(), 'doctor']);
  assert.is(status, 0);
  assert.match(stdout.toString(), /^landlock +ok +version \d+$/m);
  assert.match(stdout.toString(), /^profile strict runs here.*\n$/m);
  user.remove();
});

test.needs(poor, 'finds a user without subordinate ids, and its fix is exact', () => {
  const user = testUser({ subordinateIds: false });
  const before = doctor(user);
  assert.is(before.status, 0, 'strict runs with one id');
  const { status, without, fix = '' } = find(read(before), 'subordinate-ids');
  assert.is(status, 'relaxed');
  assert.match(without ?? '', /a map of one id/);
  applyFix(fix);
  assert.is(find(read(doctor(user)), 'subordinate-ids').status, 'ok');
  user.remove();
});

const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
const legacy = preparedFolders(mountinfo, 0).length > 0 ? undefined : 'control groups of version 1';
test.needs(needsRoot ?? legacy, 'finds groups that are not delegated, and its fix is exact', () => {
  const user = testUser({ subordinateIds: true });
  const folders = preparedFolders(mountinfo, user.uid);
  try {
    const { status, without, fix = '' } = find(read(doctor(user)), 'cgroup-memory');
    assert.is(status, 'relaxed');
    assert.match(without ?? '', /RLIMIT_DATA.*each process/);
    applyFix(fix);
    const after = read(doctor(user));
    for (const name of ['cgroup-memory', 'cgroup-pids', 'cgroup-cpu']) assert.is(find(after, name).status, 'ok', name);
    for (const folder of folders) assert.not.ok(readdirSync(folder).some((name) => name.startsWith('sandbox-doctor')));
  } finally {
    for (const folder of folders) removeGroups(folder);
    user.remove();
  }
});

/** A call that fails, and what doctor must conclude. The calls are made by our program alone, not by Node. */
const FAILURES: readonly (readonly [string, string, Mechanism['status'], RegExp])[] = [
  ['unshare:error=EPERM', 'user-namespace', 'missing', /if this is a container/],
  ['unshare:error=EPERM', 'argument-reading', 'relaxed', /if this is a container/],
  ['unshare:error=ENOSPC', 'user-namespace', 'missing', /user\.max_user_namespaces=15000/],
  ['pivot_root:error=EPERM', 'root-switch', 'missing', /if this is a container/],
  ['seccomp:error=EBUSY', 'seccomp-notification', 'missing', /has a listener of its own/],
  ['seccomp:error=EINVAL', 'seccomp-notification', 'missing', /boot a kernel from 5\.5 on/],
  ['landlock_create_ruleset:error=ENOSYS', 'landlock', 'missing', /boot a kernel from 5\.13 on/],
  ['landlock_create_ruleset:error=EOPNOTSUPP', 'landlock', 'missing', /Landlock is switched off/],
  ['landlock_restrict_self:retval=0', 'landlock', 'missing', /./],
  ['openat2:error=ENOSYS', 'confined-lookup', 'missing', /5\.6/],
  ['pidfd_open:error=ENOSYS', 'pidfd', 'missing', /5\.3/],
  ['pidfd_getfd:error=EPERM', 'descriptor-transfer', 'missing', /./],
  ['process_vm_readv:error=EPERM', 'argument-reading', 'relaxed', /./],
  ['pidfd_getfd:delay_enter=20s', 'descriptor-transfer', 'missing', /./],
];
for (const [injection, name, status, fix] of FAILURES) {
  test.needs(needsRoot, `concludes from ${injection} about ${name}`, () => {
    const user = testUser({ subordinateIds: true });
    const calls = injection.split(':')[0];
    const tracer = [
      'strace',
      '-f',
      '-u',
      user.name,
      '-o',
      '/dev/null',
      '-e',
      `trace=${calls}`,
      '-e',
      `inject=${injection}`,
    ];
    const outcome = traced(user, tracer);
    const mechanism = find(read(outcome), name);
    assert.is(mechanism.status, status);
    assert.match(mechanism.fix ?? '', fix);
    assert.is(outcome.status, status === 'missing' || calls === 'unshare' ? 1 : 0);
    user.remove();
  });
}

test.needs(ordinary, 'names the switch where namespaces are used up', () => {
  const user = testUser({ subordinateIds: true });
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
  const outcome = doctor(user, ['unshare', '--map-root-user', 'sh', '-c', script, 'sh']);
  assert.is(outcome.status, 1);
  const diagnosis = read(outcome);
  assert.is(diagnosis.strict, 'refused');
  assert.match(find(diagnosis, 'user-namespace').found, /ENOSPC/);
  assert.match(find(diagnosis, 'user-namespace').fix ?? '', /^as root: echo user\.max_user_namespaces=15000 > /);
  user.remove();
});

test.needs(ordinary, 'works for the root of a container of that user', () => {
  const user = testUser({ subordinateIds: true });
  const diagnosis = read(doctor(user, ['unshare', '--map-root-user', '--map-auto']));
  assert.is(diagnosis.facts.idMap.method, 'direct');
  assert.is(find(diagnosis, 'subordinate-ids').status, 'ok');
  assert.is.not(diagnosis.strict, 'refused');
  user.remove();
});

test.needs(ordinary, 'refuses to guess where its program is missing', () => {
  const user = testUser({ subordinateIds: true });
  const bare = stageProduct();
  execFileSync('rm', [join(bare.folder, 'build/native/doctor')]);
  const { status, stdout } = user.run(['node', join(bare.folder, 'build/src/cli/main.js'), 'doctor', '--json']);
  assert.is(status, 125);
  assert.is(stdout.toString(), '');
  bare.remove();
  user.remove();
});

/** Traced as root, so that newuidmap keeps its privilege; everything runs as the user. */
function traced(user: TestUser, tracer: readonly string[]): Outcome {
  const environment = Object.entries(user.environment).map(([name, value]) => `${name}=${value}`);
  const command = ['env', '-i', ...environment, process.execPath, main(), 'doctor', '--json'];
  const [file = '', ...rest] = [...tracer, ...command];
  try {
    const stdout = execFileSync(file, rest, {
      cwd: dirname(user.home),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: patient(180_000),
    });
    return { status: 0, signal: null, stdout, stderr: '' };
  } catch (error) {
    const { status, stdout } = error as { status: number | null; stdout: Buffer };
    return { status, signal: null, stdout, stderr: '' };
  }
}

/** Also groups that an earlier user with this id left there. */
function removeGroups(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroups(join(folder, entry.name));
  }
  rmdirSync(folder);
}

/** Does what the fix tells an administrator to do. */
function applyFix(fix: string): void {
  const command = /as root: (.*)$/.exec(fix)?.[1];
  if (command === undefined) throw new Error(`"${fix}" tells no command`);
  execFileSync('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
}

test.run();
