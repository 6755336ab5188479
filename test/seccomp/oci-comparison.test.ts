/** What the filter of this machine's libseccomp answers, beside ours: each disagreement is listed, and nothing else. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { abis, numbersOf } from '../../src/seccomp/abis.js';
import { decodeProgram, describeVerdict } from '../../src/seccomp/bpf.js';
import { DecisionSpace } from '../../src/seccomp/decision.js';
import { decisionOfProgram } from '../../src/seccomp/decision-program.js';
import { type CompiledOciSeccomp, compileOciSeccomp, type OciSeccomp, parseOciSeccomp } from '../../src/seccomp/oci.js';
import { compareWithLibseccomp, type OciDisagreement } from '../../src/seccomp/oci-comparison.js';
import { compileByLibseccomp } from '../../src/seccomp/oci-libseccomp.js';
import type { Runtime } from '../../src/seccomp/oci-rules.js';
import { dataOf, runProgram } from '../../src/seccomp/simulate.js';
import { allow, argument, argumentOf, blockText, errnoOf, refusing, X86_ABIS } from '../support/oci-blocks.js';
import { suite } from '../support/suite.js';

const test = suite('OCI blocks beside libseccomp');

type Both = { readonly block: OciSeccomp; readonly compiled: CompiledOciSeccomp };
function both(text: string, runtime: Runtime): Both {
  const block = parseOciSeccomp(text);
  return { block, compiled: compileOciSeccomp(block, { runtime }) };
}

function disagreements(written: object, runtime: Runtime = 'runc'): readonly OciDisagreement[] {
  const { block, compiled } = both(JSON.stringify(written), runtime);
  const comparison = compareWithLibseccomp(block, compiled, runtime);
  if (comparison.kind !== 'compared') throw new Error(comparison.reason);
  return comparison.disagreements;
}

const equal: readonly [name: string, block: object][] = [
  ['calls of three ABIs', refusing([allow(['read', 'openat', 'socket', 'shmat', 'mmap2'])], X86_ABIS)],
  ['no ABI', refusing([allow(['read', 'openat'])])],
  ['rules for no call of the default one', refusing([errnoOf(['read', 'openat'], 1)], X86_ABIS)],
  ['conditions', refusing([allow(['clone'], [argument(0, 'MASKED_EQ', 0x7e02_0000, 0)])], X86_ABIS)],
  ['what permits', { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [errnoOf(['mount'], 5)] }],
];
for (const [name, block] of equal)
  test(`${name}: no disagreement, as runc's and as crun's`, () => {
    assert.equal(disagreements(block), []);
    assert.equal(disagreements(block, 'crun'), []);
  });

type Case = readonly [name: string, block: object, found: Partial<OciDisagreement>];
const AARCH64 = { defaultAction: 'SCMP_ACT_LOG', architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'] };
const differing: readonly Case[] = [
  [
    'a call that an ABI has not, before the first that it has',
    { ...AARCH64, syscalls: [errnoOf(['munlock'], 5, [argument(2, 'EQ', 4)]), errnoOf(['umount'], 6)] },
    {
      architecture: 'SCMP_ARCH_AARCH64',
      calls: ['munlock'],
      witness: 'munlock(0x0, 0x0, 0x4, 0x0, 0x0, 0x0)',
      ours: 'errno 5',
      theirs: 'log',
      rules: ['/syscalls/0'],
    },
  ],
  [
    'two bounds on one argument',
    refusing([
      { names: ['pause'], action: 'SCMP_ACT_TRACE', args: [argument(3, 'GT', 2)] },
      allow(['pause'], [argument(3, 'GE', 0x6f4b_70ff), argument(5, 'NE', 13)]),
      allow(['openat']),
    ]),
    { calls: ['pause'], ours: 'allow', theirs: 'trace 1', rules: ['/syscalls/0', '/syscalls/1'] },
  ],
  [
    'a call that is newer than libseccomp',
    refusing([allow(['read', 'rseq_slice_yield'])]),
    { calls: ['rseq_slice_yield'], ours: 'allow', rules: ['/syscalls/0'] },
  ],
];
for (const [name, block, wanted] of differing)
  test(`${name}: listed, with a witness`, () => {
    const found = disagreements(block).filter(({ calls }) => calls.some((call) => wanted.calls?.includes(call)));
    const keys = Object.keys(wanted) as (keyof OciDisagreement)[];
    const told = found.map((one) => Object.fromEntries(keys.map((key) => [key, one[key]])));
    assert.ok(
      told.some((one) => JSON.stringify(one) === JSON.stringify(wanted)),
      JSON.stringify(found),
    );
  });

test('where a disagreement goes on without end, every number of it is listed', () => {
  const found = disagreements(refusing([allow(['read', 'rseq_slice_yield'])], { architectures: ['SCMP_ARCH_X86_64'] }));
  const newer = found.find(({ calls }) => calls.includes('472 to 1073741823'));
  assert.equal([newer?.count, newer?.ours, newer?.theirs], [0x4000_0000 - 472, 'errno 38', 'errno 1']);
  const listed = new Set(found.flatMap(({ calls }) => calls));
  assert.ok(listed.has('2147483648 to 3221225471'));
  assert.ok([...listed].filter((call) => / to /.test(call)).length < 10);
});

test('a block on which libseccomp does not end is not compared, and that is told', () => {
  const masked = (index: number, mask: number, value: number): unknown => argument(index, 'MASKED_EQ', mask, value);
  const rules = [
    ['KILL_PROCESS', [argument(2, 'EQ', 5), argument(0, 'NE', 0), argument(1, 'NE', 7)]],
    ['TRAP', [argument(0, 'EQ', 3), argument(2, 'NE', 1), masked(1, 2 ** 32, 5)]],
    ['LOG', [masked(1, 2 ** 32 + 5, 2), argument(0, 'EQ', 5), argument(2, 'NE', 5)]],
  ] as const;
  const syscalls = rules.map(([action, args]) => ({ names: ['sendmsg'], action: `SCMP_ACT_${action}`, args }));
  const { block, compiled } = both(JSON.stringify(refusing(syscalls)), 'runc');
  const comparison = compareWithLibseccomp(block, compiled, 'runc', { timeLimitMs: 1 });
  assert.is(comparison.kind, 'not-compared');
  assert.match(JSON.stringify(comparison), /did not end within 1 ms/);
});

const wordOf = ({ architecture, witness }: OciDisagreement): Uint32Array => {
  const [, call = '', args = ''] = /^(\w+)\((.*)\)$/.exec(witness) ?? [];
  const abi = abis.find(({ name }) => name === architecture);
  if (abi === undefined) throw new Error(architecture);
  const nr = /^\d+$/.test(call) ? Number(call) : (numbersOf(abi.table).get(call) ?? 0) + abi.base;
  return dataOf({ nr, arch: abi.audit, args: args.split(', ').map(BigInt) });
};

const ruleArbitrary = fc.record({
  names: fc.subarray(['prctl', 'socket', 'mmap2'], { minLength: 1 }),
  action: fc.constantFrom('SCMP_ACT_ALLOW', 'SCMP_ACT_LOG'),
  args: fc.array(argumentOf(['EQ', 'MASKED_EQ', 'NE', 'GE']), { minLength: 1, maxLength: 2 }),
});
const blocks = fc.record({
  defaultAction: fc.constantFrom('SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS'),
  architectures: fc.subarray(['SCMP_ARCH_X86', 'SCMP_ARCH_X32', 'SCMP_ARCH_AARCH64']),
  syscalls: fc.array(ruleArbitrary, { minLength: 2, maxLength: 4 }),
});

/** Both programs as decisions of one space, so that they are equal exactly if they are the same. */
function areEqual(compiled: CompiledOciSeccomp, theirs: ReturnType<typeof compileByLibseccomp>): boolean {
  const space = new DecisionSpace();
  const [ours, other] = [compiled, theirs].map(({ program }) => decisionOfProgram(space, decodeProgram(program)));
  return ours === other;
}

test('of 25 random blocks each disagreement is what the two programs really answer, and none is missing', () => {
  let listed = 0;
  fc.assert(
    fc.property(blocks, (written) => {
      const block = parseOciSeccomp(blockText(written));
      let compiled: CompiledOciSeccomp;
      let theirs: ReturnType<typeof compileByLibseccomp>;
      try {
        compiled = compileOciSeccomp(block, { runtime: 'crun' });
        theirs = compileByLibseccomp(block);
      } catch {
        return;
      }
      const comparison = compareWithLibseccomp(block, compiled, 'crun');
      if (comparison.kind !== 'compared') return;
      assert.is(comparison.disagreements.length === 0, areEqual(compiled, theirs));
      for (const one of comparison.disagreements) {
        const data = wordOf(one);
        assert.is(describeVerdict(runProgram(decodeProgram(compiled.program), data)), one.ours);
        assert.is(describeVerdict(runProgram(decodeProgram(theirs.program), data)), one.theirs);
        listed++;
      }
    }),
    // The same ones each time: libseccomp needs a process for most of them, and some must disagree.
    { numRuns: 25, seed: 5 },
  );
  assert.ok(listed > 3, `${listed} listed`);
});

test.run();
