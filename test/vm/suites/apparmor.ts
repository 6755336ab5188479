/** AppArmor for a user without privilege: an administrator's profile, one of the run's own, and neither. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { ApparmorStatus } from '../../../src/cli/apparmor-status.js';
import { waitFor } from '../../support/processes.js';
import { suite } from '../../support/suite.js';
import { systemGround } from '../../support/system-ground.js';
import { type Control, controlsIn, latestRecords, runsOf } from '../../support/trail-records.js';
import { delegateGroup } from '../delegate.js';

const test = suite('apparmor');
const ground = systemGround();
const { user } = ground;
delegateGroup(user);
const longRuns: ChildProcess[] = [];
const KERNEL = '/sys/kernel/security/apparmor/policy';
const namespace = `sandbox-${user.uid}`;
const own = join(KERNEL, 'namespaces', namespace);
const LABEL = 'cat /proc/self/attr/apparmor/current';

/** Everybody may write here; one of the files belongs to the workload's own user. */
const given = join(ground.folder, 'given');
mkdirSync(given);
for (const name of ['file', 'mine']) {
  writeFileSync(join(given, name), 'old\n');
  chmodSync(join(given, name), 0o666);
}
chmodSync(given, 0o777);
const start = Number(new RegExp(`^${user.name}:(\\d+):`, 'm').exec(readFileSync('/etc/subuid', 'utf8'))?.[1]);
chownSync(join(given, 'mine'), start + 65_534, start + 65_534);

/** A mount that may be written, and no rule that lets anybody write there. */
const policy = (name: string): string =>
  ground.file(`${name}.json`, {
    apiVersion: 1,
    name,
    version: '1.0.0',
    extends: { policy: 'strict' },
    requires: { apparmor: 'required' },
    filesystem: { mounts: [{ from: given, to: '/given', access: 'read-write', why: 'this test' }] },
  });
const shared = policy('shared');
const owned = policy('owned');

/** Landlock refuses all but the last as well. Of modes it knows nothing: that is AppArmor's alone. */
const TRY = [
  'cat /given/file',
  'echo x 2>/dev/null >>/given/file || echo no write',
  'echo x 2>/dev/null >/given/new || echo no file',
  'mkdir /given/folder 2>/dev/null || echo no folder',
  'touch /tmp/own && chmod 600 /tmp/own && echo own',
  'chmod 600 /given/mine 2>/dev/null || echo no mode; ',
].join('; ');
const REFUSED = 'old\nno write\nno file\nno folder\nown\nno mode\n';

const asRoot = (...words: string[]) =>
  spawnSync(ground.product.program, ['apparmor', ...words], {
    encoding: 'utf8',
    env: { ...process.env, HOME: '/root' },
  });
const receipt = (): Control | undefined =>
  controlsIn(latestRecords(user)).find(({ control }) => control === 'apparmor');
const profilesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(join(folder, 'profiles')).filter((name) => name.startsWith('sandbox')) : [];
/** No more than ten in five seconds, unless told. */
writeFileSync('/proc/sys/kernel/printk_ratelimit', '0');
const denials = (): string => spawnSync('/usr/bin/dmesg', { encoding: 'utf8' }).stdout;

test('outside, what the sandbox refuses here can be done', () => {
  assert.is(
    ground.outside(`echo x >>${given}/file && mkdir ${given}/tried && rmdir ${given}/tried && echo done`),
    'done\n',
  );
  writeFileSync(join(given, 'file'), 'old\n');
});

test('with neither, a policy that requires AppArmor refuses to run, and one that prefers it says why there is none', () => {
  const before = runsOf(user).length;
  const refused = ground.run(['sh', '-c', 'echo ran'], { flags: ['--policy', shared] });
  assert.equal([refused.status, refused.stdout.toString()], [125, '']);
  assert.match(refused.stderr, /CONTROL_UNAVAILABLE.*requires apparmor/);
  assert.match(refused.stderr, /is not loaded, and this user has no policy namespace/);
  assert.is(runsOf(user).length, before);
  assert.is(ground.inside(LABEL), 'unconfined\n');
  assert.is(receipt()?.ok, false);
  assert.match(receipt()?.how ?? '', /is not loaded/);
});

test('the administrator loads the profiles; a run without privilege enters its own, which the receipt shows', async () => {
  const installed = asRoot('install', '--policy', shared);
  assert.is(installed.status, 0, installed.stderr);
  const { policies } = JSON.parse(
    ground.sandbox(['apparmor', 'status', '--json', '--policy', shared]).stdout.toString(),
  ) as ApparmorStatus;
  for (const { use, loaded, profile } of policies) {
    assert.equal([use, loaded], ['profile', 'enforce']);
    assert.ok(existsSync(`/etc/apparmor.d/${profile.slice(0, profile.lastIndexOf('.'))}`));
  }
  const label = (policy: string): string => `${policies.find((row) => row.policy === policy)?.profile} (enforce)`;
  assert.is(ground.inside(LABEL), `${label('strict')}\n`);
  assert.equal([receipt()?.ok, receipt()?.effective], [true, label('strict')]);
  assert.is(ground.inside(`${LABEL}; ${TRY}`, { flags: ['--policy', shared] }), `${label('shared')}\n${REFUSED}`);
  assert.equal([receipt()?.ok, receipt()?.effective], [true, label('shared')]);
  // A thread of the kernel's writes it down, some time after the call.
  const denial = new RegExp(`DENIED.*profile="${label('shared').split(' ')[0]}".*name="/given/mine"`);
  await until(() => denial.test(denials()));
});

test('a policy that has the name of another does not take its profile’s place', () => {
  const namesake = ground.file('namesake.json', {
    apiVersion: 1,
    name: 'strict',
    version: '1.0.0',
    extends: { policy: 'strict' },
    requires: { apparmor: 'required' },
    filesystem: {
      allow: [{ paths: ['/given'], access: ['read', 'execute'], why: 'another meaning than the shipped' }],
    },
  });
  const installed = asRoot('install', '--policy', namesake);
  assert.is(installed.status, 0, installed.stderr);
  const [shipped, own] = [ground.inside(LABEL), ground.inside(LABEL, { flags: ['--policy', namesake] })];
  for (const label of [shipped, own]) assert.match(label, /^sandbox\.strict\.[0-9a-f]{16} \(enforce\)$/m);
  assert.is.not(shipped, own);
});

test('a kept plan is not used after the profile has gone', () => {
  const removed = asRoot('remove');
  assert.is(removed.status, 0, removed.stderr);
  assert.equal(profilesIn(KERNEL), []);
  const refused = ground.run(['sh', '-c', 'echo ran'], { flags: ['--policy', shared] });
  assert.equal([refused.status, refused.stdout.toString()], [125, '']);
});

test('with a policy namespace, the profile of the run is loaded, enforced and removed without root', () => {
  const installed = asRoot('install', '--user', user.name);
  assert.is(installed.status, 0, installed.stderr);
  const flags = ['--policy', owned];
  const [label = '', ...rest] = ground
    .inside(`${LABEL}; ${TRY}ls /sys 2>/dev/null || echo no sys`, { flags })
    .split('\n');
  assert.match(label, new RegExp(`^sandbox\\.owned\\.[0-9a-f]{16}\\.${runsOf(user).at(-1)} \\(enforce\\)$`));
  assert.is(rest.join('\n'), `${REFUSED}no sys\n`);
  assert.equal([receipt()?.ok, receipt()?.effective], [true, `:${namespace}:${label}`]);
  assert.equal(profilesIn(own), []);
});

test('runs at the same time have profiles of their own, and the end of one leaves the other confined', async () => {
  const flags = ['--policy', owned];
  const long = startLong(flags);
  await until(() => profilesIn(own).length === 1);
  const [profile] = profilesIn(own);
  assert.match(ground.inside(LABEL, { flags }), /^sandbox\.owned\./);
  assert.equal(profilesIn(own), [profile]);
  await until(() => labels().some(({ label }) => label.includes('sandbox.owned')));
  const busy = asRoot('remove');
  assert.is(busy.status, 125);
  assert.match(busy.stderr, /APPARMOR_IN_USE/);
  await killed(long);
  await until(() => profilesIn(own).length === 0);
});

test('a profile whose keeper was killed goes with the next run', async () => {
  const flags = ['--policy', owned];
  const long = startLong(flags);
  await until(() => profilesIn(own).length === 1 && labels().some(({ label }) => label.includes('sandbox.owned')));
  const keepers = labels().filter(({ label }) => label.includes(`:${namespace}:unconfined`));
  assert.is(keepers.length, 1, 'one keeper');
  process.kill(keepers[0]?.pid ?? 0, 'SIGKILL');
  await killed(long);
  assert.is(profilesIn(own).length, 1, 'nobody has removed it');
  ground.inside('true', { flags });
  assert.equal(profilesIn(own), []);
});

test('a left profile stays as long as a process has it, whoever of ours was killed', async () => {
  const flags = ['--policy', owned];
  const long = startLong(flags);
  await until(() => profilesIn(own).length === 1 && labels().some(({ label }) => label.includes('sandbox.owned')));
  const [profile] = profilesIn(own);
  const init = initOf(long);
  await stopped(init); // it would end the workload before anybody could look
  for (const { pid, label } of labels()) if (label.includes(`:${namespace}:unconfined`)) process.kill(pid, 'SIGKILL');
  long.kill('SIGKILL');
  assert.match(ground.inside(LABEL, { flags }), /^sandbox\.owned\./);
  assert.equal(profilesIn(own), [profile]);
  assert.ok(
    labels().some(({ label }) => label.includes('sandbox.owned')),
    'the workload is still confined',
  );
  process.kill(init, 'SIGCONT');
  await until(() => labels().every(({ label }) => !label.includes('sandbox.owned')));
  ground.inside('true', { flags });
  assert.equal(profilesIn(own), []);
});

test('the profile goes after the last process of the sandbox, also where supervisor and init are killed', async () => {
  const long = startLong(['--policy', owned]);
  await until(() => labels().some(({ label }) => label.includes('sandbox.owned')));
  const init = initOf(long);
  // A process of the sandbox's whose parent does not take note of its death keeps init from ending wholly.
  const parent = spawn('/usr/bin/nsenter', ['--pid', `--target=${init}`, '/bin/sleep', '1000'], { stdio: 'ignore' });
  try {
    await until(() => childrenOf(parent.pid ?? 0).length === 1);
    await stopped(parent.pid ?? 0);
    for (const pid of [long.pid ?? 0, init]) process.kill(pid, 'SIGKILL');
    await until(() => labels().every(({ label }) => !label.includes('sandbox.owned')));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.is(profilesIn(own).length, 1);
  } finally {
    long.kill('SIGKILL');
    parent.kill('SIGCONT');
  }
  await until(() => profilesIn(own).length === 0);
});

test('remove takes away everything that install has made, and nothing else', () => {
  const foreign = ground.file('foreign', '');
  writeFileSync(foreign, 'profile sandbox-browser /nowhere/a {\n}\nprofile sandbox.theirs /nowhere/b {\n}\n');
  spawnSync('/usr/sbin/apparmor_parser', ['--replace', '--skip-cache', foreign]);
  const theirs = (): string[] => profilesIn(KERNEL).map((name) => name.slice(0, name.lastIndexOf('.')));
  assert.ok(theirs().includes('sandbox-browser'));
  const removed = asRoot('remove');
  assert.is(removed.status, 0, removed.stderr);
  assert.not.ok(existsSync(own));
  assert.equal(theirs().sort(), ['sandbox-browser', 'sandbox.theirs']);
  for (const folder of ['/etc/apparmor.d', '/etc/systemd/system', '/etc/systemd/system/multi-user.target.wants'])
    if (existsSync(folder))
      assert.equal(
        readdirSync(folder).filter((name) => name.startsWith('sandbox')),
        [],
      );
});

test.after(() => {
  for (const run of longRuns) run.kill('SIGKILL'); // a test that failed leaves its own, and Node would wait for it
  ground.remove();
});
test.run();

function startLong(flags: readonly string[]): ChildProcess {
  const run = user.start([ground.product.program, ...ground.runWords(['sleep', '1000'], { flags })], {
    stdio: 'ignore',
  });
  longRuns.push(run);
  return run;
}

async function until(holds: () => boolean): Promise<void> {
  await waitFor(() => (holds() ? true : undefined));
}

/** Kills the supervisor; init then ends everything. */
async function killed(supervisor: ChildProcess): Promise<void> {
  supervisor.kill('SIGKILL');
  await until(() => labels().every(({ label }) => !label.includes('sandbox.owned')));
}

/** A signal takes hold when the process runs the next time: before, it can still do what it was woken for. */
async function stopped(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(() => /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** The supervisor's child that is in a pid namespace of its own; its keepers are not. */
function initOf(supervisor: ChildProcess): number {
  const inner = childrenOf(supervisor.pid ?? 0).filter((pid) =>
    /^NSpid:\t\d+\t1$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')),
  );
  assert.is(inner.length, 1, 'one init');
  return inner[0] ?? 0;
}

function labels(): { readonly pid: number; readonly label: string }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), label: labelOf(entry) }));
}

function labelOf(process: string): string {
  try {
    return readFileSync(`/proc/${process}/attr/apparmor/current`, 'utf8');
  } catch {
    return '';
  }
}
