import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { bytesOfText, isInOrder, readSpelled, spell } from '../../src/audit/spelling.js';
import { suite } from '../support/suite.js';

const test = suite('audit spelling');

const WRITTEN = ['{"a":1,"b":"x"}', '{"a":"\\u00e4\\ud83d\\ude00"}', '{"a":"\\n\\u0000\\u007f"}', '[1,-2,null,true]'];
const OTHERWISE: readonly (readonly [string, RegExp])[] = [
  ['{"a": 1}', /spelled/],
  ['{"a":1,"a":1}', /spelled/],
  ['{"a":1.0}', /spelled/],
  ['{"a":"\\u0041"}', /spelled/],
  ['{"a":"\\u00E4"}', /spelled/],
  ['{"a":"\\/"}', /spelled/],
  ['{"a":1', /JSON/],
  ['{"a":"\u00e4"}', /ASCII/],
  ['', /JSON/],
  ['{"a":\t1}', /ASCII/],
];

for (const text of WRITTEN)
  test(`${text} is as the writer spells it`, () => assert.is(readSpelled(Buffer.from(text)).kind, 'value'));

for (const [text, why] of OTHERWISE)
  test(`${JSON.stringify(text)} is not`, () => {
    const read = readSpelled(Buffer.from(text));
    assert.is(read.kind, 'fault');
    if (read.kind === 'fault') assert.match(read.why, why);
  });

test('what is spelled is read back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const read = readSpelled(Buffer.from(spell(value)));
      assert.is(read.kind, 'value');
      if (read.kind === 'value') assert.is(spell(read.value), spell(value));
    }),
  );
});

test('a text gives back the bytes that it was made of', () => {
  assert.is(bytesOfText('plain').toString('hex'), Buffer.from('plain').toString('hex'));
  assert.is(bytesOfText('\\xffa\\\\x41\\\\').toString('latin1'), '\xffa\\x41\\');
  assert.is(bytesOfText('ä').toString('hex'), 'c3a4');
});

test('fields in another order, missing or additional are seen at every depth', () => {
  const schema = { properties: { a: {}, b: { items: { properties: { c: {}, d: {} } } } } };
  assert.is(isInOrder({ a: 1, b: [{ c: 1, d: 2 }] }, schema), true);
  assert.is(isInOrder({ b: [], a: 1 }, schema), false);
  assert.is(isInOrder({ a: 1, b: [{ d: 2, c: 1 }] }, schema), false);
  assert.is(isInOrder({ a: 1 }, schema), false);
});

test.run();
