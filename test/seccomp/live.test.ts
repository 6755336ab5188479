import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { AUDIT_ARCH_I386, X32_BIT } from '../../src/seccomp/bpf.js';
import { compileChecked } from '../../src/seccomp/checked.js';
import type { Filter } from '../../src/seccomp/filter.js';
import { type Call, simulate } from '../../src/seccomp/simulate.js';
import { allSyscalls, syscallNumber, unfilteredCalls } from '../../src/seccomp/syscalls.js';
import {
  allow,
  compare64,
  condition32,
  equals32,
  errno,
  filterOf,
  masked32,
  rule,
  whenOf,
} from '../support/filters.js';
import { asLive, runLive } from '../support/live-kernel.js';
import { suite } from '../support/suite.js';

const test = suite('the live kernel');

const mixed = filterOf(
  [
    ...['read', 'write', 'exit_group', 'exit', 'execve', 'rt_sigreturn', 'vfork', 'mseal'].map((name) => rule(name)),
    rule('clone3', [], errno(38)),
    rule('getpid', [], errno(4094)),
    rule('io_uring_setup', [], errno(38)),
    rule('reboot', [], { kind: 'kill-process' }),
    rule('getppid', [], { kind: 'log' }),
    ...[0x5401n, 0x5413n, 0x541bn].map((request) => rule('ioctl', [equals32(1, request)])),
    rule('clone', [masked32(0, 0x7e02_0000n, 0n)]),
    rule('socket', [equals32(0, 1n), masked32(1, 0xfn, 1n), equals32(2, 0n)]),
    rule('lseek', [compare64(1, 'lt', 0x1_0000_0001n)]),
  ],
  { foreignAction: errno(77) },
);

const everyNumber: readonly Call[] = Array.from({ length: 601 }, (_, nr) => nr).flatMap((nr) => [
  { nr },
  { nr, args: Array<bigint>(6).fill(0xffff_ffff_ffff_ffffn) },
  { nr: nr + X32_BIT },
  { nr, arch: AUDIT_ARCH_I386 },
]);
const edges: readonly Call[] = [X32_BIT - 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe].map((nr) => ({ nr }));
const someArguments: readonly Call[] = fc
  .sample(
    fc.tuple(
      fc.constantFrom('ioctl', 'clone', 'socket', 'lseek'),
      fc.array(
        fc.oneof(fc.constantFrom(0n, 1n, 2n, 0x5401n, 0xf000_0001n, 0x1_0000_0000n), fc.bigInt(0n, 2n ** 64n - 1n)),
        {
          minLength: 6,
          maxLength: 6,
        },
      ),
    ),
    { numRuns: 3000, seed: 7 },
  )
  .map(([name, args]) => ({ nr: syscallNumber(name), args }));

/** Whether the kernel has the call's entry and asks filters about it. */
const isFiltered = (call: Call, verdict: string | undefined): boolean =>
  verdict !== 'absent' && !(verdict === 'unfiltered' && call.arch === undefined && unfilteredCalls.has(call.nr));

function assertAsSimulated(filter: Filter, calls: readonly Call[]): Set<string> {
  const program = compileChecked(filter);
  const live = runLive(program, calls);
  const wrong = calls.filter((call, i) => isFiltered(call, live[i]) && live[i] !== asLive(simulate(program, call)));
  assert.equal(wrong.slice(0, 3), [], `${wrong.length} calls`);
  return new Set(live);
}

test('says of 5,400 calls what the simulator says', () => {
  const calls = [...everyNumber, ...edges, ...someArguments];
  assert.ok(calls.length >= 5000);
  const seen = assertAsSimulated(mixed, calls);
  for (const verdict of ['allow', 'notify', 'kill', 'errno 38', 'errno 77', 'errno 4094'])
    assert.ok(seen.has(verdict), verdict);
});

test('notifies of i386 and x32 calls where the foreign action says so', () => {
  const filter = filterOf([rule('read'), rule('exit_group')]);
  const calls = [0, 1, 11, 102, 231].flatMap((nr) => [{ nr: nr + X32_BIT }, { nr, arch: AUDIT_ARCH_I386 }]);
  const live = runLive(compileChecked(filter), calls);
  const expected = new Set(live.filter((verdict) => verdict !== 'absent'));
  assert.equal([...expected], ['notify']);
});

test('notifies of every call that a filter of one rule does not name', () => {
  const live = runLive(compileChecked(filterOf([rule('mseal')])), allSyscalls);
  assert.equal(
    allSyscalls.filter((call, i) => isFiltered(call, live[i]) && live[i] !== 'notify').map(({ name }) => name),
    ['mseal'],
  );
});

test('says the same of 40 random filters', () =>
  fc.assert(
    fc.property(
      fc.array(whenOf(condition32, 3), { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.bigInt(0n, 2n ** 64n - 1n)),
      (rules, random) => {
        const filter = filterOf(rules.map((when) => rule('prctl', when, allow)));
        const values = rules.flat().flatMap(({ value }) => [value, value | (1n << 63n)]);
        const calls = Array.from({ length: 60 }, (_, i) => ({
          nr: syscallNumber('prctl'),
          args: [0, 1, 2, 3, 4, 5].map(
            (arg) => values[(i * 7 + arg * (i % 5)) % values.length] ?? random.next().value ?? 0n,
          ),
        }));
        assertAsSimulated(filter, calls);
      },
    ),
    { numRuns: 40 },
  ));

test.run();
