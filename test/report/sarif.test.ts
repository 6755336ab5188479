import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type Finding, type SarifRule, sarifLog } from '../../src/report/sarif.js';
import { suite } from '../support/suite.js';

const test = suite('SARIF');

const SCHEMA = '../shared/corpus/schemas/sarif/sarif-schema-2.1.0.json';
const lacksSchema = existsSync(SCHEMA) ? undefined : `needs ${SCHEMA}`;

const rules: readonly SarifRule[] = [
  { id: 'part/first', description: 'Something is wrong.', level: 'error', help: 'Correct it.' },
  { id: 'part/second', description: 'Something is odd.', level: 'note' },
];
const full: Finding = {
  ruleId: 'part/second',
  level: 'warning',
  message: 'openat is allowed with more arguments',
  file: 'policies/my policy#1.json',
  line: 12,
  column: 3,
  pointer: '/syscalls/allow/0',
  properties: { witness: { call: 'openat', arguments: ['0x0'] } },
};
type Log = { runs: [{ results: Record<string, unknown>[]; tool: { driver: { rules: unknown[] } } }] };
const logOf = (findings: readonly Finding[]): Log =>
  JSON.parse(JSON.stringify(sarifLog({ version: '1.2.3', rules, findings }))) as Log;

/** The schema is draft-04, of which it uses nothing that later drafts read differently but `id`. */
function validator(): (log: unknown) => void {
  const { $schema: _, id: __, ...schema } = JSON.parse(readFileSync(SCHEMA, 'utf8')) as Record<string, unknown>;
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  return (log) => {
    if (!validate(log)) throw new Error(JSON.stringify(validate.errors));
  };
}

test.needs(lacksSchema, 'what is written conforms to the schema', () => {
  const accepts = validator();
  accepts(logOf([]));
  accepts(logOf([full, { ruleId: 'part/first', level: 'error', message: 'm', file: '/etc/x.json' }]));
});

test.needs(lacksSchema, 'the schema refuses what does not conform', () => {
  const accepts = validator();
  assert.throws(() => accepts({ ...logOf([]), version: '2.0' }), /version/);
  const log = logOf([full]);
  log.runs[0].results[0] = { ...log.runs[0].results[0], level: 'fatal' };
  assert.throws(() => accepts(log), /level/);
});

test.needs(lacksSchema, 'any text of a finding conforms', () => {
  const accepts = validator();
  const finding = fc.record({
    ruleId: fc.constantFrom('part/first', 'part/second'),
    level: fc.constantFrom('error', 'warning', 'note'),
    message: fc.string({ unit: 'grapheme' }),
    file: fc.string({ unit: 'grapheme', minLength: 1 }),
    line: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
    pointer: fc.option(fc.string(), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 3 }), (findings) => accepts(logOf(findings))),
    { numRuns: 200 },
  );
});

test('a path becomes a reference that leads to it', () => {
  const uri = (file: string): string => {
    const text = JSON.stringify(logOf([{ ...full, file }]).runs[0].results);
    return /"uri":"([^"]*)"/.exec(text)?.[1] ?? '';
  };
  for (const [file, expected] of [
    ['a/b.json', 'a/b.json'],
    ['/etc/sandbox/ceiling.json', 'file:///etc/sandbox/ceiling.json'],
    ['a b#c?d%e.json', 'a%20b%23c%3Fd%25e.json'],
    ['c:/x', 'c%3A/x'],
  ] as const)
    assert.is(uri(file), expected);
});

test('a finding keeps its fingerprint when its line moves, and differs from others', () => {
  const fingerprint = (finding: Finding): unknown => logOf([finding]).runs[0].results[0]?.['partialFingerprints'];
  assert.equal(fingerprint(full), fingerprint({ ...full, line: 99, column: undefined }));
  assert.not.equal(fingerprint(full), fingerprint({ ...full, pointer: '/syscalls/allow/1' }));
  assert.not.equal(fingerprint(full), fingerprint({ ...full, message: 'other' }));
});

test('a result names its rule by number, and an unknown rule is a mistake', () => {
  const [run] = logOf([full]).runs;
  assert.is(run.results[0]?.['ruleIndex'], 1);
  assert.is(run.tool.driver.rules.length, 2);
  assert.throws(() => logOf([{ ...full, ruleId: 'part/none' }]), /no rule part\/none/);
});

test.run();
