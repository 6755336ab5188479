import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { makeFolders } from '../../src/base/folders.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('folders');
let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-folders-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a folder is made with those above it, each with the mode', () => {
  makeFolders(join(folder, 'a/b/c'), 0o700);
  for (const made of ['a', 'a/b', 'a/b/c']) assert.is(statSync(join(folder, made)).mode & 0o777, 0o700);
  makeFolders(join(folder, 'a/b/c'), 0o755);
  assert.is(statSync(join(folder, 'a')).mode & 0o777, 0o700, 'what is there is left alone');
});

test('a link to a folder is a folder', () => {
  symlinkSync('a', join(folder, 'link'));
  makeFolders(join(folder, 'link/d'));
  assert.ok(statSync(join(folder, 'a/d')).isDirectory());
});

const codeOf = async (path: string): Promise<unknown> =>
  ((await rejection(() => makeFolders(path))) as NodeJS.ErrnoException).code;

test('where none can be made, it says so and ends', async () => {
  writeFileSync(join(folder, 'file'), '');
  symlinkSync('loop', join(folder, 'loop'));
  symlinkSync('nothing', join(folder, 'broken'));
  assert.is(await codeOf(join(folder, 'file')), 'EEXIST');
  assert.is(await codeOf(join(folder, 'file/below')), 'ENOTDIR');
  assert.is(await codeOf(join(folder, 'broken')), 'EEXIST');
  assert.is(await codeOf(join(folder, 'loop/below')), 'ELOOP');
  for (const path of ['/proc/sandbox', '/proc/self/fd/sandbox', '/proc/1/a/b']) assert.is(await codeOf(path), 'ENOENT');
});

test.run();
