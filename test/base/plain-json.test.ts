/** What is read quickly is what the parser with places reads; whatever that one refuses is not read quickly. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { MAX_JSON_DEPTH, parseJsonFile, parseWithPlaces } from '../../src/base/json-file.js';
import { readPlainJson } from '../../src/base/plain-json.js';
import { suite } from '../support/suite.js';

const test = suite('plain JSON');
const LIMITS = { comments: true, depth: MAX_JSON_DEPTH, tokens: 1000 };
const folders = ['profiles', 'policies', 'audit'].map((name) => join(installationRoot, name));
const files = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(join(folder, name), 'utf8')),
);

function assertAlike(text: string): void {
  for (const writer of ['person', 'program'] as const) {
    const quick = parseJsonFile(text, 'x', { writer });
    const whole = parseWithPlaces(text, 'x', { writer });
    assert.is(quick.kind, whole.kind, text);
    if (quick.kind === 'parsed' && whole.kind === 'parsed') {
      assert.equal(quick.value, whole.value, text);
      assert.is(quick.lineOf('/a/0'), whole.lineOf('/a/0'));
    } else assert.equal(quick, whole);
  }
}

test('every file of ours is read alike', () => files.forEach(assertAlike));

test('the profiles are plain', () => {
  for (const name of ['strict', 'default', 'compat'])
    assert.ok(
      readPlainJson(readFileSync(join(installationRoot, `profiles/${name}.json`), 'utf8'), { ...LIMITS, tokens: 1e5 }),
      name,
    );
});

const DOUBTFUL: readonly string[] = [
  '',
  ' ',
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"__proto__":1}',
  '{"__pro\\u0074o__":1}',
  '[1e3]',
  '[1.0]',
  '[-0]',
  '[12345678901234567890]',
  '["\\ud800"]',
  '["\ud800"]',
  '["\u2028"]',
  '[1,]',
  '{"a":1,}',
  '// only a comment',
  '[1] // {"a":1}\r{',
  '/* open [1]',
  '[1] /*/ 2',
  '["//"]//"]',
  '["/*"] /* "] */',
  '[1\f]',
  '\ufeff[1]',
  `${'['.repeat(MAX_JSON_DEPTH + 1)}${']'.repeat(MAX_JSON_DEPTH + 1)}`,
  `${'['.repeat(MAX_JSON_DEPTH)}${']'.repeat(MAX_JSON_DEPTH)}`,
  '{"a":{"b":1},"c":[{"a":1},{"a":1}]}',
  '{"a":"a","b":"a"}',
  '"text"',
  '7',
  'NaN',
  "{'a':1}",
  '{"a" /* why */ : // so\n 1}',
];
for (const text of DOUBTFUL) test(`${JSON.stringify(text).slice(0, 40)} is read alike`, () => assertAlike(text));

test('more tokens than the limit are not read quickly', () =>
  assert.is(readPlainJson(`[${'1,'.repeat(600)}1]`, LIMITS), undefined));

const piece = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"a"',
  '"b"',
  '"__proto__"',
  '1',
  '-2',
  '1.50',
  'true',
  'null',
  '//',
  '\n',
  '/*',
  '*/',
  '"',
  '\\',
  ' ',
);
test('any text of pieces is read alike', () =>
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => assertAlike(pieces.join(''))),
    { numRuns: 3000 },
  ));

test('any JSON, and any with one character changed, is read alike', () =>
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), fc.constantFrom(...'{}[],:"/*\\ 1'), (value, at, character) => {
      const text = JSON.stringify(value);
      assertAlike(text);
      const place = at % (text.length + 1);
      assertAlike(text.slice(0, place) + character + text.slice(place + 1));
    }),
    { numRuns: 1500 },
  ));

test.run();
