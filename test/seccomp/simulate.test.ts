import * as assert from 'uvu/assert';
import { decodeProgram } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { disassemble } from '../../src/seccomp/disassemble.js';
import { reachableComparisons } from '../../src/seccomp/explore.js';
import type { ArgumentIndex, BpfProgram, Comparison } from '../../src/seccomp/filter.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { compare64, equals32, filterOf, masked32, rule } from '../support/filters.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('simulate');

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, k: number];
const RETURN_K = (k: number): Instruction => [0x06, 0, 0, k];

function assemble(...instructions: readonly Instruction[]): BpfProgram {
  const bytes = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, ifTrue, ifFalse, k], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(k, index * 8 + 4);
  });
  return new Uint8Array(bytes) as BpfProgram;
}

const verdicts: readonly [returned: number, word: string][] = [
  [0x7fff_0000, 'allow'],
  [0x7ffc_0000, 'log'],
  [0x7ff0_0007, 'trace 7'],
  [0x7fc0_0000, 'notify'],
  [0x0005_0026, 'errno 38'],
  [0x0003_0001, 'trap 1'],
  [0x0000_0000, 'kill-thread'],
  [0x8000_0000, 'kill-process'],
  [0x1234_5678, 'unknown 0x12345678'],
];
for (const [returned, word] of verdicts)
  test(`0x${returned.toString(16)} is ${word}`, () =>
    assert.is(simulate(assemble(RETURN_K(returned)), { nr: 0 }), word));

/** accumulator = nr; the comparison returns errno 1 where it holds, else errno 2. */
const compared = (code: number, k: number): BpfProgram =>
  assemble([0x20, 0, 0, 0], [code, 0, 1, k], RETURN_K(0x5_0001), RETURN_K(0x5_0002));
const jumps: readonly [name: string, code: number, nr: number, k: number, taken: boolean][] = [
  ['==', 0x15, 5, 5, true],
  ['==', 0x15, 5, 6, false],
  ['== beyond 31 bits', 0x15, 0xffff_ffff, 0xffff_ffff, true],
  ['>', 0x25, 6, 5, true],
  ['>', 0x25, 5, 5, false],
  ['> without a sign', 0x25, 0x8000_0000, 1, true],
  ['>=', 0x35, 5, 5, true],
  ['>=', 0x35, 4, 5, false],
];
for (const [name, code, nr, k, taken] of jumps)
  test(`${nr} ${name} ${k} is ${taken}`, () =>
    assert.is(simulate(compared(code, k), { nr }), taken ? 'errno 1' : 'errno 2'));

test('loads both halves of an argument', () => {
  const highOf3 = assemble(
    [0x20, 0, 0, 16 + 3 * 8 + 4],
    [0x54, 0, 0, 0xff],
    [0x15, 0, 1, 0x34],
    RETURN_K(0x7fff_0000),
    RETURN_K(0),
  );
  assert.is(simulate(highOf3, { nr: 0, args: [0n, 0n, 0n, 0x1234_0000_0000n] }), 'allow');
  assert.is(simulate(highOf3, { nr: 0, args: [0n, 0n, 0n, 0x34n] }), 'kill-thread');
});

test('goes where an unconditional jump says', () =>
  assert.is(simulate(assemble([0x05, 0, 0, 1], RETURN_K(0), RETURN_K(0x7fff_0000)), { nr: 0 }), 'allow'));

const unloadable: readonly [name: string, program: BpfProgram][] = [
  ['no return', assemble([0x20, 0, 0, 0])],
  ['a jump beyond the end', assemble([0x05, 0, 0, 9], RETURN_K(0))],
  ['an unknown instruction', assemble([0x45, 0, 0, 0], RETURN_K(0))],
  ['a load beyond the data', assemble([0x20, 0, 0, 64], RETURN_K(0))],
  ['a load between words', assemble([0x20, 0, 0, 2], RETURN_K(0))],
  ['half an instruction', new Uint8Array(4) as BpfProgram],
  ['nothing', new Uint8Array(0) as BpfProgram],
];
for (const [name, program] of unloadable) {
  test(`refuses a program with ${name}`, async () => {
    assert.instance(await rejection(() => simulate(program, { nr: 0 })), RangeError);
    assert.instance(await rejection(() => reachableComparisons(decodeProgram(program), new Map())), RangeError);
  });
}

const LONG: readonly [name: string, arg: ArgumentIndex][] = [
  ['ioctl', 1],
  ['ioctl', 2],
  ['prctl', 2],
  ['prctl', 3],
];

test('the simulator knows what libseccomp emits, and nothing else', () => {
  const comparisons: readonly Comparison[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];
  const values = [0n, 5n, 0xffff_ffffn, 0x1_0000_0000n, 0x5_0000_0005n];
  const filters = [
    ...comparisons.flatMap((compare) =>
      values.map((value) => filterOf([rule('prctl', [compare64(0, compare, value)])])),
    ),
    filterOf([rule('read'), rule('clone', [masked32(0, 0xf0n, 0x10n)])]),
    // Long chains on several arguments: a jump beyond 255 instructions.
    filterOf(
      LONG.flatMap(([name, arg]) => Array.from({ length: 200 }, (_, i) => rule(name, [equals32(arg, BigInt(i))]))),
    ),
  ];
  const seen = new Set(filters.flatMap((filter) => [...decodeProgram(compileFilter(filter)).code]));
  assert.equal(
    [...seen].sort((a, b) => a - b),
    [0x05, 0x06, 0x15, 0x20, 0x25, 0x35, 0x54],
  );
});

test('lists every instruction, also those it does not know', () => {
  const program = assemble(
    [0x20, 0, 0, 4],
    [0x15, 0, 1, 0x4000_0003],
    [0x45, 0, 0, 8],
    [0x20, 0, 0, 12],
    RETURN_K(0x5_0001),
  );
  assert.is(
    disassemble(program),
    '0  load architecture\n1  if == i386 goto 2 else 3\n2  unknown 0x45 0x8\n3  load instruction pointer high\n4  return errno 1\n',
  );
});

test.run();
