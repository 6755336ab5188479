/** Which files a policy is read from, and which it is not. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { MAX_EXTENDS, policyReference, profileNames, readChain } from '../../src/policy/chain.js';
import type { PolicyError } from '../../src/policy/errors.js';
import { loadPolicy } from '../../src/policy/resolve.js';
import { rejection, suite } from '../support/suite.js';
import { shippedPolicy } from './shipped.js';

const test = suite('chains of policies');
const NOW = new Date('2026-11-21T12:00:00Z');

let folder = '';
test.before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-chain-')));
  mkdirSync(join(folder, 'inner'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, parent?: object): string {
  const file = { apiVersion: 1, name: 'mine', version: '1.2.3', ...(parent === undefined ? {} : { extends: parent }) };
  writeFileSync(join(folder, path), JSON.stringify(file, null, 1));
  return join(folder, path);
}
const codeOf = async (path: string): Promise<string> =>
  ((await rejection(() => loadPolicy({ kind: 'file', path }, NOW))) as PolicyError).code;

test('bare names are profiles, all else are files of the working folder', () => {
  assert.equal(policyReference('strict', '/w'), { kind: 'profile', name: 'strict' });
  assert.equal(policyReference('strict.json', '/w'), { kind: 'file', path: '/w/strict.json' });
  assert.equal(policyReference('./strict', '/w'), { kind: 'file', path: '/w/strict' });
  assert.equal(policyReference('/p/strict', '/w'), { kind: 'file', path: '/p/strict' });
  assert.equal(profileNames(), ['compat', 'default', 'strict']);
});

test('a chain is read from the furthest parent on, and every file of it is an input', () => {
  write('inner/child.json', { policy: 'default' });
  const top = write('top.json', { policy: './inner/child.json' });
  const names = readChain({ kind: 'file', path: top }).map(({ name }) => name);
  assert.equal(names, ['strict.json', 'default.json', 'child.json', 'top.json']);
  const { files, parents } = loadPolicy({ kind: 'file', path: top }, NOW);
  assert.is(files.length, 4);
  assert.equal(
    parents.map(({ name }) => name),
    ['strict', 'default', 'mine'],
  );
});

test('two files of one name are told apart in rules', () => {
  const path = write('strict.json', { policy: 'strict' });
  assert.equal(
    readChain({ kind: 'file', path }).map(({ name }) => name),
    ['profiles/strict.json', 'strict.json'],
  );
});

test('a digest and versions that fit are accepted', () => {
  const { digest } = shippedPolicy('strict');
  for (const version of ['1.0.0', '^1.0.0', '~1.0.0'])
    loadPolicy({ kind: 'file', path: write('pinned.json', { policy: 'strict', digest, version }) }, NOW);
});

for (const version of ['1.0.1', '^1.1.0', '~1.1.0', '^2.0.0', '^0.9.0']) {
  test(`version ${version} of strict 1.0.0 is refused`, async () => {
    assert.is(await codeOf(write('pinned.json', { policy: 'strict', version })), 'POLICY_VERSION_MISMATCH');
  });
}

test('two files that extend each other are refused', async () => {
  write('b.json', { policy: './a.json' });
  assert.is(await codeOf(write('a.json', { policy: './b.json' })), 'POLICY_EXTENDS_CYCLE');
});

test('a cycle through a link is one', async () => {
  const path = write('c.json', { policy: './d.json' });
  symlinkSync(path, join(folder, 'd.json'));
  assert.is(await codeOf(path), 'POLICY_EXTENDS_CYCLE');
});

test('a chain has an end', async () => {
  for (let depth = 0; depth <= MAX_EXTENDS; depth += 1)
    write(`deep${depth}.json`, { policy: depth === 0 ? 'strict' : `./deep${depth - 1}.json` });
  const within = join(folder, `deep${MAX_EXTENDS - 1}.json`);
  assert.is(readChain({ kind: 'file', path: within }).length, MAX_EXTENDS + 1);
  assert.is(await codeOf(join(folder, `deep${MAX_EXTENDS}.json`)), 'POLICY_EXTENDS_DEPTH');
});

test('nothing outside the folder is reached, neither by steps nor by a link', async () => {
  write('outer.json', { policy: 'strict' });
  assert.is(await codeOf(write('inner/steps.json', { policy: '../outer.json' })), 'POLICY_EXTENDS_OUTSIDE');
  assert.is(await codeOf(write('inner/way.json', { policy: './x/../../outer.json' })), 'POLICY_EXTENDS_OUTSIDE');
  symlinkSync('../outer.json', join(folder, 'inner/link.json'));
  assert.is(await codeOf(write('inner/linked.json', { policy: './link.json' })), 'POLICY_EXTENDS_OUTSIDE');
});

test('what is no file is refused at once: folders, devices, pipes, links to themselves', async () => {
  assert.is(await codeOf(folder), 'POLICY_UNREADABLE');
  assert.is(await codeOf('/dev/zero'), 'POLICY_UNREADABLE');
  const pipe = join(folder, 'pipe');
  assert.is(spawnSync('mkfifo', [pipe]).status, 0);
  assert.is(await codeOf(pipe), 'POLICY_UNREADABLE');
  const loop = join(folder, 'loop');
  symlinkSync(loop, loop);
  assert.is(await codeOf(loop), 'POLICY_UNREADABLE');
  assert.is(await codeOf(join(folder, 'top.json', 'x')), 'POLICY_NOT_FOUND');
});

test.run();
