import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { AUDIT_ARCH_I386, X32_BIT } from '../../src/seccomp/bpf.js';
import { compileChecked } from '../../src/seccomp/checked.js';
import type { Filter } from '../../src/seccomp/filter.js';
import type { Call } from '../../src/seccomp/simulate.js';
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
import { compareLive, runLive, tellingCalls } from '../support/live-kernel.js';
import { suite } from '../support/suite.js';

const test = suite('the live kernel');

/** Calls that must not happen are allowed here: the probe asks about them all the same. */
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

function assertAsSimulated(filter: Filter, calls: readonly Call[]): ReadonlySet<string> {
  const { verdicts, differing } = compareLive(compileChecked(filter), calls);
  assert.equal(differing.slice(0, 3), [], `${differing.length} of ${calls.length} calls`);
  return verdicts;
}

test('says of at least 5,000 calls what the simulator says', () => {
  const calls = tellingCalls(mixed);
  assert.ok(calls.length >= 5000, `${calls.length} calls`);
  const seen = assertAsSimulated(mixed, calls);
  for (const verdict of ['allow', 'notify', 'kill', 'errno 38', 'errno 77', 'errno 4094'])
    assert.ok(seen.has(verdict), verdict);
});

test('notifies of i386 and x32 calls where the foreign action says so', () => {
  const filter = filterOf([rule('read'), rule('exit_group')]);
  const calls = [0, 1, 11, 102, 231].flatMap((nr) => [{ nr: nr + X32_BIT }, { nr, arch: AUDIT_ARCH_I386 }]);
  const live = runLive(compileChecked(filter), calls);
  assert.equal([...new Set(live.filter((verdict) => verdict !== 'absent'))], ['notify']);
});

test('notifies of every call that a filter of one rule does not name', () => {
  const asked = allSyscalls.filter(({ nr }) => !unfilteredCalls.has(nr));
  const live = runLive(compileChecked(filterOf([rule('mseal')])), asked);
  assert.equal(
    asked.filter((_, i) => live[i] !== 'notify').map(({ name }) => name),
    ['mseal'],
  );
});

test('is asked about a call of another filter than the one before', () => {
  const call = [{ nr: syscallNumber('ptrace') }];
  assert.equal(runLive(compileChecked(filterOf([rule('ptrace')])), call), ['allow']);
  assert.equal(runLive(compileChecked(filterOf([rule('read')])), call), ['notify']);
});

test('says the same of 30 random filters', () =>
  fc.assert(
    fc.property(fc.array(whenOf(condition32, 3), { minLength: 1, maxLength: 6 }), (rules) => {
      const filter = filterOf(rules.map((when) => rule('prctl', when, allow)));
      assertAsSimulated(
        filter,
        tellingCalls(filter).filter(({ nr }) => nr === syscallNumber('prctl')),
      );
    }),
    { numRuns: 30 },
  ));

test.run();
