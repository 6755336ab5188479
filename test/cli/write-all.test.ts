import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';

const test = suite('what a command answers');

const sandbox = join(installationRoot, 'bin/sandbox');
/** A program that writes more than a pipe holds: 64 KiB. */
const LONG = `
  import { writeAll } from ${JSON.stringify(join(installationRoot, 'build/src/cli/write-all.js'))};
  writeAll(1, 'x'.repeat(1_000_000));
  process.exitCode = 7;`;

type Ended = { readonly status: number | null; readonly length: number; readonly err: string };

/** Runs what reads its own pipe after a second only; with `touch` the pipe is non-blocking, as other programs leave it. */
function runSlowly(touch: string, source: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', `${touch}${source}`], {
      timeout: patient(120_000),
    });
    let [length, err] = [0, ''];
    child.stderr.on('data', (bytes) => (err += bytes));
    setTimeout(() => child.stdout.on('data', (bytes: Buffer) => (length += bytes.length)), 300);
    child.on('close', (status) => resolve({ status, length, err }));
  });
}

for (const [name, touch] of [
  ['a pipe', ''],
  ['a pipe that was made non-blocking', 'void process.stdout.isTTY;'],
] as const)
  test(`is complete for a slow reader of ${name}`, async () => {
    assert.equal(await runSlowly(touch, LONG), { status: 7, length: 1_000_000, err: '' });
  });

test('is no failure where the reader has gone', async () => {
  const ended = await new Promise<Ended>((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', LONG], { timeout: patient(120_000) });
    let err = '';
    child.stderr.on('data', (bytes) => (err += bytes));
    child.stdout.destroy();
    child.on('close', (status) => resolve({ status, length: 0, err }));
  });
  assert.equal(ended, { status: 7, length: 0, err: '' });
});

test('on a full disk is one clear error', async () => {
  const full = openSync('/dev/full', 'w');
  const ended = await new Promise<Ended>((resolve) => {
    const child = spawn(sandbox, ['policy', 'diff', 'strict', 'default'], { stdio: ['ignore', full, 'pipe'] });
    let err = '';
    child.stderr?.on('data', (bytes) => (err += bytes));
    child.on('close', (status) => resolve({ status, length: 0, err }));
  });
  closeSync(full);
  assert.is(ended.status, 125);
  assert.match(ended.err, /^sandbox: CLI_OUTPUT_FAILED: the answer could not be written\n {2}why: ENOSPC/);
});

test.run();
