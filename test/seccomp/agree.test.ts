import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { describeDisagreement, findDisagreement } from '../../src/seccomp/agree.js';
import { type DecodedProgram, decodeProgram } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { reachableComparisons } from '../../src/seccomp/explore.js';
import type { BpfProgram, Filter } from '../../src/seccomp/filter.js';
import { type Call, dataOf, runProgram } from '../../src/seccomp/simulate.js';
import { syscallNumber } from '../../src/seccomp/syscalls.js';
import {
  allow,
  compare64,
  condition32,
  equals32,
  errno,
  filterOf,
  masked32,
  ordered64,
  rule,
  whenOf,
} from '../support/filters.js';
import { suite } from '../support/suite.js';

const test = suite('findDisagreement');

const filter = filterOf(
  [
    ...['read', 'write', 'exit_group', 'execve', 'mseal'].map((name) => rule(name)),
    rule('clone3', [], errno(38)),
    ...[0x5401n, 0x5413n].map((request) => rule('ioctl', [equals32(1, request)])),
    rule('clone', [masked32(0, 0x7e02_0000n, 0n)]),
    rule('socket', [equals32(0, 1n), masked32(1, 0xfn, 1n), equals32(2, 0n)]),
    rule('lseek', [compare64(1, 'lt', 0x1_0000_0001n)]),
  ],
  { foreignAction: errno(77) },
);

test('finds none in a faithful program', () => assert.is(findDisagreement(filter, compileFilter(filter)), undefined));

test('finds what libseccomp makes weaker', () => {
  const weaker = filterOf([
    rule('prctl', [compare64(1, 'lt', 0xffff_ffffn)]),
    rule('prctl', [compare64(1, 'ge', 0x2_0000_0000n)]),
  ]);
  const found = findDisagreement(weaker, compileFilter(weaker));
  assert.ok(found);
  assert.match(
    describeDisagreement(found),
    /^prctl\(0x0, 0xffffffff, .*: the filter says notify, the program does allow$/,
  );
});

const others: readonly [name: string, other: Filter][] = [
  [
    'a call less',
    filterOf(
      filter.rules.filter(({ syscall }) => syscall !== 'mseal'),
      { foreignAction: errno(77) },
    ),
  ],
  ['a call more', filterOf([...filter.rules, rule('ptrace')], { foreignAction: errno(77) })],
  ['another errno', filterOf([...filter.rules.slice(1), rule('clone3', [], errno(1))], { foreignAction: errno(77) })],
  ['another default action', filterOf(filter.rules, { foreignAction: errno(77), defaultAction: errno(1) })],
  ['another foreign action', filterOf(filter.rules, { foreignAction: allow })],
  ['one more value', filterOf([...filter.rules, rule('ioctl', [equals32(1, 0x5412n)])], { foreignAction: errno(77) })],
  [
    'a call that is new in the kernel',
    filterOf([...filter.rules, rule('rseq_slice_yield')], { foreignAction: errno(77) }),
  ],
];
for (const [name, other] of others)
  test(`finds ${name}`, () => assert.ok(findDisagreement(filter, compileFilter(other))));

test('the first rule that matches decides, and a program that cannot say so is found', () => {
  const mixed = filterOf([rule('prctl', [equals32(0, 1n)], errno(5)), rule('prctl')]);
  assert.ok(findDisagreement(mixed, compileFilter(mixed)));
});

test('finds every altered instruction that changes a verdict on a sample', () => {
  const program = compileFilter(filter);
  const calls = sampleCalls().map(dataOf);
  const original = decodeProgram(program);
  const verdicts = calls.map((data) => runProgram(original, data));
  let changing = 0;
  for (const altered of alterations(program)) {
    const decoded = decodeProgram(altered);
    if (!isLoadable(decoded) || calls.every((data, i) => runProgram(decoded, data) === verdicts[i])) continue;
    changing++;
    assert.ok(findDisagreement(filter, altered), `alteration ${changing}`);
  }
  assert.ok(changing > 100, `${changing} alterations change a verdict`);
});

test('2,000 random filters of 32-bit equalities and masks agree with their programs', () =>
  fc.assert(
    fc.property(fc.array(whenOf(condition32, 4), { minLength: 1, maxLength: 5 }), (rules) => {
      const random = filterOf(rules.map((when) => rule('prctl', when)));
      assert.is(findDisagreement(random, compileFilter(random)), undefined);
    }),
    { numRuns: 2000 },
  ));

test('500 random filters of one ordered comparison agree with their programs', () =>
  fc.assert(
    fc.property(ordered64, (condition) => {
      const random = filterOf([rule('prctl', [condition])]);
      assert.is(findDisagreement(random, compileFilter(random)), undefined);
    }),
    { numRuns: 500 },
  ));

/** A program of its own for every bit of every operand and of every jump. */
function* alterations(program: BpfProgram): Generator<BpfProgram> {
  for (let at = 0; at < program.length; at++) {
    for (const bit of at % 8 < 2 ? [] : [0, 1, 4, 7]) {
      const altered = Uint8Array.from(program) as BpfProgram;
      altered[at] = (program[at] ?? 0) ^ (1 << bit);
      yield altered;
    }
  }
}

function isLoadable(program: DecodedProgram): boolean {
  try {
    reachableComparisons(program, new Map());
    return true;
  } catch {
    return false;
  }
}

function sampleCalls(): Call[] {
  const numbers = ['read', 'mseal', 'clone3', 'ioctl', 'clone', 'socket', 'lseek', 'ptrace'].map(syscallNumber);
  const values = [0n, 1n, 0x5401n, 0x5413n, 0x0002_0000n, 0x1_0000_0000n, 0x1_0000_0001n];
  return [...numbers, 600, 0x4000_0000].flatMap((nr) =>
    values.flatMap((first) => values.map((second) => ({ nr, args: [first, second, 0n, 0n, 0n, 0n] }))),
  );
}

test.run();
