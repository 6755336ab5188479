import * as assert from 'uvu/assert';
import { compareLive, runLive } from '../support/live-kernel.js';
import { allow, argument, compile, errnoOf, refusing, X32_BIT, X86, X86_ABIS } from '../support/oci-blocks.js';
import { suite } from '../support/suite.js';

const test = suite('OCI seccomp blocks in the kernel');

const interesting = refusing(
  [
    allow(['read', 'write', 'exit_group', 'rt_sigreturn', 'socket', 'futex_time64', 'mseal']),
    errnoOf(['getpid'], 4094),
    { names: ['reboot'], action: 'SCMP_ACT_KILL_PROCESS' },
    { names: ['getppid'], action: 'SCMP_ACT_LOG' },
    allow(['ioctl'], [argument(1, 'EQ', 0x5401)]),
    allow(['clone'], [argument(0, 'MASKED_EQ', 0x7e02_0000)]),
    allow(['lseek'], [argument(1, 'LT', 0x1_0000_0001)]),
  ],
  X86_ABIS,
);

test('the running kernel does what the program says, on the three ABIs of x86', () => {
  const values = [0n, 0x5401n, 0x1_0000_0001n];
  const numbers = Array.from({ length: 480 }, (_, nr) => nr);
  const calls = numbers.flatMap((nr) =>
    values.flatMap((value) => {
      const args = [value, value];
      return [
        { nr, args },
        { nr: nr + X32_BIT, args },
        { nr, arch: X86, args: args.map((one) => BigInt.asUintN(32, one)) },
      ];
    }),
  );
  const { differing, verdicts } = compareLive(compile(interesting), calls);
  assert.equal(differing.slice(0, 3), []);
  for (const verdict of ['allow', 'errno 1', 'errno 38', 'errno 4094', 'kill'])
    assert.ok(verdicts.has(verdict), verdict);
});

test('the running kernel kills for an ABI that is not named', () => {
  const live = runLive(compile(refusing([allow(['read', 'exit_group'])])), [
    { nr: 0 },
    { nr: X32_BIT },
    { nr: 3, arch: X86 },
  ]);
  assert.equal(live.filter((verdict) => verdict !== 'absent').slice(0, 2), ['allow', 'kill']);
  assert.ok(['kill', 'absent'].includes(live[2] ?? ''), live[2]);
});

test.run();
