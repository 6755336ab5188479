import { Ajv2020 } from 'ajv/dist/2020.js';
import * as assert from 'uvu/assert';
import { parseJsonFile } from '../../src/base/json-file.js';
import { schemaFaults, type Validator } from '../../src/base/schema-faults.js';
import { suite } from '../support/suite.js';

const test = suite('schema faults');
const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: { name: { type: 'string', pattern: '^[a-z]+$' }, mode: { enum: ['off', 'on'] }, version: { const: 1 } },
};
const validator: Validator<unknown> = new Ajv2020({ allErrors: true, verbose: true }).compile(schema);

test('every mistake is one fault with pointer, line and hint', () => {
  const parsed = parseJsonFile('{\n"nmae": "x",\n"mode": "of",\n"version": 2,\n"other": 1}', 'p.json');
  if (parsed.kind !== 'parsed') throw new Error('fixture');
  assert.not.ok(validator(parsed.value));
  assert.equal(
    schemaFaults(validator, parsed).map(({ line, pointer, message, hint }) => [line, pointer, message, hint]),
    [
      [1, '', 'the key "name" is missing', 'add "name"'],
      [2, '/nmae', 'unknown key "nmae"', 'did you mean "name"?'],
      [5, '/other', 'unknown key "other"', 'known here: name, mode, version'],
      [3, '/mode', 'not one of the allowed values', 'one of "off", "on"'],
      [4, '/version', 'must be 1', undefined],
    ],
  );
});

test('a key of the wrong form and an unknown kind say what there is', () => {
  const kinds = {
    type: 'object',
    propertyNames: { pattern: '^[a-z]+$', description: 'small letters' },
    additionalProperties: {
      type: 'object',
      discriminator: { propertyName: 'kind' },
      required: ['kind'],
      oneOf: ['a', 'b'].map((kind) => ({ additionalProperties: false, properties: { kind: { const: kind } } })),
    },
  };
  const compiled: Validator<unknown> = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: false,
    discriminator: true,
  }).compile(kinds);
  const parsed = parseJsonFile('{\n"X": {"kind": "a"},\n"y": {"kind": "c"}}', 'p.json');
  if (parsed.kind !== 'parsed') throw new Error('fixture');
  assert.not.ok(compiled(parsed.value));
  assert.equal(
    schemaFaults(compiled, parsed).map(({ line, pointer, hint }) => [line, pointer, hint]),
    [
      [2, '/X', 'small letters (it must match ^[a-z]+$)'],
      [3, '/y', 'one of "a", "b"'],
    ],
  );
});

test.run();
