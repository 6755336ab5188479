/** S14: a compiled filter is used only after it was held against the meaning of its policy. */
import { appendFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { settle } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { runsOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S14 a checked filter');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const touch = (file: string): void => utimesSync(file, new Date(), new Date());

/** Runs with the staged product's module changed, and puts it back. */
function withModule(name: string, change: (source: string) => string, work: () => void): void {
  const file = join(ground.product.folder, 'build/src', name);
  const source = readFileSync(file, 'utf8');
  const changed = change(source);
  assert.is.not(changed, source, `${name} was changed`);
  const main = join(ground.product.folder, 'build/src/cli/main.js');
  const bundled = join(ground.product.folder, 'build/bundle/cli/main.cjs');
  writeFileSync(file, changed);
  touch(main); // the modules are used, not the copy of them
  try {
    work();
  } finally {
    writeFileSync(file, source);
    touch(bundled);
  }
}

/** A compiler that says of one instruction's outcome something else: `at` of the program's bytes. */
const spoiling = (spoil: string) => (source: string) =>
  `${source.replace('export function compileFilter(', 'function compileHonestly(')}
export function compileFilter(filter) { const program = Uint8Array.from(compileHonestly(filter)); ${spoil} return program; }
`;

const ALLOW = '0x7fff0000';
const SPOILT: Readonly<Record<string, string>> = {
  'whose refusals allow': `const view = new DataView(program.buffer);
    for (let at = 0; at < program.length; at += 8)
      if (view.getUint16(at, true) === 6 && view.getUint32(at + 4, true) === 0x7fc00000) view.setUint32(at + 4, ${ALLOW}, true);`,
  'that takes mount for exit_group': `const view = new DataView(program.buffer);
    for (let at = 0; at < program.length; at += 8)
      if ((view.getUint16(at, true) & 0x7) === 5 && view.getUint32(at + 4, true) === 231)
        view.setUint32(at + 4, 165, true);`,
  'that allows everything': `program.fill(0); const view = new DataView(program.buffer);
    view.setUint16(0, 6, true); view.setUint32(4, ${ALLOW}, true); return program.subarray(0, 8);`,
};

for (const [what, spoil] of Object.entries(SPOILT)) {
  test.needs(needs, `a program ${what}: refused, nothing ran`, async () => {
    const runs = runsOf(ground.user).length;
    withModule('seccomp/compile.js', spoiling(spoil), () => {
      const { status, stdout, stderr } = ground.run(['echo', 'ran']);
      assert.is(status, 125, stderr);
      assert.is(stdout.toString(), '');
      assert.match(stderr, /^sandbox: FILTER_DISAGREES: /);
    });
    assert.is(runsOf(ground.user).length, runs);
    assert.equal(await settle(ground.user), []);
  });
}

test.needs(needs, 'a compilation that does not end: cut off, refused, and its process is gone', async () => {
  const hang = (source: string): string =>
    `for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);\n${source}`;
  const always = (source: string): string => source.replace('mayNotEnd(filter) ?', 'true ?');
  withModule('seccomp/checked.js', always, () =>
    withModule('seccomp/compile-child.js', hang, () => {
      const { status, stdout, stderr } = ground.run(['echo', 'ran']);
      assert.is(status, 125, stderr);
      assert.is(stdout.toString(), '');
      assert.match(stderr, /^sandbox: FILTER_TIMEOUT: /);
    }),
  );
  assert.equal(await settle(ground.user), []);
});

test.needs(needs, 'left alone, the same command runs', () => {
  appendFileSync(join(ground.product.folder, 'build/src/seccomp/compile.js'), '\n');
  assert.is(ground.inside('echo ran'), 'ran\n');
});

test.run();
