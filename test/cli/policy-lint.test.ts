import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';

const test = suite('sandbox policy lint');
const SCHEMA = join(installationRoot, '../shared/corpus/schemas/sarif/sarif-schema-2.1.0.json');
const WHY = 'a reason that is long enough';

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-cli-lint-'));
  const policy = (sections: object): string =>
    JSON.stringify(
      { apiVersion: 1, name: 'mine', version: '1.0.0', extends: { policy: 'strict', version: '1.0.0' }, ...sections },
      null,
      1,
    );
  writeFileSync(join(folder, 'good.json'), policy({}));
  writeFileSync(join(folder, 'broad.json'), policy({ syscalls: { allow: [{ calls: ['socket'], why: WHY }] } }));
  writeFileSync(join(folder, 'soon.json'), policy({ review: { expires: '2090-06-01' } }));
  writeFileSync(join(folder, 'bad.json'), '{"apiVersion": 1,\n"sycalls\\u001b": {}}');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function lint(...words: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(join(installationRoot, 'bin/sandbox'), ['policy', 'lint', ...words], {
    cwd: folder,
    encoding: 'utf8',
    timeout: patient(120_000),
  });
  return { status, out: stdout, err: stderr };
}

test('a finding has place, severity, rule, pointer and fix; the status follows --fail-on', () => {
  const { status, out } = lint('./broad.json');
  assert.is(status, 0);
  assert.match(
    out,
    /^broad\.json:\d+: warning: socket is allowed for any family \[LINT_BROAD_SOCKET\]\n {4}at \/syscalls\/allow\/0\n {4}fix: name the families/,
  );
  assert.match(out, /0 errors, 1 warning, 0 notes\n$/);
  assert.is(lint('--fail-on', 'warning', './broad.json').status, 1);
  assert.is(lint('--fail-on', 'note', './good.json').status, 0);
});

test('a policy that does not load is linted, and its text is harmless', () => {
  const { status, out, err } = lint('./bad.json', './good.json');
  assert.is(status, 1);
  assert.is(err, '');
  assert.match(out, /bad\.json:2: error: unknown key "sycalls\\u001b" \[LINT_UNKNOWN_NAME\]/);
});

test('the day enters as an argument', () => {
  assert.is(lint('./soon.json').out, '0 errors, 0 warnings, 0 notes\n');
  assert.match(lint('--on', '2090-05-20', './soon.json').out, /LINT_EXPIRES_SOON/);
  assert.match(lint('--on', '2090-06-02', './soon.json').out, /LINT_EXPIRED/);
  assert.match(lint('--on', '2090-02-30', './soon.json').err, /POLICY_QUESTION/);
});

test('as JSON and as SARIF it is the same', () => {
  const { findings } = JSON.parse(lint('--json', './broad.json').out) as { findings: { rule: string; line: number }[] };
  const log = JSON.parse(lint('--format', 'sarif', './broad.json').out) as {
    runs: { results: { ruleId: string; locations: { physicalLocation: { region: { startLine: number } } }[] }[] }[];
  };
  const [result] = log.runs[0]?.results ?? [];
  assert.equal(
    [result?.ruleId, result?.locations[0]?.physicalLocation.region.startLine],
    [findings[0]?.rule, findings[0]?.line],
  );
});

test.needs(existsSync(SCHEMA) ? undefined : `needs ${SCHEMA}`, 'the SARIF log conforms to its schema', () => {
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Record<string, unknown>;
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  assert.ok(
    validate(JSON.parse(lint('--format', 'sarif', './broad.json', './bad.json').out)),
    JSON.stringify(validate.errors),
  );
});

test.run();
