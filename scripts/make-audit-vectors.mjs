/**
 * Makes audit/vectors again: the good ones by the supervisor's own writer (native/test/trail_vectors.c),
 * the tampered ones from them, as someone would who has the files and not the time to think.
 * Run it when the format changes, never to make a test pass: node scripts/make-audit-vectors.mjs
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './write-changed.mjs';

const VECTORS = `${root}audit/vectors`;
const FIRST = 'runs/01KAM300000000000000000VC1';
const SECOND = 'runs/01KAM300000000000000000VC2';
const KILLED = 'runs/01KAM300000000000000000VC3';
const TRAIL = `${FIRST}/trail.jsonl`;

const hash = (line) => createHash('sha256').update(line).digest('hex');
const linesOf = (text) => text.split('\n').slice(0, -1);
const textOf = (lines) => lines.map((line) => `${line}\n`).join('');

/** Edits the lines of one file of a vector. */
function edit(folder, file, change) {
  const path = join(folder, file);
  writeFileSync(path, textOf(change(linesOf(readFileSync(path, 'utf8')))));
}

/** Gives every line from `from` on the hash of the line before it. */
function rechain(lines, from) {
  for (let i = from; i < lines.length; i += 1)
    lines[i] = lines[i].replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${hash(lines[i - 1])}"`);
  return lines;
}

const replaceAt = (lines, index, from, to) => {
  if (!lines[index].includes(from)) throw new Error(`line ${index + 1} has no ${from}`);
  lines[index] = lines[index].replace(from, to);
  return lines;
};

/**
 * name → [of which good vector, what is done to it, the verdict].
 * `damage` is file and line of the first fault.
 */
const CASES = {
  torn: ['interrupted', (f) => cut(f, `${KILLED}/trail.jsonl`, 40), { intact: true, complete: false }],
  'edited-record': [
    'closed',
    (f) => edit(f, TRAIL, (lines) => replaceAt(lines, 3, '"errno":"EPERM"', '"errno":"EACCES"')),
    { damage: [TRAIL, 5] },
  ],
  'edited-and-chained-again': [
    'closed',
    (f) => edit(f, TRAIL, (lines) => rechain(replaceAt(lines, 3, '"errno":"EPERM"', '"errno":"EACCES"'), 4)),
    { damage: [TRAIL, 15] },
  ],
  'edited-last-record': [
    'closed',
    (f) => edit(f, TRAIL, (lines) => replaceAt(lines, 14, '"status":3', '"status":0')),
    { damage: [TRAIL, 15] },
  ],
  'edited-sums': [
    'closed',
    (f) => edit(f, TRAIL, (lines) => replaceAt(lines, 14, '"denied":21', '"denied":20')),
    { damage: [TRAIL, 15] },
  ],
  'other-spelling': [
    'closed',
    (f) => edit(f, TRAIL, (lines) => replaceAt(lines, 14, '"v":1', '"v": 1')),
    { damage: [TRAIL, 15] },
  ],
  'removed-record': ['closed', (f) => edit(f, TRAIL, (lines) => lines.toSpliced(3, 1)), { damage: [TRAIL, 4] }],
  'inserted-record': [
    'closed',
    (f) => edit(f, TRAIL, (lines) => lines.toSpliced(5, 0, lines[4])),
    { damage: [TRAIL, 6] },
  ],
  'reordered-records': [
    'closed',
    (f) => edit(f, TRAIL, (lines) => lines.toSpliced(3, 2, lines[4], lines[3])),
    { damage: [TRAIL, 4] },
  ],
  'cut-after-closing': ['closed', (f) => edit(f, TRAIL, (lines) => lines.slice(0, 5)), { damage: [TRAIL, 6] }],
  'run-removed': [
    'closed',
    (f) => rmSync(join(f, SECOND), { recursive: true }),
    { damage: [`${SECOND}/trail.jsonl`, 1] },
  ],
  'run-of-another-name': [
    'closed',
    (f) => renameSync(join(f, FIRST), join(f, 'runs/01KAM300000000000000000VC9')),
    { damage: [TRAIL, 1] },
  ],
  'trail-of-another-run': [
    'closed',
    (f) => cpSync(join(f, SECOND, 'trail.jsonl'), join(f, TRAIL)),
    { damage: [TRAIL, 1] },
  ],
  'chain-entry-changed': [
    'closed',
    (f) => edit(f, 'chain.jsonl', (lines) => replaceAt(lines, 0, '05.124456792Z', '05.124456791Z')),
    { damage: ['chain.jsonl', 2] },
  ],
  'chain-entry-changed-and-chained-again': [
    'closed',
    (f) => edit(f, 'chain.jsonl', (lines) => rechain(replaceAt(lines, 0, '05.124456792Z', '05.124456791Z'), 1)),
    { damage: [TRAIL, 1] },
  ],
  'chain-entry-removed': [
    'closed',
    (f) => edit(f, 'chain.jsonl', (lines) => lines.toSpliced(1, 1)),
    { damage: ['chain.jsonl', 2] },
  ],
  'chain-end-changed': [
    'closed',
    (f) => edit(f, 'chain.jsonl', (lines) => replaceAt(lines, 3, '"records":15', '"records":14')),
    { damage: [TRAIL, 15] },
  ],
  'chain-end-removed': [
    'closed',
    (f) => edit(f, 'chain.jsonl', (lines) => lines.slice(0, 3)),
    { intact: true, complete: false },
  ],
  'chain-gone': ['closed', (f) => rmSync(join(f, 'chain.jsonl')), { damage: [TRAIL, 1] }],
};

function cut(folder, file, bytes) {
  const path = join(folder, file);
  writeFileSync(path, readFileSync(path).subarray(0, -bytes));
}

const work = mkdtempSync(join(tmpdir(), 'sandbox-vectors-'));
execFileSync(`${root}build/native/test/trail_vectors`, [work]);
rmSync(VECTORS, { recursive: true, force: true });
mkdirSync(VECTORS, { recursive: true });
cpSync(work, VECTORS, { recursive: true });
rmSync(work, { recursive: true });

const expected = {
  closed: { intact: true, complete: true, damage: null },
  extremes: { intact: true, complete: true, damage: null },
  interrupted: { intact: true, complete: false, damage: null },
};
for (const [name, [good, change, verdict]] of Object.entries(CASES)) {
  const folder = join(VECTORS, name);
  cpSync(join(VECTORS, good), folder, { recursive: true });
  change(folder);
  const damage = verdict.damage === undefined ? null : { file: verdict.damage[0], line: verdict.damage[1] };
  expected[name] = { intact: damage === null, complete: damage === null && verdict.complete, damage };
}
writeFileSync(`${VECTORS}/expected.json`, `${JSON.stringify(expected, null, 2)}\n`);
