/** Blocks that engines made, and what the filters that runc made of them answer. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type DecodedProgram, decodeProgram, describeVerdict } from '../../src/seccomp/bpf.js';
import { DecisionSpace } from '../../src/seccomp/decision.js';
import { decisionOfProgram } from '../../src/seccomp/decision-program.js';
import { acceptProgram } from '../../src/seccomp/machine.js';
import { compileOciSeccomp, loadOciSeccomp } from '../../src/seccomp/oci.js';
import { dataOf, runProgram } from '../../src/seccomp/simulate.js';
import { corpusNames, corpusRequirement, inCorpus, readCorpusJson } from '../support/corpus.js';
import { suite } from '../support/suite.js';

const test = suite('the blocks of Docker, Podman and containerd');

/** One answer for all argument vectors, or one for each. */
type Answers = string | readonly string[];
type Row = { readonly name: string | null; readonly both?: Answers; readonly runc?: Answers };
type Table = {
  readonly args: readonly (readonly string[])[];
  readonly arch: Readonly<Record<string, Readonly<Record<string, Row>>>>;
};

const ARCHITECTURES: Readonly<Record<string, number>> = {
  x86_64: 0xc000_003e,
  x32: 0xc000_003e,
  x86: 0x4000_0003,
  'aarch64(foreign)': 0xc000_00b7,
};
const ROWS = 2105;

/** As the tables spell it. */
function spell(verdict: number): string {
  const [kind = '', number] = describeVerdict(verdict).split(' ');
  if (kind === 'kill-thread') return 'KILL';
  return kind.toUpperCase().replace('-', '_') + (number === undefined ? '' : `(${number})`);
}

type Run = (data: Uint32Array) => number;

function differences(run: Run, { arch, args }: Table): { readonly rows: number; readonly found: string[] } {
  const found: string[] = [];
  let rows = 0;
  for (const [name, table] of Object.entries(arch))
    for (const [nr, row] of Object.entries(table)) {
      rows++;
      const wanted = row.both ?? row.runc;
      for (const [index, vector] of args.entries()) {
        const call = { nr: Number(nr), arch: ARCHITECTURES[name] ?? 0, args: vector.map(BigInt) };
        const answer = spell(run(dataOf(call)));
        const want = typeof wanted === 'string' ? wanted : wanted?.[index];
        if (answer !== want) found.push(`${name} ${row.name ?? nr} [${vector}]: ${answer}, runc says ${want}`);
      }
    }
  return { rows, found };
}

const blocks = corpusNames('golden', '.oci-seccomp.json');
const missing = corpusRequirement('golden');
const compiled = (name: string): DecodedProgram =>
  decodeProgram(compileOciSeccomp(loadOciSeccomp(inCorpus(`golden/${name}.oci-seccomp.json`))).program);
const loadedBy = (runtime: string, name: string): DecodedProgram =>
  acceptProgram(readFileSync(inCorpus(`golden/${name}-${runtime}.0.bpf`)));

test.needs(missing, 'are three at least', () => assert.ok(blocks.length >= 3, blocks.join(' ')));
for (const name of blocks) {
  const table = readCorpusJson(`golden/${name}.json`) as Table;

  test(`${name}: answers as runc's filter for every number, ABI and argument vector`, () => {
    const program = compiled(name);
    const { rows, found } = differences((data) => runProgram(program, data), table);
    assert.equal(found.slice(0, 5), [], `${found.length} differences`);
    assert.is(rows, ROWS);
  });

  test(`${name}: another filter does not`, () => {
    const [main] = Object.values(table.arch);
    const changed = { ...table, arch: { x86_64: { ...main, 0: { name: 'read', both: 'TRAP' } } } };
    const program = compiled(name);
    assert.is(differences((data) => runProgram(program, data), changed).found.length, table.args.length);
  });

  for (const runtime of ['runc', 'runc143'])
    test(`${name}: is the filter that ${runtime} loaded, on every call there can be`, () => {
      const space = new DecisionSpace();
      const ours = decisionOfProgram(space, compiled(name));
      const theirs = decisionOfProgram(space, loadedBy(runtime, name));
      assert.is(ours, theirs);
    });
}

test.run();
