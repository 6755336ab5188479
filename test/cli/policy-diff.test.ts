import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { SandboxError } from '../../src/base/errors.js';
import { profileNames } from '../../src/policy/chain.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { IDEAL_HOST } from '../../src/policy/ideal-host.js';
import { shipped, shippedPolicy } from '../policy/shipped.js';
import { runPolicyCommand, type Told } from '../support/policy-command.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('sandbox policy diff');

const CORPUS = resolve('../shared/corpus/seccomp');
const GOLDEN = join(CORPUS, 'golden');
const lacksCorpus = existsSync(GOLDEN) ? undefined : `needs ${GOLDEN}`;
const SCHEMA = resolve('../shared/corpus/schemas/sarif/sarif-schema-2.1.0.json');
const lacksSchema = existsSync(SCHEMA) ? undefined : `needs ${SCHEMA}`;

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-diff-'));
  const file = (more: object): string =>
    JSON.stringify({ apiVersion: 1, name: 'own', version: '1.0.0', extends: { policy: 'strict' }, ...more }, null, 1);
  writeFileSync(join(folder, 'same.json'), file({ title: 'another title' }));
  writeFileSync(
    join(folder, 'wider.json'),
    file({ syscalls: { allow: [{ calls: ['sync'], why: 'to see it told' }] } }),
  );
  writeFileSync(join(folder, 'tighter.json'), file({ resources: { memory: '128MiB' } }));
  for (const policy of shipped)
    writeFileSync(join(folder, `${policy.name}.bpf`), compilePolicy(policy, IDEAL_HOST).program);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const diff = (...words: string[]): Promise<Told> => runPolicyCommand(folder, ['diff', ...words]);

type ToldChanges = {
  equal: boolean;
  compared: unknown;
  widened: number;
  narrowed: number;
  changed: number;
  after: { kind: string };
  changes: {
    direction: string;
    section: string;
    subject: string;
    condition?: string;
    before: string;
    after: string;
    witness: { arguments?: string[]; instructionPointer?: string };
    rules: { after?: { rule: string; why: string } };
  }[];
};
const told = async (...args: string[]): Promise<ToldChanges> =>
  JSON.parse((await diff('--json', ...args)).out) as ToldChanges;

test('another title, and the same in other words, is no difference', async () => {
  const { out, status } = await diff('--fail-on', 'change', 'strict', './same.json');
  assert.is(status, 0);
  assert.match(out, /^No difference: the two permit, refuse and record the same\.$/m);
});

test('what is widened is told with rule, reason and witness', async () => {
  const { out } = await diff('strict', './wider.json');
  assert.match(out, /^1 widened, 0 narrowed, 0 changed$/m);
  assert.match(out, /sync: EPERM → allowed\n.*\n.*is wider\.json#\/syscalls\/allow\/0: to see it told/);
  const { changes } = await told('strict', './wider.json');
  assert.is(changes.length, 1);
  assert.equal(changes[0]?.witness.arguments?.length, 6);
  assert.is(changes[0]?.rules.after?.why, 'to see it told');
});

test('all calls of another ABI are one change each, not one for each name', async () => {
  const syscalls = { onForeign: { errno: 'EACCES' } };
  writeFileSync(
    join(folder, 'foreign.json'),
    JSON.stringify({ apiVersion: 1, name: 'own', version: '1.0.0', extends: { policy: 'strict' }, syscalls }),
  );
  const { changes } = await told('strict', './foreign.json');
  assert.equal(
    changes.map(({ subject, direction, before, after }) => [subject, direction, before, after]),
    ['every call of every architecture but x86-64', 'every call of x32'].map((subject) => [
      subject,
      'changed',
      'ENOSYS',
      'EACCES',
    ]),
  );
});

const STATUSES: readonly (readonly [args: readonly string[], status: number])[] = [
  [['--fail-on', 'widen', 'strict', './wider.json'], 1],
  [['--fail-on', 'widen', './wider.json', 'strict'], 0],
  [['--fail-on', 'widen', 'strict', './tighter.json'], 0],
  [['--fail-on', 'change', 'strict', './tighter.json'], 1],
  [['--fail-on', 'widen', '--format', 'sarif', 'strict', 'default'], 1],
  [['strict', 'default'], 0],
];
for (const [args, status] of STATUSES)
  test(`${args.join(' ')} ends with ${status}`, async () => {
    assert.is((await diff(...args)).status, status);
  });

test('misuse is refused', async () => {
  for (const args of [['strict'], ['strict', 'default', 'compat'], ['--fail-on', 'x', 'strict', 'default'], ['--format', 'x', 'strict', 'default'], ['--kernel', 'x.y', 'strict', 'default']]) // biome-ignore format: one line
    assert.match(((await rejection(() => diff(...args))) as { code: string }).code, /^commander\./);
});

test('a compiled policy is its policy, and another one is not', async () => {
  for (const { name } of shipped) {
    if (!profileNames().includes(name)) continue;
    const { equal, compared, after } = await told(name, `./${name}.bpf`);
    assert.ok(equal, name);
    assert.equal(compared, ['calls']);
    assert.is(after.kind, 'program');
    assert.ok((await told(`./${name}.bpf`, name)).equal, name);
  }
  const { widened, narrowed } = await told('strict', './default.bpf');
  const policies = await told('strict', 'default');
  assert.is(widened, policies.changes.filter(({ section }) => section === 'calls').length);
  assert.is(narrowed, 0);
  assert.is(shippedPolicy('strict').name, 'strict');
});

test.needs(lacksSchema, 'findings conform to the schema of SARIF, and stand at the line of their rule', async () => {
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Record<string, unknown>;
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const { out } = await diff('--format', 'sarif', 'strict', './wider.json');
  const log = JSON.parse(out) as { runs: [{ results: { locations: unknown[]; ruleId: string }[] }] };
  assert.ok(validate(log), JSON.stringify(validate.errors));
  const [result] = log.runs[0].results;
  assert.is(result?.ruleId, 'policy-diff/widened');
  assert.match(JSON.stringify(result?.locations), /"uri":"wider\.json"\},"region":\{"startLine":\d+/);
});

test.needs(
  lacksCorpus,
  "crun's program for Docker's profile differs from runc's in the answer to newer calls alone",
  async () => {
    const crun = join(GOLDEN, 'docker26-default-crun.0.bpf');
    const { changes } = await told(crun, join(GOLDEN, 'docker26-default-runc.0.bpf'));
    assert.ok(changes.length > 0);
    for (const { direction, before, after, condition } of changes)
      assert.equal([direction, before, after, condition], ['changed', 'EPERM', 'ENOSYS', undefined]);
    const numbers = changes.map(({ subject }) => subject).filter((subject) => subject.startsWith('numbers'));
    assert.equal(numbers, ['numbers 457–0xffffffff of i386', 'numbers 472–1073741823 and 0x40000224–0xffffffff']);
    assert.ok(
      changes.some(({ subject }) => subject === 'statmount'),
      'number 457 by its name',
    );
  },
);

const SAME: readonly (readonly [string, string])[] = [
  ['docker26-default-runc.0.bpf', 'docker26-default-runc143.0.bpf'],
  ['docker26-default.oci-seccomp.json', 'docker26-default-runc.0.bpf'],
  ['podman54-default.oci-seccomp.json', 'podman54-default-crun.0.bpf'],
  ['containerd17-cri-seccomp.oci-seccomp.json', 'containerd17-cri-seccomp-runc.0.bpf'],
];
for (const [one, other] of SAME)
  test.needs(lacksCorpus, `${one} and ${other} do the same`, async () => {
    assert.ok((await told(join(GOLDEN, one), join(GOLDEN, other))).equal);
  });

test.needs(lacksCorpus, "Docker's form depends on capabilities and kernel, which can be named", async () => {
  const profile = join(CORPUS, 'moby/default.json');
  const { out } = await diff(profile, profile, '--kernel', '6.1', '--capability', 'SYS_ADMIN');
  assert.match(out, /^No difference/m);
  const block = join(GOLDEN, 'docker26-default.oci-seccomp.json');
  const plain = await told(block, profile, '--kernel', '6.1');
  const admin = await told(block, profile, '--kernel', '6.1', '--capability', 'SYS_ADMIN');
  const opens = ({ changes }: ToldChanges): boolean =>
    changes.some(({ subject, direction }) => subject === 'mount' && direction === 'widened');
  assert.not.ok(opens(plain));
  assert.ok(opens(admin));
  const error = (await rejection(() => diff(profile, profile, '--capability', 'SYS_ADMN'))) as SandboxError;
  assert.is(error.code, 'CAPABILITY_UNKNOWN');
});

test('a config.json is compared by its seccomp block', async () => {
  const seccomp = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }] };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ociVersion: '1.0.0', linux: { seccomp } }));
  writeFileSync(join(folder, 'block.json'), JSON.stringify(seccomp));
  assert.ok((await told('./config.json', './block.json')).equal);
});

test('a filter that asks where a call is made from differs there alone', async () => {
  const load = [0x20, 0, 0, 0, 8, 0, 0, 0];
  const isNine = [0x15, 0, 0, 1, 9, 0, 0, 0];
  const allow = [0x06, 0, 0, 0, 0, 0, 0xff, 0x7f];
  const refuse = [0x06, 0, 0, 0, 1, 0, 5, 0];
  writeFileSync(join(folder, 'everywhere.bpf'), Uint8Array.from(refuse));
  writeFileSync(join(folder, 'somewhere.bpf'), Uint8Array.from([...load, ...isNine, ...allow, ...refuse]));
  const { changes } = await told('./everywhere.bpf', './somewhere.bpf');
  assert.is(changes.length, 1);
  assert.equal([changes[0]?.direction, changes[0]?.condition], ['widened', 'for some arguments']);
  assert.is(changes[0]?.witness.instructionPointer, '0x9');
});

const FAULTY: readonly (readonly [string, string | Uint8Array, string])[] = [
  ['torn.bpf', new Uint8Array(12), 'FILTER_PROGRAM_INVALID'],
  ['empty.bpf', '', 'FILTER_PROGRAM_INVALID'],
  ['unknown-instruction', Uint8Array.from([0x28, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0xff, 0x7f]), 'FILTER_PROGRAM_INVALID'],
  ['multiplies.bpf', Uint8Array.from([0x20, 0, 0, 0, 0, 0, 0, 0, 0x24, 0, 0, 0, 3, 0, 0, 0, 0x16, 0, 0, 0, 0, 0, 0, 0]), 'FILTER_UNSUPPORTED'],
  ['wrong.json', '{"apiVersion":1,"name":"own"}', 'POLICY_INVALID'],
  ['wrong-block.json', '{"defaultAction":"SCMP_ACT_NONE"}', 'FILTER_FILE_INVALID'],
]; // biome-ignore format: a table
for (const [name, content, code] of FAULTY)
  test(`${name} is refused with ${code}`, async () => {
    writeFileSync(join(folder, name), content);
    assert.is(((await rejection(() => diff('strict', `./${name}`))) as SandboxError).code, code);
  });

test('a file that is not there is told as a policy is', async () => {
  assert.is(((await rejection(() => diff('strict', './none.json'))) as SandboxError).code, 'POLICY_NOT_FOUND');
  assert.is(((await rejection(() => diff('strict', 'strickt'))) as SandboxError).code, 'POLICY_PROFILE_UNKNOWN');
});

test('any bytes as a compiled filter are compared or refused with a code', () => {
  const refused = new Set<string>();
  return fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
      writeFileSync(join(folder, 'any.bpf'), bytes);
      try {
        await diff('./any.bpf', './any.bpf');
      } catch (error) {
        refused.add((error as SandboxError).code);
        assert.match((error as SandboxError).code, /^FILTER_(PROGRAM_INVALID|UNSUPPORTED|TOO_COMPLEX)$/);
      }
    }),
    { numRuns: 200 },
  );
});

test('what is wrong with one of two files of the same name is told with its side', async () => {
  mkdirSync(join(folder, 'main'), { recursive: true });
  writeFileSync(join(folder, 'main/same.json'), '{');
  const sides = [
    [['./main/same.json', './same.json'], 'BEFORE is ./main/same.json'],
    [['./same.json', './main/same.json'], 'AFTER is ./main/same.json'],
  ] as const;
  for (const [words, why] of sides) {
    const error = (await rejection(() => diff(...words))) as SandboxError;
    assert.is(error.code, 'POLICY_SYNTAX');
    assert.is(error.why, why);
  }
});

test('a program that cannot be compared is told with its side', async () => {
  const instruction = (code: number, value: number): number[] => [code, 0, 0, 0, value, 0, 0, 0];
  writeFileSync(join(folder, 'cut.bpf'), Buffer.from([1, 2, 3]));
  writeFileSync(join(folder, 'number.bpf'), Buffer.from([...instruction(0x20, 0), ...instruction(0x16, 0)]));
  for (const [name, code] of [
    ['cut.bpf', 'FILTER_PROGRAM_INVALID'],
    ['number.bpf', 'FILTER_UNSUPPORTED'],
  ] as const) {
    const error = (await rejection(() => diff('./strict.bpf', `./${name}`))) as SandboxError;
    assert.is(error.code, code);
    assert.ok(error.why?.startsWith(`AFTER is ./${name}; `), error.why);
  }
});

test('the resolved policy taken for a policy is one fault, which names what to compare', async () => {
  writeFileSync(join(folder, 'policy.resolved.json'), shippedPolicy('strict').canonical);
  const error = (await rejection(() => diff('strict', './policy.resolved.json'))) as SandboxError;
  assert.is(error.code, 'POLICY_INVALID');
  assert.is(error.faults.length, 1);
  assert.match(error.hint ?? '', /seccomp\.bpf/);
});

test.run();
