import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { digestOf } from '../../src/base/digest.js';
import type { SandboxError } from '../../src/base/errors.js';
import { installationRoot } from '../../src/base/installation.js';
import type { BpfProgram } from '../../src/seccomp/filter.js';
import type { OciReport } from '../../src/seccomp/oci-report.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { patient } from '../support/patience.js';
import { runPolicyCommand, type Told } from '../support/policy-command.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('sandbox policy compile --format oci-seccomp');

const BLOCK = {
  defaultAction: 'SCMP_ACT_ERRNO',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
  syscalls: [
    { names: ['read', 'opnat', 'arm_fadvise64_64'], action: 'SCMP_ACT_ALLOW' },
    { names: ['mount'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
  ],
};

/** A call that aarch64 has not, in a rule that libseccomp puts before the other. */
const LOST = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
  syscalls: [
    {
      names: ['munlock'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 5,
      args: [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }],
    },
    { names: ['umount'], action: 'SCMP_ACT_ERRNO' },
  ],
};

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-cli-oci-'));
  writeFileSync(join(folder, 'block.json'), JSON.stringify(BLOCK));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ociVersion: '1.2.0', linux: { seccomp: BLOCK } }));
  writeFileSync(join(folder, 'lost.json'), JSON.stringify(LOST));
  writeFileSync(join(folder, 'wrong.json'), '{"defaultAction":"SCMP_ACT_ALLOW",\n"sycalls":[]}');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const run = (...words: string[]): Promise<Told> =>
  runPolicyCommand(folder, ['compile', '--format', 'oci-seccomp', ...words]);

const programIn = (out: string): BpfProgram =>
  new Uint8Array(readFileSync(join(folder, out, 'seccomp.bpf'))) as BpfProgram;

test('writes the filter and its report, and says on standard error what is not in it', async () => {
  const { out, err } = await run('block.json', '--out', 'plain');
  assert.equal(readdirSync(join(folder, 'plain')).sort(), ['certificate.json', 'seccomp.bpf', 'seccomp.report.json']);
  assert.match(out, /proved: \d+ cases agree/);
  assert.match(out, /plain\/seccomp\.bpf {2}\d+ bytes {2}sha256:/);
  assert.match(err, /block\.json: \/syscalls\/0: opnat: no call of Linux; did you mean "openat"/);
  assert.match(err, /2 rules wholly or in part without effect here/);
  const report = JSON.parse(readFileSync(join(folder, 'plain/seccomp.report.json'), 'utf8')) as OciReport;
  assert.is(report.form, 'docker-profile');
  assert.is(report.program.digest, digestOf(programIn('plain')));
  assert.equal(
    report.remarks.map(({ kind }) => kind),
    ['not-for-host', 'not-on-this-abi', 'unknown-call'],
  );
  assert.equal(
    report.architectures.map(({ name, newestCall }) => [name, newestCall]),
    [
      ['SCMP_ARCH_X86_64', null],
      ['SCMP_ARCH_X86', 3],
    ],
  );
  assert.is(simulate(programIn('plain'), { nr: 0 }), 'allow');
  assert.is(simulate(programIn('plain'), { nr: 165 }), 'errno 1');
});

test('takes the block of a config.json, capabilities, and the runtime whose filter it is', async () => {
  const { out, err } = await run(
    'config.json',
    '--out',
    'more',
    '--runtime',
    'crun',
    '--capability',
    'sys_admin',
    '--json',
  );
  const told = JSON.parse(out) as { readonly report: OciReport; readonly files: readonly { readonly file: string }[] };
  assert.is(err, '');
  assert.is(told.report.form, 'oci-config');
  assert.equal(
    told.files.map(({ file }) => file),
    ['certificate.json', 'seccomp.bpf', 'seccomp.report.json'],
  );
  assert.is(simulate(programIn('more'), { nr: 165 }), 'allow');
  assert.is(simulate(programIn('more'), { nr: 400 }), 'errno 1');
});

const byCapability = ['CHOWN', 'SYS_CHROOT', 'SYS_ADMIN'].map((name, index) => ({
  names: [['chown', 'chroot', 'mount'][index]],
  action: 'SCMP_ACT_ALLOW',
  includes: { caps: [`CAP_${name}`] },
}));
const capabilities: readonly [words: string[], allowed: string][] = [
  [[], 'chown chroot'],
  [['--drop-capability', 'cap_sys_chroot'], 'chown'],
  [['--drop-capability', 'ALL'], ''],
  [['--drop-capability', 'all', '--capability', 'CHOWN'], 'chown'],
  [['--capability', 'all'], 'chown chroot mount'],
  [['--capability', 'ALL', '--drop-capability', 'SYS_ADMIN'], 'chown chroot'],
];
for (const [words, allowed] of capabilities)
  test(`capabilities are given and taken as Docker does: ${words.join(' ') || 'none named'}`, async () => {
    const profile = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: byCapability };
    writeFileSync(join(folder, 'capabilities.json'), JSON.stringify(profile));
    await run('capabilities.json', '--out', 'capabilities', '--runtime', 'crun', ...words);
    const numbers = { chown: 92, chroot: 161, mount: 165 };
    const found = Object.entries(numbers).filter(([, nr]) => simulate(programIn('capabilities'), { nr }) === 'allow');
    assert.is(found.map(([name]) => name).join(' '), allowed);
  });

test("lists every call to which libseccomp's filter gives another answer, with a witness", async () => {
  const { out, err } = await run('lost.json', '--out', 'lost');
  assert.match(out, /proved/);
  const [line = '', ...more] = err.split('\n').filter((text) => text.includes('munlock'));
  assert.equal(more, []);
  const told = '/syscalls/0: SCMP_ARCH_AARCH64 munlock(0x1, 0x0, 0x0, 0x0, 0x0, 0x0): errno 5, and allow in the filter';
  assert.ok(line.startsWith(`lost.json: ${told} of runc with libseccomp `), line);
  const { comparison } = JSON.parse(readFileSync(join(folder, 'lost/seccomp.report.json'), 'utf8')) as OciReport;
  assert.is(comparison.kind, 'compared');
  assert.is(simulate(programIn('lost'), { nr: 229, arch: 0xc000_00b7, args: [1n] }), 'errno 5');
});

test('- is a block on standard input, also in messages', async () => {
  const fromPipe = (input: string, out: string): { readonly status: number | null; readonly stderr: string } =>
    spawnSync(
      join(installationRoot, 'bin/sandbox'),
      ['policy', 'compile', '--format', 'oci-seccomp', '-', '--out', out],
      {
        cwd: folder,
        input,
        encoding: 'utf8',
        timeout: patient(120_000),
      },
    );
  await run('block.json', '--out', 'by-name');
  const told = fromPipe(JSON.stringify(BLOCK), 'piped');
  assert.is(told.status, 0, told.stderr);
  assert.match(told.stderr, /^standard input: \/syscalls\/0: opnat/);
  assert.equal(programIn('piped'), programIn('by-name'));
  const refused = fromPipe('{"sycalls":[]}', 'refused');
  assert.is(refused.status, 125);
  assert.match(refused.stderr, /standard input:1: \/sycalls: unknown key/);
});

test('gives the same bytes each time', async () => {
  await run('block.json', '--out', 'once');
  await run('block.json', '--out', 'twice');
  assert.equal(programIn('once'), programIn('twice'));
});

test('refuses what is no block with file, line and pointer, and writes nothing', async () => {
  const error = (await rejection(() => run('wrong.json', '--out', 'wrong'))) as SandboxError;
  assert.is(error.code, 'FILTER_FILE_INVALID');
  assert.equal(
    error.faults.map(({ file, line, pointer }) => [file, line, pointer]),
    [['wrong.json', 2, '/sycalls']],
  );
  assert.not.ok(readdirSync(folder).includes('wrong'));
  assert.is(((await rejection(() => run('none.json', '--out', 'none'))) as SandboxError).code, 'FILTER_FILE_NOT_FOUND');
});

test('refuses options that say nothing about a block, and capabilities that there are not', async () => {
  assert.match(String(await rejection(() => run('block.json', '--out', 'x', '--ceiling', 'c.json'))), /--ceiling/);
  const error = (await rejection(() =>
    run('block.json', '--out', 'x', '--capability', 'sys_everything'),
  )) as SandboxError;
  assert.is(error.code, 'CAPABILITY_UNKNOWN');
  const drop = (await rejection(() => run('block.json', '--out', 'x', '--drop-capability', 'chrot'))) as SandboxError;
  assert.is(drop.code, 'CAPABILITY_UNKNOWN');
});

for (const name of ['block.json', 'config.json'])
  test(`${name} taken for a policy: the error names the way to compile it`, async () => {
    const error = (await rejection(() =>
      runPolicyCommand(folder, ['compile', name, '--out', 'taken']),
    )) as SandboxError;
    assert.is(error.code, 'POLICY_INVALID');
    assert.match(error.hint ?? '', /policy compile --format oci-seccomp FILE/);
    assert.not(readdirSync(folder).includes('taken'));
  });

test('--out without a name is a misuse, and writes nothing', async () => {
  const before = readdirSync(folder);
  const error = await rejection(() => run('block.json', '--out', ''));
  assert.match(String(error), /--out names no folder/);
  assert.equal(readdirSync(folder), before);
});

test.run();
