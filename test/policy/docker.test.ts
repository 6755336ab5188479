/** The comparison with Docker's default profile, and the bounds on calls, measured on compiled programs. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { compilePolicy } from '../../src/policy/compile.js';
import { compareWithDocker, dockerProfile } from '../../src/policy/docker.js';
import { editionOf } from '../../src/policy/editions.js';
import { IDEAL_HOST } from '../../src/policy/ideal-host.js';
import {
  AUDIT_ARCH_X86_64,
  DATA_WORDS,
  decodeProgram,
  describeVerdict,
  WORD_ARCH,
  WORD_NR,
} from '../../src/seccomp/bpf.js';
import { reachableComparisons } from '../../src/seccomp/explore.js';
import type { BpfProgram } from '../../src/seccomp/filter.js';
import { compileOciSeccomp, loadOciSeccomp } from '../../src/seccomp/oci.js';
import { runProgram } from '../../src/seccomp/simulate.js';
import { syscallName } from '../../src/seccomp/syscalls.js';
import { someCombination, tellingWords } from '../../src/seccomp/telling.js';
import { suite } from '../support/suite.js';
import { shipped, shippedPolicy } from './shipped.js';

const test = suite('calls that are let through');
const corpus = join(installationRoot, '../shared/corpus/seccomp');
const MOBY = join(corpus, 'moby/default.json');
const DOCKER_26 = join(corpus, 'golden/docker26-default.oci-seccomp.json');
const needs = (path: string): string | undefined => (existsSync(path) ? undefined : `needs ${path}`);

/**
 * Every number, of whatever architecture, that `program` allows with at least one argument vector: all numbers are
 * looked at, one of each kind that the program tells apart, and all that it compares with by themselves.
 */
function allowedNumbers(program: BpfProgram): { readonly native: number[]; readonly foreign: number[] } {
  const decoded = decodeProgram(program);
  const compared = reachableComparisons(decoded, new Map());
  const around = (word: number): number[] =>
    compared.filter((c) => c.word === word).flatMap(({ value }) => [value - 1, value, value + 1].map((n) => n >>> 0));
  const numbers = new Set([...Array.from({ length: 4096 }, (_, nr) => nr), ...around(WORD_NR), 0xffff_ffff]);
  const found = { native: [] as number[], foreign: [] as number[] };
  for (const arch of new Set([AUDIT_ARCH_X86_64, 0x4000_0003, 0xc000_00b7, 0, ...around(WORD_ARCH)]))
    for (const nr of numbers) {
      const data = new Uint32Array(DATA_WORDS);
      [data[WORD_ARCH], data[WORD_NR]] = [arch, nr];
      const known = new Map([
        [WORD_ARCH, arch],
        [WORD_NR, nr],
      ]);
      const isAllowed = (): boolean => describeVerdict(runProgram(decoded, data)) === 'allow';
      if (!someCombination(tellingWords(reachableComparisons(decoded, known)), data, isAllowed)) continue;
      found[arch === AUDIT_ARCH_X86_64 && nr < 0x4000_0000 ? 'native' : 'foreign'].push(nr);
    }
  return found;
}

for (const [name, most] of [
  ['strict', 200],
  ['default', 280],
] as const)
  test(`${name} allows at most ${most} calls, none of another ABI, and explain counts them right`, () => {
    const policy = shippedPolicy(name);
    const { program, refusals } = compilePolicy(policy, IDEAL_HOST);
    const { native, foreign } = allowedNumbers(program);
    // What is recorded and then let through is let through.
    const observed = refusals.filter(({ answer }) => answer.kind === 'continue').map(({ nr }) => nr);
    const all = new Set([...native, ...observed]);
    assert.equal(foreign, []);
    assert.ok(all.size <= most, `${all.size} calls`);
    assert.is(compareWithDocker(policy.syscalls).ours, all.size);
  });

for (const { name, syscalls } of shipped)
  test(`${name}: what only one side has, and what both have, is everything`, () => {
    const { docker, ours, onlyDocker, onlyOurs, narrower } = compareWithDocker(syscalls);
    assert.is(docker - onlyDocker.length, ours - onlyOurs.length);
    assert.ok(narrower.every((call) => !onlyDocker.includes(call) && !onlyOurs.includes(call)));
  });

test('strict and default let through no call that Docker does not, but for the named', () => {
  assert.equal(compareWithDocker(shippedPolicy('strict').syscalls).onlyOurs, []);
  assert.ok(compareWithDocker(shippedPolicy('default').syscalls).onlyOurs.length <= 1);
});

test('the facts about Docker are sorted, known calls, of a dated source', () => {
  const { calls, conditional, source } = dockerProfile();
  const known = editionOf('2026-11')?.known ?? new Set();
  assert.equal(calls, [...new Set(calls)].sort());
  assert.equal(
    calls.filter((call) => !known.has(call)),
    [],
  );
  assert.ok(conditional.every((call) => calls.includes(call)));
  assert.match(source.asOf, /^\d{4}-\d\d-\d\d$/);
  assert.is(source.licence, 'Apache-2.0');
});

test.needs(needs(MOBY), 'they are what the source compiles to, for every number', () => {
  const { program } = compileOciSeccomp(loadOciSeccomp(MOBY, { kernel: '6.12' }));
  const native = allowedNumbers(program).native.map((nr) => syscallName(nr) ?? `call ${nr}`);
  assert.equal([...new Set(native)].sort(), dockerProfile().calls);
});

test.needs(needs(DOCKER_26), 'an older release of Docker allowed no call that they do not have', () => {
  const { program } = compileOciSeccomp(loadOciSeccomp(DOCKER_26));
  const older = allowedNumbers(program).native.map((nr) => syscallName(nr) ?? `call ${nr}`);
  const { calls } = dockerProfile();
  assert.ok(older.length > 290);
  assert.equal(
    older.filter((call) => !calls.includes(call)),
    [],
  );
});

test.run();
