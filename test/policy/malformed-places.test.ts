/** Policies that are no files, and parents that cannot be had. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { PolicyError } from '../../src/policy/errors.js';
import { loadPolicy } from '../../src/policy/resolve.js';
import { startCpuClock } from '../support/cpu-time.js';
import { rejection, suite } from '../support/suite.js';
import { PLACES } from './malformed-places.js';

const test = suite('policies that are not there');
const NOW = new Date('2026-11-21T12:00:00Z');

const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

for (const { title, code, file, pointer, make } of PLACES) {
  test(`${title} is refused`, async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-places-')));
    folders.push(folder);
    const path = await make(folder);
    const elapsedMs = startCpuClock();
    const error = await rejection(() => loadPolicy({ kind: 'file', path }, NOW));
    assert.ok(elapsedMs() < 1000, 'within a second');
    assert.instance(error, PolicyError);
    if (!(error instanceof PolicyError)) return;
    assert.is(error.code, code, error.message);
    assert.equal([error.faults[0]?.file, error.faults[0]?.pointer], [file, pointer]);
  });
}

test.run();
