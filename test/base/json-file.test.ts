import * as assert from 'uvu/assert';
import { MAX_JSON_DEPTH, parseJsonFile, pointerStep } from '../../src/base/json-file.js';
import { suite } from '../support/suite.js';

const test = suite('json file');

test('a value with comments is read, and every pointer has its line', () => {
  const parsed = parseJsonFile('{\n  // why\n  "a": [\n    1,\n    {"b/c": true}\n  ]\n}\n', 'x.json');
  assert.is(parsed.kind, 'parsed');
  if (parsed.kind !== 'parsed') return;
  assert.equal(parsed.value, { a: [1, { 'b/c': true }] });
  assert.is(parsed.lineOf(''), 1);
  assert.is(parsed.lineOf('/a'), 3);
  assert.is(parsed.lineOf('/a/1/b~1c'), 5);
  assert.is(parsed.lineOf('/a/1/missing/deeper'), 5);
});

const FAULTY: readonly (readonly [string, string, string, number])[] = [
  ['a key twice', '{"a": 1,\n"a": 2}', 'twice', 2],
  ['a key twice by another spelling', '{"a": 1,\n"\\u0061": 2}', 'twice', 2],
  ['__proto__', '{\n\n"__proto__": {}}', 'not allowed', 3],
  ['a trailing comma', '{"a": 1,\n}', 'not JSON', 2],
  ['an empty file', '', 'not JSON', 1],
  ['text after the value', '{}\n\n{}', 'not JSON', 3],
  ['a missing bracket', '{"a": [1', 'not JSON', 1],
  ['too deep nesting', '['.repeat(100_000), 'nested deeper', 1],
];
for (const [title, text, message, line] of FAULTY)
  test(`${title} is a fault with its line`, () => {
    const parsed = parseJsonFile(text, 'x.json');
    assert.is(parsed.kind, 'faulty');
    if (parsed.kind !== 'faulty') return;
    assert.match(parsed.faults[0]?.message ?? '', message);
    assert.is(parsed.faults[0]?.line, line);
    assert.is(parsed.faults[0]?.file, 'x.json');
  });

const BROKEN: readonly (readonly [string, string, string])[] = [
  ['{"a": {"b": [1, 2', '/a/b/1', 'a closing bracket ] is missing at the end of the file'],
  ['{"a": {"b": [1, {"c": "d', '/a/b/1/c', 'a text is not closed on its line at column 23'],
  ["{\n 'a': 1}", '', 'a character or word that JSON does not have at column 2'],
  ['{"a": {"b": True, "c": 1}}', '/a/b', 'a character or word that JSON does not have at column 13'],
  ['{"a": [1, 2,], "b": 012}', '/a/2', 'a value is missing at column 13'],
  ['{"é😀": 1 "b": 2}', '/é😀', 'a comma is missing at column 10'],
  ['{} {} {}', '', 'something stands after the end at column 4'],
  ['{"a": "\\x"}', '/a', 'an escape that JSON does not have at column 7'],
  ['  \n', '', 'the file is empty'],
];
for (const [text, pointer, message] of BROKEN)
  test(`what is wrong first with ${JSON.stringify(text)} is told alone, with its place`, () => {
    const parsed = parseJsonFile(text, 'x.json');
    assert.equal(parsed.kind === 'faulty' && parsed.faults.map((fault) => [fault.pointer, fault.message]), [
      [pointer, `not JSON: ${message}`],
    ]);
  });

test('nesting that is too deep has a place', () => {
  const parsed = parseJsonFile(`{"a": {"b": ${'['.repeat(100)}`, 'x.json');
  assert.match((parsed.kind === 'faulty' && parsed.faults[0]?.pointer) || '', /^\/a\/b(\/0)+$/);
});

test('a key that stands there often is told once', () => {
  const parsed = parseJsonFile(`{${'"k": 1, '.repeat(50)}"l": 2}`, 'x.json');
  assert.equal(parsed.kind === 'faulty' && parsed.faults.map((fault) => fault.pointer), ['/k']);
});

test('all faults are told at once', () => {
  const parsed = parseJsonFile('{"a": {"x": 1, "x": 2}, "b": [{"y": 1, "y": 2}]}', 'x.json');
  assert.equal(parsed.kind === 'faulty' && parsed.faults.map((fault) => fault.pointer), ['/a/x', '/b/0/y']);
});

test('comments are refused where the caller wants plain JSON', () => {
  assert.is(parseJsonFile('{} // no', 'x.json', { writer: 'program' }).kind, 'faulty');
  assert.is(parseJsonFile('{} // yes', 'x.json').kind, 'parsed');
});

test('the deepest allowed nesting is read', () => {
  const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  assert.is(parseJsonFile(deep(MAX_JSON_DEPTH), 'x.json').kind, 'parsed');
  assert.is(parseJsonFile(deep(MAX_JSON_DEPTH + 1), 'x.json').kind, 'faulty');
});

test('a pointer step escapes what RFC 6901 says', () => assert.is(pointerStep('a/b~c'), '/a~1b~0c'));

test.run();
