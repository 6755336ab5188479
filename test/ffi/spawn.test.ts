import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getSystemErrorName } from 'node:util';
import * as assert from 'uvu/assert';
import { pipe } from '../../src/ffi/libc.js';
import { awaitEnd, startProgram } from '../../src/ffi/spawn.js';
import { suite } from '../support/suite.js';

const test = suite('spawn');
/** Its bit in what /proc shows. @see proc(5) */
const SIGPIPE = 1n << 12n;
const folder = mkdtempSync(join(tmpdir(), 'sandbox-spawn-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** What the program at `path` writes to its output and its error output after reading `input`. */
function run(path: string, input: string): [output: string, errors: string, process: number] {
  const [input_, output, errors] = [pipe(), pipe(), pipe()];
  if (typeof input_ !== 'object' || typeof output !== 'object' || typeof errors !== 'object') throw new Error('pipe');
  const started = startProgram(path, [input_.read, output.write, errors.write]);
  for (const theirs of [input_.read, output.write, errors.write]) closeSync(theirs);
  writeSync(input_.write, input);
  closeSync(input_.write);
  const texts = [output.read, errors.read].map((end) => {
    const text = readFileSync(end, 'utf8');
    closeSync(end);
    return text;
  });
  if (started > 0) awaitEnd(started);
  return [texts[0] ?? '', texts[1] ?? '', started];
}

test('a program reads its input, and writes to output and error output', () => {
  const [output, errors, started] = run(script('streams', '#!/bin/sh\n/bin/cat\necho wrong >&2\n'), 'given');
  assert.equal([output, errors], ['given', 'wrong\n']);
  assert.ok(started > 0);
  assert.not.ok(existsSync(`/proc/${started}`), 'nothing is left of it');
});

test('it gets no environment, and no descriptor that was opened here', () => {
  process.env['SANDBOX_SPAWN_TEST'] = 'here';
  assert.equal(run('/usr/bin/env', '').slice(0, 2), ['', '']);
  delete process.env['SANDBOX_SPAWN_TEST'];
  const lists = script('descriptors', '#!/bin/sh\nexec /bin/readlink -f /proc/self/fd/*\n');
  const opened = openSync(lists, 'r');
  assert.not.match(run(lists, '')[0], /descriptors/);
  closeSync(opened);
});

test('no signal is ignored or blocked, though Node ignores SIGPIPE', () => {
  const ignored = /^SigIgn:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  assert.is(BigInt(`0x${ignored}`) & SIGPIPE, SIGPIPE);
  const [output] = run(script('signals', '#!/bin/sh\nexec /bin/cat /proc/self/status\n'), '');
  assert.match(output, /^SigBlk:\t0{16}$/m);
  assert.match(output, /^SigIgn:\t0{16}$/m);
});

for (const [what, path, error] of [
  ['is not there', join(folder, 'nothing'), 'ENOENT'],
  ['is a folder', folder, 'EACCES'],
] as const)
  test(`what ${what} is not started: ${error}`, () => {
    const [output, errors, started] = run(path, '');
    assert.equal([output, errors], ['', '']);
    assert.is(getSystemErrorName(started), error);
  });

test.run();
