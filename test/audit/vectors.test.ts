import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { verifyAll } from '../../src/audit/verify.js';
import { suite } from '../support/suite.js';

const test = suite('audit vectors');

type Expected = {
  readonly intact: boolean;
  readonly complete: boolean;
  readonly damage: { readonly file: string; readonly line: number } | null;
};

const VECTORS = 'audit/vectors';
const WRITER = 'build/native/test/trail_vectors';
const expected: Readonly<Record<string, Expected>> = JSON.parse(readFileSync(`${VECTORS}/expected.json`, 'utf8'));

for (const [name, wanted] of Object.entries(expected)) {
  test(`${name} is ${wanted.intact ? 'intact' : 'changed'}`, () => {
    const verdict = verifyAll(`${VECTORS}/${name}`);
    const damage = verdict.chain.damage ?? verdict.runs.find((run) => run.damage !== undefined)?.damage;
    const place =
      damage === undefined ? null : { file: damage.file.slice(`${VECTORS}/${name}/`.length), line: damage.line };
    assert.equal({ intact: verdict.intact, complete: verdict.complete, damage: place }, wanted, damage?.why ?? '');
    assert.is(verdict.anchored, false);
  });
}

test('every folder of vectors has its verdict', () => {
  const folders = readdirSync(VECTORS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.equal(folders.map(({ name }) => name).sort(), Object.keys(expected).sort());
});

test('an interrupted run tells what its table of counts holds', () => {
  const [run] = verifyAll(`${VECTORS}/interrupted`).runs;
  assert.equal(
    run?.counted.map(({ kind, count }) => [kind.call, count]),
    [['socket', 12]],
  );
  assert.match(run?.missing.join('; ') ?? '', /12 attempts like record 3 \(socket\) are counted in no record/);
});

test('the supervisor’s writer makes the good vectors byte for byte', () => {
  execFileSync('make', ['-s', '-C', 'native', `../${WRITER}`], { stdio: 'pipe' });
  const fresh = mkdtempSync(join(tmpdir(), 'sandbox-vectors-'));
  try {
    execFileSync(WRITER, [fresh]);
    let files = 0;
    for (const name of readdirSync(fresh, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.jsonl$|counts$/.test(name)) continue;
      assert.ok(existsSync(`${VECTORS}/${name}`), name);
      assert.ok(readFileSync(join(fresh, name)).equals(readFileSync(`${VECTORS}/${name}`)), name);
      files += 1;
    }
    assert.is(files, 11);
  } finally {
    rmSync(fresh, { recursive: true });
  }
});

test.run();
