/**
 * The fuzz target of the unpacker: it finds nothing in the seeds, and it finds
 * what was planted in a copy of the source. The ten minutes are for `make fuzz`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { suite } from '../support/suite.js';

/** Seconds on an idle machine; other tests run beside this one. */
const FOUND_WITHIN_S = 600;
const test = suite('fuzz target of the unpacker', 900_000);
const scratch = mkdtempSync(join(tmpdir(), 'sandbox-fuzz-'));
const seeds = join(scratch, 'seeds');
const requirement = existsSync('/usr/bin/clang') ? undefined : 'the Debian package clang';
test.after(() => rmSync(scratch, { recursive: true, force: true }));

type Edit = readonly [file: string, from: string, to: string];
const PLANTED: readonly (readonly [string, RegExp, readonly Edit[]])[] = [
  [
    'a write beyond a buffer',
    /stack-buffer-overflow/,
    [['folders.c', '(size > NAME_MAX)\n\t\t\treturn', '(size > 4 * NAME_MAX)\n\t\t\treturn']],
  ],
  [
    'a way out of the tree',
    /appeared beside the tree|witness/,
    [
      ['folders.c', '.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS', '.resolve = 0'],
      [
        'folders.c',
        'return refuse(walk->layer->fault, "it is reached through a link that leads out of the layer");',
        'return enter(walk, walk->folder, "..");',
      ],
    ],
  ],
  ['memory that is never freed', /LeakSanitizer/, [['attributes.c', '\t\tfree(time);\n', '']]],
];

/** Builds the target from a copy of the source with `edits`. */
function build(name: string, edits: readonly Edit[]): string {
  const source = join(scratch, name);
  cpSync(join(installationRoot, 'native'), source, { recursive: true });
  for (const [file, from, to] of edits) {
    const path = join(source, 'unpack', file);
    const text = readFileSync(path, 'utf8');
    assert.ok(text.includes(from), `${file} has the place to plant in`);
    writeFileSync(path, text.replace(from, to));
  }
  const made = spawnSync('make', [
    '-s',
    '-C',
    source,
    `OUT=${source}-out`,
    `OBJECTS=${source}-objects`,
    `${source}-out-fuzz/unpack_fuzz`,
  ]);
  assert.is(made.status, 0, made.stderr.toString());
  return `${source}-out-fuzz/unpack_fuzz`;
}

function run(
  program: string,
  ...options: readonly string[]
): { readonly status: number | null; readonly text: string } {
  if (!existsSync(seeds))
    spawnSync(process.execPath, [join(installationRoot, 'build/test/support/fuzz-seeds.js'), seeds]);
  const corpus = join(scratch, 'corpus');
  mkdirSync(corpus, { recursive: true });
  const ended = spawnSync(program, [`-artifact_prefix=${scratch}/`, ...options, corpus, seeds], {
    timeout: (FOUND_WITHIN_S + 60) * 1000,
    maxBuffer: 64 << 20,
  });
  return { status: ended.status, text: ended.stderr.toString() };
}

test.needs(requirement, 'the seeds find nothing', () => {
  const { status, text } = run(build('clean', []), '-runs=0');
  assert.is(status, 0, text.slice(-2000));
});

for (const [name, sign, edits] of PLANTED) {
  test.needs(requirement, `${name} is found`, () => {
    const { status, text } = run(build(name.replaceAll(' ', '-'), edits), `-max_total_time=${FOUND_WITHIN_S}`);
    assert.is.not(status, 0);
    assert.match(text, sign);
  });
}

test.run();
