import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../src/base/installation.js';
import { loadPolicy } from '../src/policy/resolve.js';
import { loadTrustPolicy } from '../src/trust/load-policy.js';
import { generateKeyPair } from '../src/trust/signing-key.js';
import { suite } from './support/suite.js';

const test = suite('documents');
const text = (path: string): string => readFileSync(join(installationRoot, path), 'utf8');
const listed = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(installationRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => join(folder, name));

/** The closed unions of codes: lines of `| 'ROOM_WHAT'` beside a class of errors. */
function codesOfSource(): Set<string> {
  const codes = new Set<string>();
  for (const file of listed('src', /\.ts$/)) {
    const source = text(file);
    if (!source.includes('extends SandboxError<')) continue;
    for (const [, code = ''] of source.matchAll(/(?:^\s*\||<|=)\s*'([A-Z]+(?:_[A-Z]+)+)'/gm)) codes.add(code);
  }
  return codes;
}

test('every error code is explained', () => {
  const explained = new Set([...text('docs/troubleshooting.md').matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map((m) => m[1]));
  const codes = codesOfSource();
  assert.ok(codes.has('HOST_DOCTOR_FAILED'), 'finds the codes');
  assert.equal(
    [...codes].filter((code) => !explained.has(code)),
    [],
  );
});

test('promises are numbered without a gap', () => {
  const numbers = [...text('SECURITY.md').matchAll(/^\| \*\*S(\d\d)\*\* \|/gm)].map((match) => Number(match[1]));
  assert.equal(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  assert.ok(numbers.length > 0);
});

test('no system test is for a promise that is not made', () => {
  const promised = text('SECURITY.md');
  for (const file of listed('test', /\/S\d\d-.*\.test\.ts$/)) {
    const number = /S\d\d/.exec(file)?.[0] ?? '';
    assert.ok(promised.includes(`**${number}**`), file);
  }
});

const SAMPLE = /```jsonc\n(.*?)```/gs;

const samplesOf = (file: string): string[] => [...text(file).matchAll(SAMPLE)].map(([, sample = '']) => sample);

test('the sample policies are without fault', () => {
  const samples = samplesOf('docs/policy.md');
  assert.ok(samples.length > 0);
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-docs-'));
  try {
    for (const sample of samples) {
      const path = join(folder, 'sample.json');
      writeFileSync(path, sample);
      assert.match(loadPolicy({ kind: 'file', path }, new Date()).digest, /^sha256:/);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the sample trust policies are without fault', () => {
  const key = Buffer.from(generateKeyPair('p256', undefined).publicPem);
  const samples = samplesOf('docs/trust.md');
  assert.ok(samples.length > 0);
  for (const sample of samples) {
    const readFile = (path: string): Uint8Array => (path.endsWith('.pub') ? key : Buffer.from(sample));
    const policy = loadTrustPolicy({ flag: '/trust.json', configDirectory: '/' }, readFile);
    assert.is(policy.source, '/trust.json');
  }
});

test('every section of the policy is described', () => {
  const schema = JSON.parse(text('policies/policy-v1.schema.json')) as { properties: Record<string, unknown> };
  const described = text('docs/policy.md');
  for (const section of Object.keys(schema.properties)) assert.ok(described.includes(`\`${section}\``), section);
});

test('links lead somewhere', () => {
  for (const file of ['README.md', 'SECURITY.md', ...listed('docs', /\.md$/)]) {
    for (const [, target = ''] of text(file).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert.ok(readable(join(file, '..', target)), `${file} links to ${target}`);
    }
  }
});

function readable(path: string): boolean {
  try {
    text(path);
    return true;
  } catch {
    return false;
  }
}

test.run();
