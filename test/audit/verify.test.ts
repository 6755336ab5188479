import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { readChain } from '../../src/audit/chain.js';
import { linesOf } from '../../src/audit/lines.js';
import { readTrail } from '../../src/audit/trail.js';
import { judgeRun, loadChain, type RunVerdict, verifyAll, verifyChain } from '../../src/audit/verify.js';
import { suite } from '../support/suite.js';

const test = suite('audit verify');

const KILLED = '01KAM300000000000000000VC3';
const SHORT = '01KAM300000000000000000VC2';

/** The bytes of a good vector's trail, and what is said of others in their place. */
function vector(name: string, run: string): { whole: Buffer; judge: (bytes: Uint8Array) => RunVerdict } {
  const state = `audit/vectors/${name}`;
  const file = `${state}/runs/${run}/trail.jsonl`;
  const chain = loadChain(state);
  const judge = (bytes: Uint8Array): RunVerdict => {
    const trail = readTrail(linesOf([bytes]), run, file);
    return judgeRun({ run, file, exists: true, trail, counts: undefined, live: false }, chain);
  };
  return { whole: readFileSync(file), judge };
}

/** `bytes` with one bit of the byte at `at` turned over, another one for each place. */
function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8((changed[at] ?? 0) ^ (1 << (at % 8)), at);
  return changed;
}

/** Where the last three lines of `bytes` begin. */
function startOfLastLines(bytes: Buffer, lines: number): number {
  let at = bytes.length - 1;
  for (let i = 0; i < lines; i += 1) at = bytes.lastIndexOf(0x0a, at - 1);
  return at + 1;
}

test('a trail cut at any byte of its last three records is intact up to there and not complete', () => {
  const { whole, judge } = vector('interrupted', KILLED);
  for (let end = startOfLastLines(whole, 3); end < whole.length; end += 1) {
    const verdict = judge(whole.subarray(0, end));
    const lines = whole.subarray(0, end).toString('latin1').split('\n').length - 1;
    assert.equal([verdict.intact, verdict.complete, verdict.records], [true, false, lines], `cut at ${end}`);
    const torn = whole[end - 1] !== 0x0a;
    assert.is(verdict.missing.join('; ').includes('as a crash leaves it'), torn, `cut at ${end}`);
  }
});

test('a closed trail cut at any byte of its last three records was tampered with', () => {
  const { whole, judge } = vector('closed', SHORT);
  for (let end = startOfLastLines(whole, 3); end < whole.length; end += 1)
    assert.is(judge(whole.subarray(0, end)).intact, false, `cut at ${end}`);
});

test('every byte of a closed trail that is another is found', () => {
  const { whole, judge } = vector('closed', SHORT);
  assert.is(judge(whole).complete, true);
  for (let at = 0; at < whole.length; at += 1) assert.is(judge(flipped(whole, at)).intact, false, `byte ${at}`);
});

test('every byte of the chain that is another is found', () => {
  const runs = ['01KAM300000000000000000VC1', SHORT].map((run) => {
    const file = `audit/vectors/closed/runs/${run}/trail.jsonl`;
    const trail = readTrail(linesOf([readFileSync(file)]), run, file);
    return { run, file, exists: true, trail, counts: undefined, live: false };
  });
  const isWhole = (bytes: Uint8Array): boolean => {
    const chain = readChain(linesOf([bytes]), 'chain.jsonl');
    return verifyChain(chain).complete && runs.every((files) => judgeRun(files, chain).complete);
  };
  const whole = readFileSync('audit/vectors/closed/chain.jsonl');
  assert.is(isWhole(whole), true);
  for (let at = 0; at < whole.length; at += 1) assert.is(isWhole(flipped(whole, at)), false, `byte ${at}`);
});

test('any bytes put in place of a part of a closed trail are found', () => {
  const { whole, judge } = vector('closed', SHORT);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(64), fc.uint8Array({ maxLength: 64 }), (at, length, bytes) => {
      const changed = Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + length)]);
      fc.pre(!changed.equals(whole));
      assert.is(judge(changed).intact, false);
    }),
    { numRuns: 500 },
  );
});

test('lines are the same however the file is read', () => {
  const { whole } = vector('closed', SHORT);
  const numbered = (chunks: Uint8Array[]): string[] =>
    [...linesOf(chunks)].map(({ bytes, number, kind }) => `${number} ${kind} ${bytes.toString('latin1')}`);
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length)), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), whole.length];
      assert.equal(
        numbered(places.slice(1).map((end, index) => whole.subarray(places[index], end))),
        numbered([whole]),
      );
    }),
  );
});

test('a state folder without runs is intact and complete', () => {
  const state = mkdtempSync(join(tmpdir(), 'sandbox-verify-'));
  try {
    const { intact, complete, runs } = verifyAll(state);
    assert.equal([intact, complete, runs], [true, true, []]);
  } finally {
    rmSync(state, { recursive: true });
  }
});

test('a line longer than the writer makes is not read to its end', () => {
  const { whole, judge } = vector('interrupted', KILLED);
  const { intact, damage } = judge(Buffer.concat([whole, Buffer.alloc(1_000_000, 'x')]));
  assert.is(intact, false);
  assert.match(damage?.why ?? '', /longer than 16384 bytes/);
});

test.run();
