/** What a file is called changes nothing of what is said of it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readChain } from '../../src/policy/chain.js';
import { compareSides, loadSide, placeOf } from '../../src/policy/diff-side.js';
import { lintPolicy } from '../../src/policy/lint.js';
import { resolvePolicy } from '../../src/policy/resolve.js';
import { answerWhy } from '../../src/policy/why.js';
import { suite } from '../support/suite.js';
import { policy, WHY } from './malformed-builders.js';

const test = suite('names of rules');
const NOW = new Date('2026-11-22T12:00:00Z');
const text = policy({
  filesystem: {
    scratch: [{ path: '/s', size: '1MiB', flags: ['nosuid', 'nodev'], why: WHY }],
    allow: [{ paths: ['/s'], access: ['write', 'execute'], why: WHY }],
  },
  syscalls: { allow: [{ calls: ['socket', 'read'], why: WHY }] },
});

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-rule-name-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function told(name: string): object {
  const path = join(folder, name);
  writeFileSync(path, text);
  const layers = readChain({ kind: 'file', path });
  const subject = { policy: resolvePolicy(layers, NOW), layers, isProfile: false, ceilings: [], now: NOW };
  const sides = [loadSide('strict', folder, NOW), loadSide(path, folder, NOW)] as const;
  return {
    lint: lintPolicy({ kind: 'file', path }, { now: NOW }).map(({ rule, line, pointer }) => [rule, line, pointer]),
    why: answerWhy(subject, '/s/x', 'write').parts.map(({ by }) => [by.file === path, by.line, by.pointer]),
    diff: compareSides(...sides).map(
      ({ rules, pointer }) => placeOf(sides[1], rules.after?.rule, pointer, folder).line,
    ),
  };
}

test('a file with # in its name is linted, asked about and compared as any other', () => {
  const plain = told('plain.json');
  assert.ok(JSON.stringify(plain).includes('LINT_WRITE_EXECUTE'));
  for (const name of ['a#b.json', '#.json', 'x#', 'strict.json', 'strict.json#.json', 'ä ?&%20.json', 'built-in'])
    assert.equal(told(name), plain, name);
});

test.run();
