import * as assert from 'uvu/assert';
import { compileFilter } from '../../src/seccomp/compile.js';
import { disassemble } from '../../src/seccomp/disassemble.js';
import { FilterError } from '../../src/seccomp/errors.js';
import type { Filter } from '../../src/seccomp/filter.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { compare64, equals32, errno, filterOf, masked32, notify, rule } from '../support/filters.js';
import { assertGolden, goldenCompiler } from '../support/golden.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('compileFilter');

const refusals: readonly [name: string, code: string, filter: Filter, hint: RegExp][] = [
  ['a misspelt call', 'FILTER_UNKNOWN_SYSCALL', filterOf([rule('opnat')]), /did you mean "openat"/],
  ['a call of i386 alone', 'FILTER_UNKNOWN_SYSCALL', filterOf([rule('socketcall')]), /./],
  ['no call at all', 'FILTER_UNKNOWN_SYSCALL', filterOf([rule('')]), /syscalls\(2\)/],
  ['a name of Object', 'FILTER_UNKNOWN_SYSCALL', filterOf([rule('constructor')]), /./],
  ['a skipped rule too', 'FILTER_UNKNOWN_SYSCALL', filterOf([rule('opnat', [], notify)]), /openat/],
  [
    'two values for one argument',
    'FILTER_NEVER_MATCHES',
    filterOf([rule('socket', [equals32(0, 1n), equals32(0, 2n)])]),
    /remove the rule/,
  ],
  [
    'a value outside its mask',
    'FILTER_NEVER_MATCHES',
    filterOf([rule('clone', [{ arg: 0, width: 32, compare: 'masked', mask: 2n, value: 1n }])]),
    /remove the rule/,
  ],
  [
    'a value wider than its type',
    'FILTER_NEVER_MATCHES',
    filterOf([rule('ioctl', [equals32(1, 0x1_0000_0000n)])]),
    /remove the rule/,
  ],
  [
    'a range on one argument',
    'FILTER_REFUSED',
    filterOf([rule('lseek', [compare64(1, 'ge', 1n), compare64(1, 'le', 9n)])]),
    /a mask/,
  ],
  [
    'two actions for one call',
    'FILTER_REFUSED',
    filterOf([rule('prctl', [equals32(1, 1n), equals32(2, 2n)]), rule('prctl', [equals32(1, 1n)], errno(5))]),
    /exclude each other/,
  ],
  [
    'a program beyond the kernel',
    'FILTER_TOO_LARGE',
    filterOf(Array.from({ length: 5000 }, (_, i) => rule('ioctl', [equals32(1, BigInt(i) * 77n)]))),
    /a mask/,
  ],
];
for (const [name, code, filter, hint] of refusals) {
  test(`refuses ${name} with ${code}`, async () => {
    const error = await rejection(() => compileFilter(filter));
    assert.instance(error, FilterError);
    assert.is((error as FilterError).code, code);
    if (hint.source !== '.') assert.match((error as FilterError).hint ?? '', hint);
  });
}

const small = filterOf([rule('read'), rule('clone3', [], errno(38)), rule('mseal')], { foreignAction: errno(77) });
const verdicts: readonly [call: string, nr: number, args: bigint[], arch: number | undefined, verdict: string][] = [
  ['an allowed call', 0, [], undefined, 'allow'],
  ['an allowed call newer than libseccomp', 462, [], undefined, 'allow'],
  ['a call with an errno', 435, [], undefined, 'errno 38'],
  ['a call without a rule', 1, [], undefined, 'notify'],
  ['a number that no kernel has', 599, [], undefined, 'notify'],
  ['an x32 call', 0x4000_0000, [], undefined, 'errno 77'],
  ['an i386 call', 0, [], 0x4000_0003, 'errno 77'],
  ['a call that a tracer skips', 0xffff_ffff, [], undefined, 'notify'],
];
for (const [name, nr, args, arch, verdict] of verdicts) {
  test(`${name} gets ${verdict}`, () =>
    assert.is(simulate(compileFilter(small), arch === undefined ? { nr, args } : { nr, args, arch }), verdict));
}

test('a 32-bit equality ignores what stands above bit 31', () => {
  const program = compileFilter(filterOf([rule('ioctl', [equals32(1, 0x5401n)])]));
  assert.is(simulate(program, { nr: 16, args: [0n, 0xdead_beef_0000_5401n] }), 'allow');
  assert.is(simulate(program, { nr: 16, args: [0n, 0x5402n] }), 'notify');
});

test('two masks on one argument hold together', () => {
  const program = compileFilter(filterOf([rule('open', [masked32(1, 0xf0n, 0x10n), masked32(1, 0x1fn, 0x13n)])]));
  assert.is(simulate(program, { nr: 2, args: [0n, 0x13n] }), 'allow');
  assert.is(simulate(program, { nr: 2, args: [0n, 0x33n] }), 'notify');
  assert.is(simulate(program, { nr: 2, args: [0n, 0x12n] }), 'notify');
});

test('rules with the default action are left out, not refused', () =>
  assert.equal(
    compileFilter(filterOf([rule('read'), rule('ptrace', [], notify)])),
    compileFilter(filterOf([rule('read')])),
  ));

test('equal filters have equal programs', () => assert.equal(compileFilter(small), compileFilter(small)));

test.needs(goldenCompiler(), 'a small program reads as expected', () => {
  const filter = filterOf(
    [
      ...['read', 'write', 'exit_group', 'mseal'].map((name) => rule(name)),
      rule('clone3', [], errno(38)),
      ...[0x5401n, 0x5413n].map((request) => rule('ioctl', [equals32(1, request)])),
      rule('clone', [masked32(0, 0x7e02_0000n, 0n)]),
      rule('lseek', [compare64(1, 'lt', 0x1_0000_0001n)]),
    ],
    { foreignAction: errno(1) },
  );
  assertGolden('seccomp/small.txt', disassemble(compileFilter(filter)));
});

test.run();
