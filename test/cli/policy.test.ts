import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { digestOf } from '../../src/base/digest.js';
import { installationRoot } from '../../src/base/installation.js';
import type { PolicyError } from '../../src/policy/errors.js';
import { runPolicyCommand, type Told } from '../support/policy-command.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('sandbox policy');

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-cli-policy-'));
  writeFileSync(
    join(folder, 'good.json'),
    '{"apiVersion":1,"name":"good","version":"1.0.0","extends":{"policy":"strict"}}',
  );
  writeFileSync(join(folder, 'bad.json'), '{"apiVersion":1,\n"name":"bad","version":"1.0.0",\n"sycalls":{}}');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const run = (...words: string[]): Promise<Told> => runPolicyCommand(folder, words);

test('check accepts profiles and files, and says their digests', async () => {
  const { out, status } = await run('check', 'strict', './good.json', 'default');
  assert.is(status, 0);
  assert.is(out.match(/accepted \(.*sha256:[0-9a-f]{64}\)/g)?.length, 3);
});

test('check tells every fault of each file, and ends with 125', async () => {
  const { out, err, status } = await run('check', './bad.json', './good.json', './none.json');
  assert.is(status, 125);
  assert.match(err, /POLICY_INVALID[\s\S]*bad\.json:3: \/sycalls: unknown key "sycalls" \(did you mean "syscalls"\?\)/);
  assert.match(err, /POLICY_NOT_FOUND/);
  assert.match(out, /good\.json: accepted/);
});

test('check of several says which one is meant, where files of two folders have one name', async () => {
  for (const name of ['one', 'two']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'policy.json'), '{');
  }
  const { err } = await run('check', 'one/policy.json', 'two/policy.json');
  assert.equal(err.match(/why: .*/g), ['why: it is one/policy.json', 'why: it is two/policy.json']);
});

test('check --json is one object a policy', async () => {
  const { out, status } = await run('check', '--json', './bad.json', 'strict');
  const [bad, strict] = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.is(status, 125);
  assert.is(bad?.['accepted'], false);
  assert.is(strict?.['accepted'], true);
});

test('explain shows each rule with its reason and place, and counts calls', async () => {
  const { out } = await run('explain', 'strict');
  assert.match(out, /lets \d+ of 385 system calls through/);
  assert.match(out, /Allows process\.spawn .*clone: flags has none of .*CLONE_NEWUSER/);
  assert.match(
    out,
    /threads, children and other programs of the image, never a new namespace\n\s+strict\.json#\/syscalls\/allow\/1/,
  );
  const { out: json } = await run('explain', '--json', './good.json');
  const explained = JSON.parse(json) as { calls: { permitted: number }; extends: string[] };
  assert.ok(explained.calls.permitted <= 200);
  assert.equal(explained.extends, ['strict 1.0.0']);
});

test('compile writes its files, and the resolved policy has the digest of the policy', async () => {
  const { out } = await run('compile', 'strict', '--out', 'made/here', '--json');
  const told = JSON.parse(out) as { digest: string; files: { file: string; digest: string }[] };
  const files = [
    'apparmor.profile',
    'capabilities.json',
    'certificate.json',
    'landlock.json',
    'policy.resolved.json',
    'seccomp.bpf',
  ];
  assert.equal(readdirSync(join(folder, 'made/here')).sort(), files);
  assert.equal(readdirSync(join(folder, 'made')), ['here'], 'nothing else is left');
  for (const { file, digest } of told.files) assert.is(digestOf(readFileSync(join(folder, 'made/here', file))), digest);
  assert.is(told.files.find(({ file }) => file === 'policy.resolved.json')?.digest, told.digest);
});

test('compile says what was proved, and the certificate binds the policy to the filter', async () => {
  const { out } = await run('compile', 'strict', '--out', 'proved');
  assert.match(out, /proved: equal for every call, \d+ cases agree, \d+ witness calls met as meant by kernel \S+/);
  const certificate = JSON.parse(readFileSync(join(folder, 'proved/certificate.json'), 'utf8'));
  assert.is(certificate.filter.digest, digestOf(readFileSync(join(folder, 'proved/seccomp.bpf'))));
  assert.is(certificate.policy.digest, digestOf(readFileSync(join(folder, 'proved/policy.resolved.json'))));
});

test('compile into a folder that is there replaces the files and leaves the others', async () => {
  const target = join(folder, 'there');
  mkdirSync(target);
  writeFileSync(join(target, 'seccomp.bpf'), 'old');
  writeFileSync(join(target, 'other'), 'mine');
  await run('compile', 'strict', '--out', 'there');
  assert.is(readFileSync(join(target, 'other'), 'utf8'), 'mine');
  assert.is(readFileSync(join(target, 'seccomp.bpf')).length % 8, 0);
});

test('compile into a folder of another file system than the one it is named in', async () => {
  const own = statSync(folder).dev;
  const other = ['/dev/shm', installationRoot].find((path) => existsSync(path) && statSync(path).dev !== own);
  assert.ok(other, 'two file systems');
  const elsewhere = mkdtempSync(join(other, 'sandbox-cli-policy-'));
  try {
    symlinkSync(elsewhere, join(folder, 'linked'));
    await run('compile', 'strict', '--out', 'linked');
    assert.is(readdirSync(elsewhere).length, 6);
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test('compile into a folder where a name is taken by a folder changes none of its files', async () => {
  const target = join(folder, 'taken');
  mkdirSync(join(target, 'seccomp.bpf'), { recursive: true });
  writeFileSync(join(target, 'apparmor.profile'), 'old');
  const error = await rejection(() => run('compile', 'strict', '--out', 'taken'));
  assert.is((error as PolicyError).code, 'POLICY_UNWRITABLE');
  assert.equal(readdirSync(target).sort(), ['apparmor.profile', 'seccomp.bpf']);
  assert.is(readFileSync(join(target, 'apparmor.profile'), 'utf8'), 'old');
});

test('compile of a faulty policy, or to where nothing can be written, writes nothing', async () => {
  assert.is(
    ((await rejection(() => run('compile', './bad.json', '--out', 'x'))) as PolicyError).code,
    'POLICY_INVALID',
  );
  const under = await rejection(() => run('compile', 'strict', '--out', 'good.json/x'));
  assert.is((under as PolicyError).code, 'POLICY_UNWRITABLE');
  const onto = await rejection(() => run('compile', 'strict', '--out', 'good.json'));
  assert.is((onto as PolicyError).code, 'POLICY_UNWRITABLE');
  assert.not(readdirSync(folder).some((name) => name === 'x' || name.startsWith('.sandbox-compile')));
});

test('a ceiling holds for each command', async () => {
  const error = await rejection(() => run('explain', 'default', '--ceiling', './good.json'));
  assert.is((error as PolicyError).code, 'POLICY_CEILING');
});

test.run();
