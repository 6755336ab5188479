import { execFileSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';

/** Under the sanitizers everything is built a second time. */
const LIMIT_MS = 900_000;
const test = suite('native checks', LIMIT_MS);

for (const target of ['check', 'asan'])
  test(`make ${target} passes`, () => {
    const text = execFileSync('make', ['-s', '-C', 'native', target], { encoding: 'utf8', stdio: 'pipe' });
    const programs = text.trim().split('\n');
    assert.ok(programs.length >= 5, text);
    for (const program of programs) assert.match(program, /^[a-z_]+: [1-9]\d* passed$/);
  });

test.run();
