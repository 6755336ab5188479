import * as assert from 'uvu/assert';
import { RunError } from '../../src/run/errors.js';
import { readHostname, readUser, readVariables, readWorkingDirectory } from '../../src/run/options.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('run/options');

test('variables: a value, an empty value, the caller’s value, none', () => {
  assert.equal(readVariables(['A=1', 'B=', 'C', 'D'], { C: 'caller' }), ['A=1', 'B=', 'C=caller']);
});

test('users: one number is user and group', () => {
  assert.equal(readUser('12'), { uid: 12, gid: 12 });
  assert.equal(readUser('12:34'), { uid: 12, gid: 34 });
});

for (const [what, read] of [
  ['a variable without a name', () => readVariables(['=x'], {})],
  ['a variable with a blank in its name', () => readVariables(['a b=x'], {})],
  ['a user by name', () => readUser('ada')],
  ['a user beyond the last id', () => readUser('4294967295')],
  ['a user with a sign', () => readUser('-1')],
  ['an empty hostname', () => readHostname('')],
  ['a hostname with a slash', () => readHostname('a/b')],
  ['a hostname of 64 characters', () => readHostname('a'.repeat(64))],
  ['a relative working directory', () => readWorkingDirectory('work')],
] as const) {
  test(`${what} is refused`, async () => {
    const error = await rejection(read);
    assert.ok(error instanceof RunError && error.code === 'RUN_OPTION_INVALID');
  });
}

test.run();
