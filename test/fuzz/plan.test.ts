/**
 * The fuzz target of the plan reader: it finds nothing in twenty seconds, its
 * corpus reaches the reader's lines, and it finds what was planted in a copy of
 * the source. The ten minutes are for test/soak.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { suite } from '../support/suite.js';

const LIMIT_MS = 900_000;
/** Seconds on an idle machine: the seeds are next to each of them. Other tests run beside this one. */
const FOUND_WITHIN_S = 600;
const LINES_REACHED = 90;
const test = suite('fuzz target of the plan reader', LIMIT_MS);
const scratch = mkdtempSync(join(tmpdir(), 'sandbox-plan-fuzz-'));
const seeds = join(scratch, 'seeds');
const corpus = join(scratch, 'corpus');
const requirement = existsSync('/usr/bin/clang') ? undefined : 'the Debian package clang';
test.before(() => {
  mkdirSync(corpus);
  spawnSync(process.execPath, [join(installationRoot, 'build/test/support/plan-seeds.js'), seeds]);
});
test.after(() => rmSync(scratch, { recursive: true, force: true }));

/** By AddressSanitizer, by UndefinedBehaviorSanitizer, or by the target itself. */
const FOUND = /ERROR: AddressSanitizer|runtime error|deadly signal/;
type Edit = { readonly file: string; readonly from: string; readonly to: string };
const PLANTED: readonly (readonly [string, RegExp, Edit])[] = [
  [
    'a field that reaches beyond the end',
    FOUND,
    { file: 'read_plan.c', from: 'if (from->left < size)', to: 'if (from->left + 8 < size)' },
  ],
  [
    'an index that is not checked',
    FOUND,
    { file: 'check_plan.c', from: 'plan->cgroup_value[i].index >= plan->cgroup_count ||', to: '' },
  ],
  [
    'a list that is larger than its memory',
    FOUND,
    { file: 'read_plan.c', from: 'if (memory->left < size)', to: 'if (memory->left + 64 < size)' },
  ],
];

/** Builds `target` of the fuzzer from a copy of the source, with `edit` where there is one. */
function build(name: string, target: string, edit?: Edit): string {
  const source = join(scratch, name);
  cpSync(join(installationRoot, 'native'), source, { recursive: true });
  if (edit !== undefined) {
    const path = join(source, 'plan', edit.file);
    const text = readFileSync(path, 'utf8');
    assert.ok(text.includes(edit.from), `${edit.file} has the place to plant in`);
    writeFileSync(path, text.replace(edit.from, edit.to));
  }
  const program = `${source}-out-fuzz/${target}`;
  const made = spawnSync('make', ['-s', '-C', source, `OUT=${source}-out`, `OBJECTS=${source}-objects`, program]);
  assert.is(made.status, 0, made.stderr.toString());
  return program;
}

function run(
  program: string,
  ...options: readonly string[]
): { readonly status: number | null; readonly text: string } {
  const { status, stderr } = spawnSync(program, [`-artifact_prefix=${scratch}/`, ...options, corpus, seeds], {
    timeout: (FOUND_WITHIN_S + 60) * 1000,
    env: { ...process.env, LLVM_PROFILE_FILE: join(scratch, 'profile') },
    maxBuffer: 64 << 20,
  });
  return { status, text: stderr.toString() };
}

test.needs(requirement, 'nothing is found in twenty seconds', () => {
  const { status, text } = run(build('clean', 'plan_fuzz'), '-max_total_time=20', '-max_len=8192');
  assert.is(status, 0, text.slice(-2000));
});

test.needs(requirement, `${LINES_REACHED} of 100 lines of the reader are reached`, () => {
  const program = build('coverage', 'plan_fuzz_coverage');
  assert.is(run(program, '-runs=0').status, 0);
  const profile = join(scratch, 'profile');
  const merged = spawnSync('llvm-profdata', ['merge', '-o', `${profile}.merged`, profile]);
  assert.is(merged.status, 0, merged.stderr.toString());
  const files = ['read_plan.c', 'check_plan.c'].map((file) => join(scratch, 'coverage/plan', file));
  const shown = spawnSync('llvm-cov', [
    'export',
    '-summary-only',
    `-instr-profile=${profile}.merged`,
    program,
    ...files,
  ]);
  assert.is(shown.status, 0, shown.stderr.toString());
  const { data } = JSON.parse(shown.stdout.toString()) as {
    data: { totals: { lines: { percent: number; count: number } } }[];
  };
  const lines = data[0]?.totals.lines;
  assert.ok(lines !== undefined && lines.count > 200, `${lines?.count} lines were looked at`);
  assert.ok(lines.percent >= LINES_REACHED, `${lines.percent.toFixed(1)} of 100`);
});

for (const [name, sign, edit] of PLANTED) {
  test.needs(requirement, `${name} is found`, () => {
    const program = build(name.replaceAll(' ', '-'), 'plan_fuzz', edit);
    const { status, text } = run(program, `-max_total_time=${FOUND_WITHIN_S}`, '-max_len=8192');
    assert.is.not(status, 0, 'it was not found');
    assert.match(text, sign, `status ${status}: ${text.slice(-2000)}`);
  });
}

test.run();
