import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { ACCESS_WORDS, type AccessWord, type PathRule } from '../../src/base/path-rules.js';
import { landlockAbi } from '../../src/ffi/libc.js';
import { rulesetFor } from '../../src/landlock/ruleset.js';
import { suite } from '../support/suite.js';

const test = suite('Landlock enforces');
const requirement = landlockAbi() >= 3 ? undefined : `Landlock ABI 3 (this kernel has ${landlockAbi()})`;
const CONFINED = fileURLToPath(new URL('./confined.js', import.meta.url));
/** A program without libraries: what it needs besides itself would have to be readable. */
const STATIC_PROGRAM = `${installationRoot}/build/native/prove`;

/** What each operation needs; nothing else lets it through. */
const NEEDS: Readonly<Record<string, readonly AccessWord[]>> = {
  read: ['read'],
  list: ['list'],
  execute: ['read', 'execute'],
  write: ['read', 'write'],
  truncate: ['read', 'write', 'truncate'],
  'create a file': ['create', 'write'],
  'create a folder': ['create'],
  'create a symbolic link': ['create'],
  'link within the folder': ['create'],
  'remove a file': ['remove'],
  'remove a folder': ['remove'],
  'move to another folder': ['create', 'remove', 'refer'],
  'make a socket': ['make-socket'],
  'make a fifo': ['make-fifo'],
};

const granted: readonly (readonly AccessWord[])[] = [
  [],
  ...ACCESS_WORDS.map((word) => [word]),
  ['read', 'execute'],
  ['read', 'write'],
  ['create', 'write'],
  ['read', 'write', 'truncate'],
  ['create', 'remove'],
  ['create', 'remove', 'refer'],
  ACCESS_WORDS,
];
for (const access of granted) {
  test.needs(requirement, `[${access.join(', ')}] and nothing more`, () => {
    const expected = Object.keys(NEEDS).filter((name) => NEEDS[name]?.every((word) => access.includes(word)));
    assert.equal(allowedUnder(access), expected);
  });
}

function allowedUnder(access: readonly AccessWord[]): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'landlock-'));
  try {
    for (const name of ['file', 'victim', 'mover']) writeFileSync(join(folder, name), 'x');
    for (const name of ['folder', 'emptyfolder']) mkdirSync(join(folder, name));
    copyFileSync(STATIC_PROGRAM, join(folder, 'program'));
    const { ruleset } = rulesetFor({ paths: [{ path: folder, access }, ...nodeNeeds()] }, landlockAbi());
    const input = JSON.stringify({ ruleset, folder }, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    const child = spawnSync(process.execPath, [CONFINED], { input });
    assert.is(child.stderr.toString(), '');
    return JSON.parse(child.stdout.toString());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Node may still load parts of itself. */
const nodeNeeds = (): PathRule[] =>
  [dirname(process.execPath), '/proc', '/dev'].map((path) => ({ path, access: ['read', 'list'] }));

test.run();
