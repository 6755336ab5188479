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
      [2, '/nmae', 'unknown key "nmae"', 'did you mean "name"?'],
      [5, '/other', 'unknown key "other"', 'known here: name, mode, version'],
      [3, '/mode', 'not one of the allowed values', 'did you mean "off"?'],
      [4, '/version', 'must be 1', undefined],
    ],
  );
});

test('a value that is near to none has the list of them', () => {
  const parsed = parseJsonFile('{"name": "x", "mode": "always"}', 'p.json');
  if (parsed.kind !== 'parsed') throw new Error('fixture');
  assert.not.ok(validator(parsed.value));
  assert.equal(
    schemaFaults(validator, parsed).map(({ hint }) => hint),
    ['one of "off", "on"'],
  );
});

test('a key that is missing is told where none is misspelt for it', () => {
  const parsed = parseJsonFile('{"mode": "on"}', 'p.json');
  if (parsed.kind !== 'parsed') throw new Error('fixture');
  assert.not.ok(validator(parsed.value));
  assert.equal(
    schemaFaults(validator, parsed).map(({ pointer, message }) => [pointer, message]),
    [['', 'the key "name" is missing']],
  );
});

test('a value has one fault, in words, with what should stand there', () => {
  const bounds = {
    properties: {
      text: { type: 'string', minLength: 1, maxLength: 3, pattern: '^[a-z]+$', description: 'a short word' },
      list: { type: 'array', minItems: 1, maxItems: 2, uniqueItems: true },
      number: { type: 'integer', minimum: 1, maximum: 9 },
    },
  };
  const bounded: Validator<unknown> = new Ajv2020({ allErrors: true, verbose: true }).compile(bounds);
  const cases: readonly (readonly [object, string, string | undefined])[] = [
    [{ text: '' }, 'is empty', 'a short word'],
    [{ text: '1234' }, 'has more than 3 characters', 'a short word'],
    [{ text: 1 }, 'must be of type string', 'a short word'],
    [{ list: [] }, 'is empty', undefined],
    [{ list: [1, 2, 1] }, 'has more than 2 entries', undefined],
    [{ list: [1, 1] }, 'entries 0 and 1 are the same', undefined],
    [{ number: 0 }, 'is less than 1', undefined],
    [{ number: 10 }, 'is more than 9', undefined],
  ];
  for (const [value, message, hint] of cases) {
    const parsed = parseJsonFile(JSON.stringify(value), 'p.json');
    if (parsed.kind !== 'parsed') throw new Error('fixture');
    assert.not.ok(bounded(parsed.value));
    assert.equal(
      schemaFaults(bounded, parsed).map((fault) => [fault.message, fault.hint]),
      [[message, hint]],
      JSON.stringify(value),
    );
  }
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
