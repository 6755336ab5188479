import * as assert from 'uvu/assert';
import { compileOciSeccomp, type OciSeccompOptions, parseOciSeccomp } from '../../src/seccomp/oci.js';
import { simulate } from '../../src/seccomp/simulate.js';
import {
  AARCH64,
  allow,
  argument,
  compile,
  compileAsCrun,
  errnoOf,
  refusing,
  X32_BIT,
  X86,
  X86_ABIS,
} from '../support/oci-blocks.js';
import { suite } from '../support/suite.js';

const test = suite('OCI seccomp blocks');

type Case = readonly [
  name: string,
  block: object,
  nr: number,
  arch: number | undefined,
  args: bigint[],
  verdict: string,
];
const cases: Case[] = [
  ['an allowed call', refusing([allow(['read', 'openat'])]), 0, undefined, [], 'allow'],
  ['a call between', refusing([allow(['read', 'openat'])]), 1, undefined, [], 'errno 1'],
  ['a call above all that are named', refusing([allow(['read', 'openat'])]), 258, undefined, [], 'errno 38'],
  ['the same where the default permits', { defaultAction: 'SCMP_ACT_TRACE' }, 258, undefined, [], 'trace 1'],
  ['x32, which is not named', refusing([allow(['openat'])]), X32_BIT, undefined, [], 'kill-thread'],
  ['i386, which is not named', refusing([allow(['openat'])]), 0, X86, [], 'kill-thread'],
  ['openat of i386', refusing([allow(['openat'])], X86_ABIS), 295, X86, [], 'allow'],
  ['openat of x32', refusing([allow(['openat'])], X86_ABIS), X32_BIT + 257, undefined, [], 'allow'],
  ['socket(2) of i386', refusing([allow(['socket', 'bind', 'read', 'openat2'])], X86_ABIS), 359, X86, [], 'allow'],
  ['socketcall for it', refusing([allow(['socket', 'openat2'])], X86_ABIS), 102, X86, [1n], 'allow'],
  ['socketcall for another', refusing([allow(['socket', 'openat2'])], X86_ABIS), 102, X86, [2n], 'errno 1'],
  ['a number that a tracer skips', refusing([allow(['openat'])]), 0xffff_ffff, undefined, [], 'errno 1'],
  ['aarch64, named', refusing([allow(['openat'])], { architectures: ['SCMP_ARCH_AARCH64'] }), 56, AARCH64, [], 'allow'],
  ['SCMP_ACT_KILL', { defaultAction: 'SCMP_ACT_KILL', syscalls: [allow(['openat'])] }, 1, undefined, [], 'kill-thread'],
  ['SCMP_ACT_KILL_PROCESS', { defaultAction: 'SCMP_ACT_KILL_PROCESS' }, 1, undefined, [], 'kill-process'],
  ['SCMP_ACT_TRAP', { defaultAction: 'SCMP_ACT_TRAP' }, 1, undefined, [], 'trap 0'],
  ['SCMP_ACT_NOTIFY', { defaultAction: 'SCMP_ACT_NOTIFY' }, 1, undefined, [], 'notify'],
  ['errno 0', refusing([errnoOf(['write'], 0)], { defaultErrnoRet: 5 }), 1, undefined, [], 'errno 0'],
  ['the default errno', refusing([allow(['openat'])], { defaultErrnoRet: 95 }), 1, undefined, [], 'errno 95'],
  [
    'the message for a tracer',
    { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['write'], action: 'SCMP_ACT_TRACE', errnoRet: 1234 }] },
    1,
    undefined,
    [],
    'trace 1234',
  ],
  [
    'two conditions on one argument, of which one holds',
    refusing([allow(['write'], [argument(0, 'EQ', 1), argument(0, 'EQ', 2), argument(1, 'EQ', 9)])]),
    1,
    undefined,
    [2n],
    'allow',
  ],
  [
    'conditions on two arguments, of which one holds',
    refusing([allow(['write'], [argument(0, 'EQ', 1), argument(1, 'EQ', 9)])]),
    1,
    undefined,
    [1n],
    'errno 1',
  ],
  ['a mask', refusing([allow(['write'], [argument(0, 'MASKED_EQ', 0xf0, 0x1f)])]), 1, undefined, [0x12n], 'allow'],
  [
    'a rule without conditions after one with some',
    refusing([errnoOf(['write'], 5, [argument(0, 'EQ', 1)]), allow(['write'])]),
    1,
    undefined,
    [1n],
    'allow',
  ],
  [
    'the greater of two lower bounds',
    refusing([errnoOf(['write'], 5, [argument(2, 'GT', 10)]), errnoOf(['write'], 6, [argument(2, 'GE', 20)])]),
    1,
    undefined,
    [0n, 0n, 30n],
    'errno 6',
  ],
  [
    'a rule that only adds a condition',
    refusing([
      allow(['write'], [argument(0, 'EQ', 1)]),
      errnoOf(['write'], 5, [argument(0, 'EQ', 1), argument(1, 'EQ', 2)]),
    ]),
    1,
    undefined,
    [1n, 2n],
    'allow',
  ],
];
/** Both stand behind socketcall(2) of ppc64le; of the two rules that one says less, whose conditions the other has behind its own. */
const COVERED = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_PPC64LE'],
  syscalls: [
    { names: ['socketcall', 'accept'], action: 'SCMP_ACT_TRACE', args: [argument(2, 'MASKED_EQ', 5, 0)] },
    { names: ['accept', 'socketcall'], action: 'SCMP_ACT_KILL_PROCESS' },
  ],
};
const PPC64LE = 0xc000_0015;
cases.push(
  ['a rule that another covered contradicts nothing', COVERED, 102, PPC64LE, [5n, 0n, 0n], 'kill-process'],
  ['the same for another call', COVERED, 102, PPC64LE, [4n, 0n, 0n], 'kill-process'],
);
for (const [name, block, nr, arch, args, verdict] of cases)
  test(`${name}: ${verdict}`, () =>
    assert.is(simulate(compile(block), arch === undefined ? { nr, args } : { nr, arch, args }), verdict));

test("Docker's form applies what fits this machine, its capabilities and its kernel", () => {
  const block = {
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
    syscalls: [
      { name: 'mount', action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_ADMIN'] } },
      { name: 'ptrace', action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
      { name: 'reboot', action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_CHOWN'] } },
      { name: 'arch_prctl', action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64'] } },
      { name: 'setns', action: 'SCMP_ACT_ALLOW', args: null, excludes: { arches: ['amd64'] } },
    ],
  };
  const verdicts = (options: OciSeccompOptions): string[] =>
    [165, 101, 169, 158, 308].map((nr) => simulate(compileAsCrun(block, options), { nr }));
  assert.equal(verdicts({ kernel: '4.7' }), ['errno 1', 'errno 1', 'errno 1', 'allow', 'errno 1']);
  assert.equal(verdicts({ kernel: '6.1.0-13-amd64', capabilities: ['CAP_SYS_ADMIN'] }), [
    'allow',
    'allow',
    'allow',
    'allow',
    'errno 1',
  ]);
});

test('null is as if it were not there, as for programs in Go', () => {
  const plain = { defaultAction: 'SCMP_ACT_ERRNO', syscalls: [{ names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' }] };
  const nothing = { comment: null, includes: null, excludes: { caps: null, minKernel: null }, args: null, errno: null };
  const absent = { defaultErrnoRet: null, flags: null, listenerPath: null, architectures: null, archMap: null };
  const written = { ...plain, ...absent, syscalls: plain.syscalls.map((rule) => ({ ...rule, ...nothing })) };
  assert.equal(compile(written), compile(plain));
});

test("a kernel's version may have three numbers, of which two count, or be empty", () => {
  const verdict = (minKernel: string, kernel: string): string =>
    simulate(
      compileAsCrun(refusing([{ name: 'ptrace', action: 'SCMP_ACT_ALLOW', includes: { minKernel } }]), { kernel }),
      {
        nr: 101,
      },
    );
  assert.is(verdict('4.8.0', '4.8.0-rc1'), 'allow');
  assert.is(verdict('4.8.5', '4.8.0'), 'allow');
  assert.is(verdict('4.8.0', '4.7.9'), 'errno 1');
  assert.is(verdict('', '3.10'), 'allow');
});

test("Podman's errno is a name, or a number as text", () => {
  const verdict = (errno: string): string =>
    simulate(compileAsCrun(refusing([{ names: ['read'], action: 'SCMP_ACT_ERRNO', errno }])), { nr: 0 });
  assert.equal(['ENOSYS', '38', '5'].map(verdict), ['errno 38', 'errno 38', 'errno 5']);
});

test('what is left out is told, and why', () => {
  const { remarks } = compileOciSeccomp(
    parseOciSeccomp(
      JSON.stringify(
        refusing(
          [
            allow(['opnat', 'read']),
            allow(['s390_pci_mmio_read']),
            errnoOf(['write'], 1),
            errnoOf(['read'], 5, [argument(0, 'EQ', 1)]),
            { names: ['write'], action: 'SCMP_ACT_NOTIFY' },
          ],
          { flags: ['SECCOMP_FILTER_FLAG_LOG'] },
        ),
      ),
    ),
  );
  assert.equal(
    remarks.map(({ kind, pointer, names }) => [kind, pointer, ...names]),
    [
      ['unknown-call', '/syscalls/0', 'opnat'],
      ['not-on-this-abi', '/syscalls/1', 's390_pci_mmio_read'],
      ['same-as-default', '/syscalls/2', 'write'],
      ['never-decides', '/syscalls/3', 'read'],
      ['asks-for-more', '/flags', 'SECCOMP_FILTER_FLAG_LOG'],
      ['asks-for-more', '/syscalls/4', 'write'],
      ['other-runtimes', '/syscalls/4', 'write'],
      ['other-runtimes', '/architectures'],
    ],
  );
  assert.match(remarks[0]?.reason ?? '', /did you mean "openat"/);
});

const NATIVE_ARCH = ['SCMP_ARCH_X86_64'];
const X32_ARCH = { architectures: ['SCMP_ARCH_X32'] };
const older: readonly [name: string, block: object, told: RegExp | undefined][] = [
  ['no ABI', refusing([allow(['openat'])]), /not named: 258\(0x0, .* gets errno 1 there, errno 38 here/],
  ['an ABI beside it', refusing([allow(['openat'])], X32_ARCH), /258\(.* gets errno 1 there, errno 38 here/],
  [
    'no ABI, and ENOSYS as default',
    refusing([allow(['openat'])], { defaultErrnoRet: 38 }),
    /2147483648\(.* gets kill-thread there, errno 38 here/,
  ],
  ['the same with x32', refusing([allow(['openat'])], { ...X32_ARCH, defaultErrnoRet: 38 }), undefined],
  ['x86-64', refusing([allow(['openat'])], { architectures: NATIVE_ARCH }), undefined],
  [
    "x86-64 in Docker's form",
    refusing([allow(['openat'])], { archMap: NATIVE_ARCH.map((architecture) => ({ architecture })) }),
    undefined,
  ],
  [
    'nothing, where the default permits',
    { defaultAction: 'SCMP_ACT_LOG', syscalls: [errnoOf(['read'], 5)] },
    undefined,
  ],
];
for (const [name, block, told] of older)
  test(`naming ${name}: ${told === undefined ? 'nothing is told' : 'it is told what'} older runc does otherwise`, () => {
    const parsed = parseOciSeccomp(JSON.stringify(block));
    const remarks = compileOciSeccomp(parsed).remarks.filter(({ kind }) => kind === 'other-runtimes');
    assert.is(remarks.length, told === undefined ? 0 : 1);
    assert.match(remarks[0]?.reason ?? '', told ?? /^$/);
    assert.equal(compileOciSeccomp(parsed, { runtime: 'crun' }).remarks, []);
  });

test('of very many unknown names the nearest is looked for of the first hundred', () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `rt_sigtimedwait_time64${index}`);
  const text = JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
  });
  const { remarks } = compileOciSeccomp(parseOciSeccomp(text));
  assert.is(remarks.length, names.length);
  assert.is(remarks.filter(({ reason }) => reason.includes('did you mean')).length, 100);
});

test.run();
