/** Texts that change only on purpose: kept under test/golden, written anew with UPDATE_GOLDEN=1. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { version } from '../../src/ffi/libseccomp.js';

/** Fails at the first line where `actual` differs from the file `name` below test/golden. */
export function assertGolden(name: string, actual: string): void {
  const file = `${installationRoot}/test/golden/${name}`;
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
  }
  const expected = readFileSync(file, 'utf8').split('\n');
  const lines = actual.split('\n');
  const differs = lines.findIndex((line, index) => line !== expected[index]);
  if (differs >= 0) assert.is(lines[differs], expected[differs], `line ${differs + 1} of test/golden/${name}`);
  assert.is(lines.length, expected.length, `lines of test/golden/${name}`);
}

/** Golden programs are what this release of libseccomp makes: the requirement that another release does not meet. */
export function goldenCompiler(): string | undefined {
  const { major, minor, micro } = version();
  const release = `${major}.${minor}.${micro}`;
  return release === '2.5.4' ? undefined : `libseccomp 2.5.4 (here is ${release})`;
}
