/** What `policy diff` prints for machines: its own schema, SARIF's places; and what it reads from a pipe. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { SECTIONS } from '../../src/policy/change.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { IDEAL_HOST } from '../../src/policy/ideal-host.js';
import { shippedPolicy } from '../policy/shipped.js';
import { patient } from '../support/patience.js';
import { runPolicyCommand } from '../support/policy-command.js';
import { suite } from '../support/suite.js';

const test = suite('output of sandbox policy diff');

const SCHEMA = JSON.parse(readFileSync(join(installationRoot, 'policies/policy-diff-v1.schema.json'), 'utf8')) as {
  $defs: { change: { properties: { section: { enum: string[] } } } };
};
const conforms = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(SCHEMA);

let folder = '';
const write = (name: string, value: object): void => writeFileSync(join(folder, name), JSON.stringify(value, null, 1));
const own = (more: object): object => ({
  apiVersion: 1,
  name: 'own',
  version: '1.0.0',
  extends: { policy: 'strict' },
  ...more,
});
const why = 'to see it compared';

test.before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-diff-output-')));
  mkdirSync(join(folder, 'parts'));
  write('parts/base.json', own({}));
  write('parts/wide.json', own({ syscalls: { allow: [{ calls: ['sync'], why }] } }));
  write('uses-base.json', own({ extends: { policy: 'parts/base.json' } }));
  write('uses-wide.json', own({ extends: { policy: 'parts/wide.json' } }));
  write('uses-default.json', own({ extends: { policy: 'default' } }));
  for (const [name, expires] of Object.entries({ expired: '2020-01-01', renewed: '2099-01-01' }))
    write(`${name}.json`, own({ syscalls: { allow: [{ calls: ['sync'], why, expires }] } }));
  write('foreign.json', own({ syscalls: { onForeign: { errno: 'EACCES' } } }));
  writeFileSync(join(folder, 'allows.bpf'), Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f));
  writeFileSync(join(folder, 'kills.bpf'), Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0x80));
  write('answer.json', own({ syscalls: { onDeny: { errno: 'EACCES' } } }));
  write('everything.json', {
    ...own({ extends: { policy: 'default' } }),
    requires: { apparmor: 'required' },
    image: { pinDigest: true },
    process: {
      user: { uid: 'any', otherwise: { uid: 1, gid: 1 } },
      capabilities: { allow: [{ cap: 'CAP_CHOWN', why, owner: 'somebody', ticket: 'T-1', expires: '2099-01-01' }] },
      env: { set: { A: 'b' }, pass: [{ names: ['B'], why }] },
      rlimits: { nofile: 12 },
    },
    filesystem: {
      mounts: [{ from: '/srv', to: '/srv', access: 'read-write', why }],
      allow: [{ paths: ['/srv'], access: ['ioctl'], why }],
      mask: [{ paths: ['/etc/ssl'], why }],
      readOnly: [{ paths: ['/usr'], why }],
    },
    syscalls: {
      onForeign: { errno: 'EACCES' },
      onUnknown: { errno: 'EACCES' },
      forbid: [{ calls: ['mmap'], where: { mmap: [{ length: { atLeast: '4096' } }] }, why, action: 'kill-process' }],
    },
    network: { mode: 'private', listen: [{ port: 80, protocol: 'tcp', publish: '127.0.0.1:80', why }] },
    resources: { memory: 'unlimited' },
    audit: { durability: 'sync' },
    lock: ['/network/mode'],
  });
  writeFileSync(join(folder, 'strict.bpf'), compilePolicy(shippedPolicy('strict'), IDEAL_HOST).program);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const out = async (...words: string[]): Promise<string> => (await runPolicyCommand(folder, ['diff', ...words])).out;

test('every form of --json conforms to the published schema, and every section occurs', async () => {
  const found = new Set<string>();
  for (const [before, after] of [
    ['strict', 'strict'],
    ['strict', './everything.json'],
    ['./everything.json', 'strict'],
    ['./everything.json', './strict.bpf'],
    ['./strict.bpf', 'default'],
  ] as const) {
    const data = JSON.parse(await out('--json', before, after)) as { changes: { section: string }[] };
    assert.ok(conforms(data), JSON.stringify(conforms.errors));
    for (const { section } of data.changes) found.add(section);
  }
  assert.equal([...found].sort(), [...SECTIONS].sort());
  assert.equal(SCHEMA.$defs.change.properties.section.enum, [...SECTIONS]);
});

type Result = {
  locations: [{ physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }];
  properties: { subject: string; rules: { after?: { rule: string } } };
};
async function findings(before: string, after: string): Promise<Result[]> {
  const log = JSON.parse(await out('--format', 'sarif', before, after)) as { runs: [{ results: Result[] }] };
  return log.runs[0].results;
}
const placeOf = ({ locations: [{ physicalLocation }] }: Result): string =>
  `${physicalLocation.artifactLocation.uri}:${physicalLocation.region.startLine}`;

test('a finding stands in the file that has its rule, where that is in the working directory', async () => {
  const [finding, ...others] = await findings('./uses-base.json', './uses-wide.json');
  assert.equal(others, []);
  assert.match(finding === undefined ? '' : placeOf(finding), /^parts\/wide\.json:\d+$/);
  assert.match(finding?.properties.rules.after?.rule ?? '', /^wide\.json#\/syscalls\/allow\/0$/);
});

test("a finding of a profile's rule stands where the user's own policy extends the profile", async () => {
  const all = await findings('./uses-base.json', './uses-default.json');
  assert.ok(all.length > 50);
  for (const finding of all) assert.is(placeOf(finding), 'uses-default.json:6', finding.properties.subject);
});

test('another answer is told at the answer, also for a call that its arguments refuse', async () => {
  const all = await findings('strict', './answer.json');
  assert.ok(all.some(({ properties: { subject } }) => subject === 'mprotect'));
  for (const finding of all) {
    assert.is(finding.properties.rules.after?.rule, 'answer.json#/syscalls/onDeny', finding.properties.subject);
    assert.is(placeOf(finding), 'answer.json:9', finding.properties.subject);
  }
});

test('a witness of many architectures is of one that this machine has, and has its name', async () => {
  const witnesses = async (...sides: string[]): Promise<object[]> => {
    const data = JSON.parse(await out('--json', ...sides)) as { changes: { witness: object }[] };
    return data.changes.map(({ witness }) => witness);
  };
  const [arch, name, number] = ['0xc000003e', 'read', 0];
  const [witness] = await witnesses('./allows.bpf', './kills.bpf');
  const zeros = { arguments: Array(6).fill('0x0'), instructionPointer: '0x0' };
  assert.equal(witness, { kind: 'call', architecture: 'x86-64', arch, name, number, ...zeros });
  const foreign = await witnesses('strict', './foreign.json');
  assert.equal(
    foreign.map((witness) => ('name' in witness ? witness.name : undefined)),
    ['i386 restart_syscall', 'x32 read'],
  );
});

test('what has expired can be compared with its renewal, and not the other way', async () => {
  const renewed = await runPolicyCommand(folder, ['diff', './expired.json', './renewed.json']);
  assert.match(renewed.out, /^No difference/m);
  assert.match(await out('./expired.json', 'strict'), /sync: allowed → EPERM/);
  const stale = spawnSync(join(installationRoot, 'bin/sandbox'), ['policy', 'diff', 'strict', './expired.json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.is(stale.status, 125);
  assert.match(stale.stderr, /POLICY_EXPIRED.*AFTER is/s);
});

test('a witness has every argument that matters, zero or not', async () => {
  const text = await out('strict', 'default');
  assert.match(text, /for example personality\(0\)\n/);
  assert.match(text, /for example socket\(2, 1, 0\)\n/);
});

const fromPipe = (input: string | Uint8Array, ...words: string[]): { status: number | null; text: string } => {
  const { status, stdout, stderr } = spawnSync(join(installationRoot, 'bin/sandbox'), ['policy', 'diff', ...words], {
    cwd: folder,
    input,
    encoding: 'utf8',
    timeout: patient(120_000),
  });
  return { status, text: stdout + stderr };
};

test('- is a policy on standard input, as if it stood in the working directory', () => {
  const policy = readFileSync(join(folder, 'uses-wide.json'));
  assert.match(fromPipe(policy, '-', './uses-wide.json').text, /^standard input \(own .*\nNo difference/);
  assert.is(fromPipe(policy, '--fail-on', 'widen', './uses-base.json', '-').status, 1);
});

test('standard input has other names, and what a shell gives for <(command) is told', () => {
  const policy = JSON.stringify(own({ syscalls: { allow: [{ calls: ['sync'], why }] } }));
  for (const name of ['/dev/fd/0', '/proc/self/fd/0', '/dev/stdin'])
    assert.match(fromPipe(policy, 'strict', name).text, /sync: EPERM → allowed/, name);
  const { status, text } = fromPipe('', 'strict', '/dev/fd/63');
  assert.is(status, 125);
  assert.match(text, /POLICY_UNREADABLE: \/dev\/fd\/63 is closed.*AFTER is.*\| sandbox policy diff - /s);
});

test('- is a filter on standard input', () =>
  assert.match(fromPipe(readFileSync(join(folder, 'strict.bpf')), '-', 'strict').text, /\nNo difference/));

for (const [what, input, message] of [
  ['empty', '', /^sandbox: POLICY_SYNTAX: standard-input has one fault\n {2}standard-input:1/],
  [
    'longer than anybody reads',
    ' '.repeat(1_100_000),
    /^sandbox: POLICY_UNREADABLE: .*\n.*\n.*more than 1048576 bytes/,
  ],
] as const)
  test(`standard input that is ${what} is one clear error`, () => {
    const { status, text } = fromPipe(input, '-', 'strict');
    assert.is(status, 125);
    assert.match(text, message);
  });

test.run();
