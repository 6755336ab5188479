/**
 * libseccomp's own tests: what each means in our filters, call by call. The
 * table says of each what can be said in an OCI block, how many calls were
 * tried, and where runc's answer is another than libseccomp's.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { examineMeaning } from '../../src/seccomp/agree.js';
import { decodeProgram, describeVerdict } from '../../src/seccomp/bpf.js';
import { emitProgram } from '../../src/seccomp/emit.js';
import type { BpfProgram } from '../../src/seccomp/filter.js';
import { meaningOfNumbered } from '../../src/seccomp/numbered-meaning.js';
import { compileOciSeccomp, parseOciSeccomp } from '../../src/seccomp/oci.js';
import { dataOf, runProgram } from '../../src/seccomp/simulate.js';
import { corpusNames, corpusRequirement, inCorpus } from '../support/corpus.js';
import {
  casesOf,
  filterOfRecording,
  ociTextOf,
  parseRecording,
  type Recording,
  type SimulationCase,
  spellVerdict,
  whyNot,
  whyNotOci,
} from '../support/libseccomp-sim.js';
import { suite } from '../support/suite.js';

const test = suite('the tests of libseccomp');

type Differing = SimulationCase & { readonly ours: string };

function differing(program: BpfProgram, cases: readonly SimulationCase[]): Differing[] {
  const decoded = decodeProgram(program);
  return cases.flatMap((tried) => {
    const ours = spellVerdict(describeVerdict(runProgram(decoded, dataOf(tried.call))));
    return ours === tried.verdict ? [] : [{ ...tried, ours }];
  });
}

const ENOSYS = 'ERRNO(38)';

type Entry = {
  readonly said: string;
  readonly calls: number;
  /** Where the filter that runc makes of the block answers something else than libseccomp's test wants. */
  readonly runcDiffers?: { readonly calls: number; readonly witness: string; readonly reason: string };
};

function entryOf(recording: Recording): Entry {
  const refused = whyNot(recording);
  if (refused !== undefined) return { said: `not: ${refused}`, calls: 0 };
  const cases = casesOf(recording);
  const filter = filterOfRecording(recording);
  const program = emitProgram(filter);
  assert.is(examineMeaning(meaningOfNumbered(filter), program).disagreement, undefined);
  assert.equal(differing(program, cases), []);
  const numbersAlone = whyNotOci(recording);
  if (numbersAlone !== undefined) return { said: `by number: it ${numbersAlone}`, calls: cases.length };
  const block = parseOciSeccomp(ociTextOf(recording), { name: recording.name });
  assert.equal(differing(compileOciSeccomp(block, { runtime: 'crun' }).program, cases), []);
  const found = differing(compileOciSeccomp(block).program, cases);
  const [first] = found;
  const entry = { said: 'as an OCI block', calls: cases.length };
  if (first === undefined) return entry;
  assert.ok(found.every(({ ours }) => ours === ENOSYS));
  const witness = `${first.text}: ${first.ours}, libseccomp ${first.verdict}`;
  return {
    ...entry,
    runcDiffers: { calls: found.length, witness, reason: 'it is above every call that the block names' },
  };
}

const TABLE = join(installationRoot, 'test/seccomp/libseccomp-sim.json');
const names = corpusNames('libseccomp-sim', '.json');
const table: Record<string, Entry> = existsSync(TABLE) ? JSON.parse(readFileSync(TABLE, 'utf8')) : {};
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';

test.needs(corpusRequirement('libseccomp-sim'), 'are there', () => assert.ok(names.length >= 20));
for (const name of names)
  test(`${name}: every call gets the verdict that its test wants, or stands in the table`, () => {
    const entry = entryOf(parseRecording(readFileSync(inCorpus(`libseccomp-sim/${name}.json`), 'utf8')));
    if (isUpdate) table[name] = entry;
    assert.equal(entry, table[name]);
  });
if (isUpdate) test.after(() => writeFileSync(TABLE, `${JSON.stringify(table, null, 2)}\n`));

test.run();
