import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../src/base/installation.js';
import { suite } from './support/suite.js';

const test = suite('lint');
const hasClangFormat = spawnSync('clang-format', ['--version']).status === 0;

test('TypeScript and JSON are formatted and clean', () => {
  const { status, stdout, stderr } = run('node_modules/.bin/biome', ['check', '--error-on-warnings', '.']);
  assert.is(status, 0, `${stdout}${stderr}`);
});

test.needs(hasClangFormat ? undefined : 'clang-format', 'C is formatted', () => {
  const files = readdirSync(join(installationRoot, 'native'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[ch]$/.test(name) && !name.startsWith('generated/'))
    .map((name) => join('native', name));
  assert.ok(files.length > 0);
  const { status, stderr } = run('clang-format', ['--dry-run', '--Werror', ...files]);
  assert.is(status, 0, stderr);
});

function run(file: string, rest: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(file, rest, { cwd: installationRoot, encoding: 'utf8' });
}

test.run();
