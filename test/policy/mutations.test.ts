/** Shipped policies, damaged: each is a policy still, or one clear error; nothing else comes of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { PolicyError } from '../../src/policy/errors.js';
import { loadPolicy } from '../../src/policy/resolve.js';
import { startCpuClock } from '../support/cpu-time.js';
import { suite } from '../support/suite.js';

const test = suite('damaged policies');
const NOW = new Date('2026-11-21T12:00:00Z');
const RUNS = 200;
const sources = ['profiles/strict.json', 'profiles/default.json', 'profiles/compat.json', 'policies/redis.json'].map(
  (name) => readFileSync(join(installationRoot, name)),
);

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-mutations-'));
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Whether `bytes` are still a policy; anything but acceptance or a told fault throws. */
function isAccepted(bytes: Uint8Array): boolean {
  const path = join(folder, 'case.json');
  writeFileSync(path, bytes);
  const elapsedMs = startCpuClock();
  try {
    const { canonical, digest } = loadPolicy({ kind: 'file', path }, NOW);
    assert.is(JSON.stringify(JSON.parse(canonical)), canonical);
    assert.match(digest, /^sha256:/);
    return true;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    assert.ok(error.faults.length > 0, `${error.code} ${error.message}`);
    for (const { file, line, pointer } of error.faults) {
      assert.type(file, 'string');
      assert.ok(line >= 1);
      assert.match(pointer, /^(\/|$)/);
    }
    return false;
  } finally {
    assert.ok(elapsedMs() < 1000, 'within a second');
  }
}

test('cut off anywhere, none is accepted', () => {
  for (const source of sources) {
    const last = source.lastIndexOf('}');
    for (let size = 0; size <= last; size += 1 + Math.floor(last / 80))
      assert.not.ok(isAccepted(source.subarray(0, size)), `${size} bytes`);
    assert.ok(isAccepted(source));
  }
});

const anySource = fc.constantFrom(...sources);

test('with bytes changed', () => {
  const change = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    byte: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(anySource, fc.array(change, { minLength: 1, maxLength: 4 }), (source, changes) => {
      const bytes = Buffer.from(source);
      for (const { at, byte } of changes) bytes[Math.floor(at * bytes.length)] = byte;
      isAccepted(bytes);
    }),
    { numRuns: RUNS },
  );
});

test('with pieces taken out, doubled or moved', () => {
  const cut = fc.tuple(fc.nat(20_000), fc.nat(300), fc.nat(20_000));
  fc.assert(
    fc.property(anySource, cut, (source, [from, size, to]) => {
      const start = from % source.length;
      const piece = source.subarray(start, start + size);
      const rest = Buffer.concat([source.subarray(0, start), source.subarray(start + size)]);
      const at = to % (rest.length + 1);
      isAccepted(rest);
      isAccepted(Buffer.concat([rest.subarray(0, at), piece, piece, rest.subarray(at)]));
    }),
    { numRuns: RUNS / 2 },
  );
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const withoutComments = (text: string): Json => JSON.parse(text.replaceAll(/(^|[ {[,])\/\/.*$/gm, '$1')) as Json;
const values = sources.map((source) => withoutComments(source.toString()));

/** A copy of `value` with what stands at a place (counted through the tree) replaced. */
function withReplaced(value: Json, place: number, replacement: Json): Json {
  let left = place;
  const visit = (here: Json): Json => {
    if (left-- === 0) return replacement;
    if (Array.isArray(here)) return here.map(visit);
    if (typeof here !== 'object' || here === null) return here;
    return Object.fromEntries(Object.entries(here).map(([key, member]) => [key, visit(member)]));
  };
  return visit(value);
}

test('with a value of another type in place of one', () => {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }).map((json) => json as Json),
    fc.constantFrom<Json>(
      '',
      '/',
      '*',
      'admin.*',
      '0',
      '-1',
      'CAP_SYS_ADMIN',
      'constructor',
      [[]],
      {},
      2 ** 60,
      -1,
      1.5,
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...values), fc.nat(400), odd, (value, place, replacement) => {
      isAccepted(Buffer.from(JSON.stringify(withReplaced(value, place, replacement))));
    }),
    { numRuns: RUNS * 2 },
  );
});

test.run();
