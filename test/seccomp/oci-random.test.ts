import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Graph } from '../../src/seccomp/assemble.js';
import { decodeProgram } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { DecisionSpace } from '../../src/seccomp/decision.js';
import { decisionOfProgram } from '../../src/seccomp/decision-program.js';
import { emitGraph } from '../../src/seccomp/emit.js';
import { FilterError } from '../../src/seccomp/errors.js';
import type { Condition } from '../../src/seccomp/filter.js';
import { compileOciSeccomp, parseOciSeccomp } from '../../src/seccomp/oci.js';
import { compareWithLibseccomp } from '../../src/seccomp/oci-comparison.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { errno, filterOf, rule } from '../support/filters.js';
import {
  argumentOf,
  blockArbitrary,
  blockText,
  compileAsCrun,
  EDGE_VALUES,
  matches,
  type WrittenArgument,
  type WrittenBlock,
  X32_BIT,
  X86,
} from '../support/oci-blocks.js';
import { suite } from '../support/suite.js';

const test = suite('random OCI seccomp blocks');

/** How the three ABIs of x86 have the names of `blockArbitrary`: numbers, and codes of multiplexers. */
const CALLS: Readonly<Record<string, Readonly<Record<string, readonly (readonly [nr: number, code?: bigint])[]>>>> = {
  SCMP_ARCH_X86_64: {
    read: [[0]],
    prctl: [[157]],
    personality: [[135]],
    socket: [[41]],
    shmat: [[30]],
    clone3: [[435]],
  },
  SCMP_ARCH_X86: {
    read: [[3]],
    prctl: [[172]],
    personality: [[136]],
    socket: [[102, 1n], [359]],
    shmat: [[117, 21n], [397]],
    mmap2: [[192]],
    futex_time64: [[422]],
    clone3: [[435]],
  },
  SCMP_ARCH_X32: {
    read: [[X32_BIT]],
    prctl: [[X32_BIT + 157]],
    personality: [[X32_BIT + 135]],
    socket: [[X32_BIT + 41]],
    shmat: [[X32_BIT + 30]],
    clone3: [[X32_BIT + 435]],
  },
};

/** Whether the block allows the call, read rule by rule. */
function allows(block: WrittenBlock, abi: string, nr: number, args: readonly bigint[]): boolean {
  return block.syscalls.some((written) =>
    written.names.some((name) =>
      (CALLS[abi]?.[name] ?? []).some(([number, code]) => {
        if (number !== nr) return false;
        const bits = abi === 'SCMP_ARCH_X86_64' ? 64 : 32;
        if (code === undefined) return matches(written, args, bits);
        // The code takes the place of the conditions on the first argument.
        const isRepeated = new Set(written.args.map(({ index }) => index)).size < written.args.length;
        const isFirst = ({ index }: WrittenArgument): boolean => index === 0;
        const others = written.args.filter((one) => !isFirst(one));
        const rest = isRepeated ? written.args.some(isFirst) : others.length === 0;
        return args[0] === code && (rest || matches({ ...written, args: others }, args, bits));
      }),
    ),
  );
}

test('150 random blocks of one action allow what their rules say, on the ABIs of x86', () =>
  fc.assert(
    fc.property(
      blockArbitrary,
      fc.array(fc.constantFrom(...EDGE_VALUES, 21n), { minLength: 3, maxLength: 3 }),
      (block, args) => {
        const program = compileAsCrun(blockText(block));
        for (const abi of ['SCMP_ARCH_X86_64', ...block.architectures.filter((name) => name in CALLS)])
          for (const [nr] of Object.values(CALLS[abi] ?? {}).flat()) {
            const given = abi === 'SCMP_ARCH_X86' ? args.map((one) => BigInt.asUintN(32, one)) : args;
            const arch = abi === 'SCMP_ARCH_X86' ? X86 : 0xc000_003e;
            assert.is(
              simulate(program, { nr, arch, args: given }) === 'allow',
              allows(block, abi, nr, given),
              `${abi} ${nr}`,
            );
          }
      },
    ),
    { numRuns: 150 },
  ));

const ALL = 0xffff_ffff_ffff_ffffn;
const OPERATORS: Readonly<Record<string, 'eq' | 'masked'>> = { SCMP_CMP_EQ: 'eq', SCMP_CMP_MASKED_EQ: 'masked' };
const conditionOf = ({ index, op, value, valueTwo }: WrittenArgument): Condition => {
  const arg = index as Condition['arg'];
  return OPERATORS[op] === 'eq'
    ? { arg, width: 64, compare: 'eq', value }
    : { arg, width: 64, compare: 'masked', mask: value, value: valueTwo & value };
};
/** A mask of all bits is an equality for compileFilter(), and none for libseccomp. */
const exactArgument = argumentOf(['EQ', 'MASKED_EQ']).filter(({ op, value }) => op === 'SCMP_CMP_EQ' || value !== ALL);
const exactRule = fc.tuple(
  fc.constantFrom(5, 6, 7),
  fc.uniqueArray(exactArgument, { minLength: 1, maxLength: 3, selector: ({ index }) => index }),
);

test('150 random blocks decide the same where the program leaves out what equalities have decided', () => {
  let shortened = 0;
  fc.assert(
    fc.property(fc.array(exactRule, { minLength: 2, maxLength: 6 }), (rules) => {
      const syscalls = rules.map(([errnoRet, args]) => ({
        names: ['prctl'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet,
        args,
      }));
      const block: WrittenBlock = { defaultAction: 'SCMP_ACT_NOTIFY', architectures: ['SCMP_ARCH_X86'], syscalls };
      const filter = orRefusal(() => compileOciSeccomp(parseOciSeccomp(blockText(block))).filter);
      if (filter === undefined) return;
      const [plain, short] = [emitGraph(filter, new Graph()), emitGraph(filter, new Graph({ remembers: true }))];
      if (short.length < plain.length) shortened++;
      const space = new DecisionSpace();
      assert.is(decisionOfProgram(space, decodeProgram(plain)), decisionOfProgram(space, decodeProgram(short)));
    }),
    { numRuns: 150 },
  );
  assert.ok(shortened > 10, `${shortened} are shorter`);
});

test('hundreds of values fit, on three ABIs', () => {
  const values = Array.from({ length: 600 }, (_, value) => ({
    names: ['prctl'],
    action: 'SCMP_ACT_ALLOW',
    args: [
      { index: 0, op: 'SCMP_CMP_EQ', value: BigInt(value), valueTwo: 0n },
      { index: 1, op: 'SCMP_CMP_NE', value: 0n, valueTwo: 0n },
    ],
  }));
  const architectures = ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'];
  const program = compileAsCrun(blockText({ defaultAction: 'SCMP_ACT_ERRNO', architectures, syscalls: values }));
  assert.is(simulate(program, { nr: 172, arch: X86, args: [599n, 1n] }), 'allow');
  assert.is(simulate(program, { nr: 157, args: [599n, 0n] }), 'errno 1');
  assert.is(simulate(program, { nr: 157, args: [600n, 1n] }), 'errno 1');
});

/** What `make` gives, or undefined where it refuses. */
function orRefusal<Made>(make: () => Made): Made | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

test('among rules of several actions the one decides that libseccomp lets decide', () => {
  let compared = 0;
  let otherwise = 0;
  fc.assert(
    fc.property(fc.array(exactRule, { minLength: 2, maxLength: 4 }), (rules) => {
      const written = rules.map(([errnoRet, args]) => ({ names: ['prctl'], action: 'SCMP_ACT_ERRNO', errnoRet, args }));
      const block: WrittenBlock = { defaultAction: 'SCMP_ACT_NOTIFY', architectures: [], syscalls: written };
      const filter = filterOf(
        rules.map(([number, args]) => rule('prctl', args.map(conditionOf), errno(number))),
        { foreignAction: { kind: 'kill-thread' } },
      );
      const ours = orRefusal(() => compileAsCrun(blockText(block)));
      const theirs = orRefusal(() => compileFilter(filter));
      if (ours === undefined) return assert.is(theirs, undefined);
      if (theirs === undefined) {
        otherwise++; // refused there: the report says so in place of a list
        return;
      }
      const space = new DecisionSpace();
      compared++;
      if (decisionOfProgram(space, decodeProgram(ours)) === decisionOfProgram(space, decodeProgram(theirs))) return;
      otherwise++;
      assert.ok(differencesOf(blockText(block)) > 0, 'the comparison lists what libseccomp decides otherwise');
    }),
    { numRuns: 150 },
  );
  assert.ok(compared > 100, `${compared} compared`);
  // Where libseccomp drops a rule for a later one, what is left of its tree may stand in another order.
  assert.ok(otherwise <= compared / 25, `${otherwise} of ${compared} are decided otherwise`);
});

const LEFT_OVER: readonly unknown[] = [
  [6, 'SCMP_CMP_MASKED_EQ', 4_294_967_301, 1, [{ index: 1, value: 0, valueTwo: 0, op: 'SCMP_CMP_EQ' }]],
  [5, 'SCMP_CMP_EQ', 0, 0, []],
  [6, 'SCMP_CMP_MASKED_EQ', 4_294_967_301, 1, []],
  [5, 'SCMP_CMP_EQ', 1, 0, []],
].map(([errnoRet, op, value, valueTwo, more]) => ({
  names: ['prctl'],
  action: 'SCMP_ACT_ERRNO',
  errnoRet,
  args: [{ index: 0, value, valueTwo, op }, ...(more as unknown[])],
}));

test('where the tree of libseccomp keeps the place of a rule that it dropped, the disagreement is listed', () =>
  assert.is(differencesOf({ defaultAction: 'SCMP_ACT_NOTIFY', syscalls: LEFT_OVER }), 1));

function differencesOf(block: unknown): number {
  const parsed = parseOciSeccomp(typeof block === 'string' ? block : JSON.stringify(block));
  const comparison = compareWithLibseccomp(parsed, compileOciSeccomp(parsed, { runtime: 'crun' }), 'crun');
  if (comparison.kind === 'not-compared') throw new Error(comparison.reason);
  return comparison.disagreements.length;
}

test.run();
