/** Policies that must be refused: each with one code, a file, a line and a pointer, at once, and never with a stack trace. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { PolicyError } from '../../src/policy/errors.js';
import { loadPolicy } from '../../src/policy/resolve.js';
import { isQuick, startCpuClock } from '../support/cpu-time.js';
import { rejection, suite } from '../support/suite.js';
import { policy, syscalls, WHY } from './malformed-builders.js';
import { CALL_CASES } from './malformed-calls.js';
import { HOSTILE_CASES } from './malformed-hostile.js';
import { SECTION_CASES } from './malformed-sections.js';
import { TEXT_CASES } from './malformed-text.js';

const test = suite('malformed policies');
const NOW = new Date('2026-11-21T12:00:00Z');

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-policy-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const [title, text, expected] of [...TEXT_CASES, ...CALL_CASES, ...SECTION_CASES, ...HOSTILE_CASES]) {
  test(`${title} is refused`, async () => {
    const path = join(folder, 'case.json');
    writeFileSync(path, text);
    const load = (): unknown => loadPolicy({ kind: 'file', path }, NOW);
    const elapsedMs = startCpuClock();
    const error = await rejection(load);
    assert.ok(await isQuick(1000, elapsedMs(), load), 'within a second');
    assert.instance(error, PolicyError);
    if (!(error instanceof PolicyError)) return;
    assert.is(error.code, expected.code, `${error.message} ${JSON.stringify(error.faults)}`);
    const fault =
      expected.pointer === undefined ? error.faults[0] : error.faults.find((f) => f.pointer === expected.pointer);
    if (expected.pointer !== undefined) assert.ok(fault, `${expected.pointer} among ${JSON.stringify(error.faults)}`);
    if (expected.line !== undefined) assert.is(fault?.line, expected.line);
    if (expected.hint !== undefined) assert.match(fault?.hint ?? error.hint ?? '', expected.hint);
    assert.ok(fault, 'a file and a pointer');
    assert.is(fault?.file, 'case.json');
    assert.ok(error.faults.length <= 100, 'bounded');
    assert.not.match(`${error.message}${error.hint ?? ''}`, /\bat \S+:\d+:\d+/);
  });
}

test('all faults of a file are told at once, in the order of lines', async () => {
  const path = join(folder, 'many.json');
  writeFileSync(
    path,
    syscalls({
      forbid: [{ calls: ['ptrase'], why: WHY }],
      allow: [
        { group: 'tyme', why: WHY },
        { calls: ['opnat'], why: WHY },
      ],
    }),
  );
  const error = await rejection(() => loadPolicy({ kind: 'file', path }, NOW));
  assert.instance(error, PolicyError);
  if (!(error instanceof PolicyError)) return;
  assert.is(error.faults.length, 3);
  assert.equal(
    error.faults.map(({ line }) => line),
    error.faults.map(({ line }) => line).sort((a, b) => a - b),
  );
});

test('the policy that the cases alter is accepted', () => {
  const path = join(folder, 'good.json');
  writeFileSync(path, policy({}));
  assert.is(loadPolicy({ kind: 'file', path }, NOW).name, 'mine');
});

test.run();
