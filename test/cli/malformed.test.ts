/** Malformed policies as users meet them: the built command, its status, and what it prints. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { CALL_CASES } from '../policy/malformed-calls.js';
import { HOSTILE_CASES } from '../policy/malformed-hostile.js';
import { PLACES } from '../policy/malformed-places.js';
import { SECTION_CASES } from '../policy/malformed-sections.js';
import { TEXT_CASES } from '../policy/malformed-text.js';
import { startChildrenCpuClock } from '../support/cpu-time.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';

const test = suite('malformed policies at the command line');
const LONGEST_OUTPUT = 64 * 1024;
/** What a terminal could take for more than text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed
const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

let folder = '';
let startMs = 0;
test.before(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sandbox-cli-malformed-')));
  startMs = Math.max(...[1, 2].map(() => sandbox('policy', 'check', 'strict').cpuMs));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

type Outcome = { readonly status: number | null; readonly out: string; readonly err: string; readonly cpuMs: number };

function sandbox(...words: string[]): Outcome {
  const elapsedMs = startChildrenCpuClock();
  const { status, stdout, stderr } = spawnSync(join(installationRoot, 'bin/sandbox'), words, {
    cwd: folder,
    encoding: 'utf8',
    timeout: patient(120_000),
    maxBuffer: 1 << 24,
    env: { PATH: process.env['PATH'], HOME: folder },
  });
  return { status, out: stdout, err: stderr, cpuMs: elapsedMs() };
}

/** Whether the command ends within a second on top of its start: this time, or when the machine has less to do. */
const isQuick = (words: readonly string[], cpuMs: number): boolean =>
  [() => cpuMs, () => sandbox(...words).cpuMs, () => sandbox(...words).cpuMs].some((ms) => ms() < 1000 + startMs);

/** One error of `code`, with a place, as text that harms no terminal. */
function assertOneError(words: readonly string[], code: string, pointer: string | undefined): void {
  const { status, err, cpuMs } = sandbox(...words);
  assert.is(status, 125, err);
  assert.ok(isQuick(words, cpuMs), `took ${Math.round(cpuMs)} ms, a start ${Math.round(startMs)} ms`);
  const lines = err.trimEnd().split('\n');
  assert.ok(lines[0]?.startsWith(`sandbox: ${code}: `), err.slice(0, 500));
  assert.is(lines.filter((line) => line.startsWith('sandbox: ')).length, 1, 'one error');
  assert.match(lines[1] ?? '', /^ {2}.+:\d+: \//);
  if (pointer !== undefined && pointer.length < 200)
    assert.ok(
      lines.some((line) => line.includes(`: ${JSON.stringify(pointer || '/').slice(1, -1)}: `)),
      err.slice(0, 500),
    );
  assert.not.match(err, RAW);
  assert.not.match(err, /\n\s+at |node:internal|\.ts:\d|\.js:\d|INTERNAL/);
  assert.ok(err.length < LONGEST_OUTPUT, `${err.length} characters`);
}

const cases = [...TEXT_CASES, ...CALL_CASES, ...SECTION_CASES, ...HOSTILE_CASES];
/** Every eighth, and all that are long: those are the ones that could take long. */
const some = cases.filter(([, text], index) => index % 8 === 0 || text.length > 150_000);

for (const [title, text, { code, pointer }] of some) {
  test(`${title} is one clear error`, () => {
    writeFileSync(join(folder, 'case.json'), text);
    assertOneError(['policy', 'check', './case.json'], code, pointer);
  });
}

for (const { title, code, make } of PLACES.filter((_, index) => index % 4 === 0)) {
  test(`${title} is one clear error`, async () => {
    const own = mkdtempSync(join(folder, 'place-'));
    assertOneError(['policy', 'check', await make(own)], code, undefined);
  });
}

test('as JSON it is one object, bounded too', () => {
  writeFileSync(join(folder, 'case.json'), JSON.stringify({ ['k'.repeat(100_000)]: 1, '\u001b[31m': 2 }));
  const { status, out, err } = sandbox('policy', 'check', '--json', './case.json');
  assert.is(status, 125);
  assert.is(err, '');
  assert.ok(out.length < LONGEST_OUTPUT);
  const { error } = JSON.parse(out) as { error: { code: string; faults: { pointer: string }[] } };
  assert.is(error.code, 'POLICY_INVALID');
  assert.ok(error.faults.length >= 2);
});

for (const words of [
  ['run', '--policy', './case.json', 'dir:/nothing'],
  ['policy', 'explain', './case.json'],
])
  test(`${words.slice(0, 2).join(' ')} tells the same error`, () => {
    for (const [, text, { code, pointer }] of some.slice(0, 3)) {
      writeFileSync(join(folder, 'case.json'), text);
      assertOneError(words, code, pointer);
    }
  });

test.run();
