import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { filterOf as filterOfPolicy } from '../../src/policy/rules.js';
import { type DecodedProgram, decodeProgram } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { DecisionSpace } from '../../src/seccomp/decision.js';
import { decisionOfFilter } from '../../src/seccomp/decision-filter.js';
import { decisionOfProgram } from '../../src/seccomp/decision-program.js';
import { bitsOfWord, equals, evaluateOn, exceeds, masked } from '../../src/seccomp/decision-words.js';
import type { FilterError } from '../../src/seccomp/errors.js';
import { acceptProgram, INSTRUCTIONS, runMachine } from '../../src/seccomp/machine.js';
import { meaningOf } from '../../src/seccomp/meaning.js';
import { runProgram } from '../../src/seccomp/simulate.js';
import { effectOf } from '../../src/seccomp/verdict.js';
import { shipped, shippedPolicy } from '../policy/shipped.js';
import { compare64, condition32, errno, filterOf, ordered64, rule, whenOf } from '../support/filters.js';
import { suite } from '../support/suite.js';

const test = suite('decisions');

const GOLDEN = '../shared/corpus/seccomp/golden';
const lacksGolden = existsSync(GOLDEN) ? undefined : `needs ${GOLDEN}`;
const ARG0_LOW = 4;

/** `struct seccomp_data` near what filters look at. */
const dataArbitrary = fc
  .tuple(
    fc.constantFrom(0xc000_003e, 0x4000_0003, 5),
    fc.oneof(fc.integer({ min: 0, max: 500 }), fc.constantFrom(0x4000_0000, 0x4000_0001, 0x8000_0000, 0xffff_ffff)),
    fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 0xffff_ffff), fc.integer({ min: 0, max: 0xffff_ffff })), {
      minLength: 14,
      maxLength: 14,
    }),
  )
  .map(([arch, nr, rest]) => Uint32Array.from([nr, arch, ...rest]));

test('comparisons of words come out as on all values of their lowest bits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 0, max: 63 }), (mask, value) => {
      const space = new DecisionSpace();
      const bits = masked(space, bitsOfWord(space, ARG0_LOW), mask);
      const [equal, greater, atLeast] = [
        equals(space, bits, value),
        exceeds(space, bits, value, false),
        exceeds(space, bits, value, true),
      ];
      for (let word = 0; word < 64; word++) {
        const data = new Uint32Array(16);
        data[ARG0_LOW] = word;
        const found = [equal, greater, atLeast].map((decision) => evaluateOn(space, decision, data) === 1);
        assert.equal(found, [(word & mask) === value, (word & mask) > value, (word & mask) >= value]);
      }
    }),
    { numRuns: 300 },
  );
});

test('equal meanings are the same node', () => {
  const space = new DecisionSpace();
  const bits = bitsOfWord(space, ARG0_LOW);
  const isTwo = equals(space, bits, 2);
  const betweenOneAndThree = space.choose(
    exceeds(space, bits, 1, false),
    space.choose(exceeds(space, bits, 3, true), space.no, space.yes),
    space.no,
  );
  assert.is(isTwo, betweenOneAndThree);
  assert.is.not(isTwo, equals(space, bits, 3));
});

const condition = fc.oneof(condition32, ordered64);
const ruleArbitrary = fc
  .tuple(fc.constantFrom('read', 'ioctl', 'openat'), whenOf(condition, 2), fc.constantFrom(undefined, 1, 38))
  .map(([name, when, answer]) => rule(name, when, answer === undefined ? undefined : errno(answer)));

test('a filter decides as its plain meaning does', () => {
  fc.assert(
    fc.property(fc.array(ruleArbitrary, { maxLength: 5 }), dataArbitrary, (rules, data) => {
      const filter = filterOf(rules);
      const space = new DecisionSpace();
      assert.is(evaluateOn(space, decisionOfFilter(space, filter), data), effectOf(meaningOf(filter).verdictOn(data)));
    }),
    { numRuns: 500 },
  );
});

test('the program of every shipped policy is its filter, for every call there is', () => {
  for (const { name, syscalls } of shipped) {
    const filter = filterOfPolicy(syscalls);
    const space = new DecisionSpace();
    const program = decisionOfProgram(space, decodeProgram(compileFilter(filter)));
    assert.is(program, decisionOfFilter(space, filter), name);
  }
});

test('what libseccomp weakens is another decision', () => {
  const filter = filterOf([
    rule('read', [compare64(1, 'lt', 0xffff_ffffn)]),
    rule('read', [compare64(1, 'ge', 0x2_0000_0000n)]),
  ]);
  const space = new DecisionSpace();
  const program = decisionOfProgram(space, decodeProgram(compileFilter(filter)));
  assert.is.not(program, decisionOfFilter(space, filter));
});

const CODES = [...INSTRUCTIONS.keys()];

/** Programs of any instructions, with jumps inside; not all of them can be told. */
const programArbitrary: fc.Arbitrary<DecodedProgram> = fc
  .array(
    fc.tuple(
      fc.constantFrom(...CODES),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
      fc.oneof(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 0xffff_ffff })),
    ),
    { minLength: 1, maxLength: 24 },
  )
  .map((drawn) => {
    const returns = [0x7fff_0000, 0x0005_0001, 0x0005_0026, 0x8000_0000, 0x7ffc_0000];
    const all = [...drawn, ...returns.map((value) => [0x06, 0, 0, value] as const)];
    const last = all.length - 1;
    const within = (pc: number, offset: number): number => Math.min(offset, last - pc - 1);
    const k = all.map(([code, , , operand], pc) => {
      const kind = INSTRUCTIONS.get(code);
      if (kind?.kind === 'load-word') return (operand % 16) * 4;
      if (kind?.kind === 'load-scratch' || kind?.kind === 'store') return operand % 16;
      if (kind?.kind === 'go') return within(pc, operand % 4);
      if (code === 0x64 || code === 0x74) return operand % 32;
      return code === 0x34 ? operand || 1 : operand;
    });
    return {
      length: all.length,
      code: Uint16Array.from(all, ([code]) => code),
      ifTrue: Uint8Array.from(all, ([, jump], pc) => Math.max(0, within(pc, jump))),
      ifFalse: Uint8Array.from(all, ([, , jump], pc) => Math.max(0, within(pc, jump))),
      k: Uint32Array.from(k),
    };
  });

test('a program of any instructions decides as it runs, or is refused', () => {
  let told = 0;
  fc.assert(
    fc.property(programArbitrary, fc.array(dataArbitrary, { minLength: 5, maxLength: 5 }), (program, calls) => {
      const space = new DecisionSpace();
      let decision: ReturnType<typeof decisionOfProgram>;
      try {
        decision = decisionOfProgram(space, program);
      } catch (error) {
        assert.match((error as FilterError).code, /^FILTER_(UNSUPPORTED|TOO_COMPLEX)$/);
        return;
      }
      told++;
      for (const data of calls)
        assert.is(evaluateOn(space, decision, data), effectOf(runMachine(program, data)), [...data].join(' '));
    }),
    { numRuns: 3000 },
  );
  assert.ok(told > 1000, `${told} programs were told`);
});

test('the whole machine does what the simulator of our own programs does', () => {
  const program = decodeProgram(compileFilter(filterOfPolicy(shippedPolicy('strict').syscalls)));
  fc.assert(
    fc.property(dataArbitrary, (data) => assert.is(runMachine(program, data), runProgram(program, data))),
    { numRuns: 500 },
  );
});

test.needs(lacksGolden, "crun's and runc's programs differ exactly where runc's stub answers", () => {
  const space = new DecisionSpace();
  const decision = (name: string): number =>
    decisionOfProgram(space, acceptProgram(readFileSync(`${GOLDEN}/${name}.0.bpf`)));
  assert.is(decision('docker26-default-runc'), decision('docker26-default-runc143'));
  assert.is.not(decision('docker26-default-runc'), decision('docker26-default-crun'));
  for (const name of ['podman54-default', 'containerd17-cri-seccomp']) {
    assert.is(decision(`${name}-runc`), decision(`${name}-crun`), name);
    assert.is(decision(`${name}-runc`), decision(`${name}-runc143`), name);
  }
});

const bytesOf = (...instructions: readonly (readonly [number, number, number, number])[]): Uint8Array => {
  const bytes = new Uint8Array(instructions.length * 8);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, ifTrue, ifFalse, k], at) => {
    view.setUint16(at * 8, code, true);
    view.setUint8(at * 8 + 2, ifTrue);
    view.setUint8(at * 8 + 3, ifFalse);
    view.setUint32(at * 8 + 4, k, true);
  });
  return bytes;
};
const RETURN_ALLOW = [0x06, 0, 0, 0x7fff_0000] as const;

const refusalOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as FilterError).code;
  }
  return 'accepted';
};

const INVALID: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['a torn instruction', new Uint8Array(12)],
  ['too many instructions', new Uint8Array(4097 * 8)],
  ['no return at its end', bytesOf([0x20, 0, 0, 0])],
  ['a jump past its end', bytesOf([0x15, 0, 2, 0], RETURN_ALLOW, RETURN_ALLOW)],
  ['a far jump past its end', bytesOf([0x05, 0, 0, 0xffff_ffff], RETURN_ALLOW)],
  ['a load of half a word', bytesOf([0x20, 0, 0, 2], RETURN_ALLOW)],
  ['a load behind the data', bytesOf([0x20, 0, 0, 64], RETURN_ALLOW)],
  ['a load of a packet', bytesOf([0x28, 0, 0, 0], RETURN_ALLOW)],
  ['a remainder, which filters have not', bytesOf([0x94, 0, 0, 3], RETURN_ALLOW)],
  ['a division by zero', bytesOf([0x34, 0, 0, 0], RETURN_ALLOW)],
  ['a shift by 32', bytesOf([0x64, 0, 0, 32], RETURN_ALLOW)],
  ['a seventeenth scratch word', bytesOf([0x02, 0, 0, 16], RETURN_ALLOW)],
  ['a load of what was never stored', bytesOf([0x60, 0, 0, 0], RETURN_ALLOW)],
  ['such a load that nothing reaches', bytesOf(RETURN_ALLOW, [0x61, 0, 0, 3], RETURN_ALLOW)],
  ['a load of another word than was stored', bytesOf([0x02, 0, 0, 1], [0x60, 0, 0, 2], RETURN_ALLOW)],
  [
    'a load of what was stored on one way to it alone',
    bytesOf([0x20, 0, 0, 0], [0x15, 0, 1, 5], [0x02, 0, 0, 0], [0x60, 0, 0, 0], RETURN_ALLOW),
  ],
];
for (const [what, bytes] of INVALID)
  test(`a program with ${what} is refused`, () => {
    assert.is(
      refusalOf(() => acceptProgram(bytes)),
      'FILTER_PROGRAM_INVALID',
    );
  });

test('a scratch word that is stored on every way to its load is accepted', () => {
  const [load, store, fetch] = [[0x20, 0, 0, 0] as const, [0x02, 0, 0, 15] as const, [0x61, 0, 0, 15] as const];
  for (const program of [
    bytesOf(store, fetch, RETURN_ALLOW),
    bytesOf(load, [0x15, 0, 2, 5], store, [0x05, 0, 0, 1], [0x03, 0, 0, 15], fetch, RETURN_ALLOW),
    bytesOf(load, [0x05, 0, 0, 1], fetch, RETURN_ALLOW),
  ])
    acceptProgram(program);
});

test('what cannot be told exactly is refused, and never guessed', () => {
  const loadNumber = [0x20, 0, 0, 0] as const;
  for (const program of [
    bytesOf(loadNumber, [0x16, 0, 0, 0], RETURN_ALLOW),
    bytesOf(loadNumber, [0x24, 0, 0, 3], RETURN_ALLOW, RETURN_ALLOW),
  ]) {
    const accepted = acceptProgram(program);
    assert.is(
      refusalOf(() => decisionOfProgram(new DecisionSpace(), accepted)),
      'FILTER_UNSUPPORTED',
    );
  }
});

test('a space that would grow without end is refused', () => {
  const space = new DecisionSpace(1 << 15);
  const grow = (): unknown => {
    let decision = space.no;
    for (let value = 0; value < 1 << 16; value++)
      decision = space.choose(
        equals(space, bitsOfWord(space, ARG0_LOW), Math.imul(value, 0x9e37_79b1) >>> 0),
        space.yes,
        decision,
      );
    return decision;
  };
  assert.is(refusalOf(grow), 'FILTER_TOO_COMPLEX');
});

test('the kernel ignores what an action does not use', () => {
  const cases: readonly (readonly [number, number])[] = [
    [0x7fff_1234, 0x7fff_0000],
    [0x8000_0001, 0x8000_0000],
    [0x0005_0026, 0x0005_0026],
    [0x0005_ffff, 0x0005_0fff],
    [0x0003_0007, 0x0003_0007],
    [0x1234_0000, 0x8000_0000],
    [0x0000_0007, 0x0000_0000],
  ];
  for (const [returned, effect] of cases) assert.is(effectOf(returned), effect, returned.toString(16));
});

test('a program that ends at once decides at once', () => {
  const space = new DecisionSpace();
  const decision = decisionOfProgram(space, acceptProgram(bytesOf(RETURN_ALLOW)));
  assert.is(space.valueOf(decision), 0x7fff_0000);
});

test.run();
