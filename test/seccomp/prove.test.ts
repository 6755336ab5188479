/** The proof of a program: what it tells, what it finds, and that nothing it asks about happens. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { examine } from '../../src/seccomp/agree.js';
import { DATA_WORDS, decodeProgram, INSTRUCTION_BYTES, JUMP_EQUAL, RETURN } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { FilterError } from '../../src/seccomp/errors.js';
import type { Action, BpfProgram, Filter } from '../../src/seccomp/filter.js';
import { askKernel, beginInquiry, PASSES } from '../../src/seccomp/live.js';
import { asKernelSees, proveProgram } from '../../src/seccomp/prove.js';
import { dataOf, runProgram } from '../../src/seccomp/simulate.js';
import { allSyscalls, syscallNumber } from '../../src/seccomp/syscalls.js';
import { Witnesses } from '../../src/seccomp/witnesses.js';
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
import { suite } from '../support/suite.js';

const PROVER = `${installationRoot}/build/native/prove`;
const test = suite('proof', 120_000);
const kill: Action = { kind: 'kill-process' };

const mixed = filterOf(
  [
    ...['read', 'write', 'exit_group', 'execve', 'mseal', 'vfork', 'rt_sigreturn'].map((name) => rule(name)),
    rule('clone3', [], errno(38)),
    rule('getpid', [], errno(4002)),
    rule('getuid', [], errno(4001)),
    rule('getppid', [], { kind: 'log' }),
    rule('reboot', [], kill),
    ...[0x5401n, 0x5413n, 0x541bn].map((request) => rule('ioctl', [equals32(1, request)])),
    rule('clone', [masked32(0, 0x7e02_0000n, 0n)]),
    rule('socket', [equals32(0, 1n), masked32(1, 0xfn, 1n), equals32(2, 0n)]),
    rule('lseek', [compare64(1, 'lt', 0x1_0000_0001n)]),
  ],
  { foreignAction: errno(77) },
);

test('tells apart what the kernel lets pass, hands over, refuses and kills', () => {
  const { examination, live } = proveProgram(mixed, compileFilter(mixed));
  assert.is(examination.disagreement, undefined);
  if (live.kind !== 'proved') throw new Error(live.why);
  for (const verdict of ['passes', 'notify', 'kills', 'errno 38', 'errno 4001', 'errno 4002', 'errno 77'])
    assert.ok((live.verdicts[verdict] ?? 0) > 0, verdict);
  const { 'x86-64': native, x32, i386 } = live.witnesses;
  assert.ok(native > 600 && x32 > 70 && i386 > 60, JSON.stringify(live.witnesses));
});

const DEFAULTS: readonly [Action, string][] = [
  [allow, 'passes'],
  [{ kind: 'log' }, 'passes'],
  [errno(1), 'errno 1'],
  [errno(38), 'errno 38'],
  [kill, 'kills'],
];
for (const [action, verdict] of DEFAULTS)
  test(`proves a filter whose default is ${action.kind} ${verdict}`, () => {
    const filter = filterOf([rule('read', [], action.kind === 'allow' ? errno(1) : allow)], {
      defaultAction: action,
      foreignAction: action,
    });
    const { live } = proveProgram(filter, compileFilter(filter));
    assert.ok(live.kind === 'proved' && (live.verdicts[verdict] ?? 0) > 500, JSON.stringify(live));
  });

/** `struct seccomp_data` of the witnesses for `filter`. */
function witnessesOf(filter: Filter): Uint32Array {
  const program = compileFilter(filter);
  const witnesses = new Witnesses(decodeProgram(program));
  examine(filter, program, (...seen) => witnesses.consider(...seen));
  return witnesses.calls;
}

const callsIn = (words: Uint32Array): Uint32Array[] =>
  Array.from({ length: words.length / DATA_WORDS }, (_, i) => words.subarray(i * DATA_WORDS, (i + 1) * DATA_WORDS));

test('has a witness for each number, for each rule kept, and for each of its conditions broken', () => {
  const calls = callsIn(witnessesOf(mixed));
  for (const { name, nr } of allSyscalls.filter(({ name }) => !/^u(ret)?probe$/.test(name)))
    assert.ok(
      calls.some((call) => call[0] === nr),
      name,
    );
  const socket = calls.filter((call) => call[0] === syscallNumber('socket'));
  const holds = [
    (call: Uint32Array) => call[4] === 1,
    (call: Uint32Array) => ((call[6] ?? 0) & 0xf) === 1,
    (call: Uint32Array) => call[8] === 0,
  ];
  assert.ok(
    socket.some((call) => holds.every((condition) => condition(call))),
    'kept',
  );
  for (const broken of holds)
    assert.ok(
      socket.some((call) => holds.every((condition) => condition(call) === (condition !== broken))),
      'broken alone',
    );
});

/** `program` with one instruction changed: another verdict, comparison, value or way. */
function mutate(program: BpfProgram, index: number, how: number): BpfProgram | undefined {
  const changed = Uint8Array.from(program) as BpfProgram;
  const view = new DataView(changed.buffer, index * INSTRUCTION_BYTES);
  const code = view.getUint16(0, true);
  const k = view.getUint32(4, true);
  if (code === RETURN) {
    const others = [0x7fff_0000, 0x5_0001, 0x7fc0_0000].filter((verdict) => verdict !== k);
    view.setUint32(4, others[how % others.length] ?? 0, true);
  } else if ((code & 7) !== 5 || code === 5) return undefined;
  else if (how % 4 === 0) view.setUint32(4, (k + 1) >>> 0, true);
  else if (how % 4 === 1) view.setUint32(4, (k - 1) >>> 0, true);
  else if (how % 4 === 2) view.setUint16(0, code === JUMP_EQUAL ? 0x35 : JUMP_EQUAL, true);
  else {
    const [ifTrue, ifFalse] = [view.getUint8(2), view.getUint8(3)];
    view.setUint8(2, ifFalse);
    view.setUint8(3, ifTrue);
  }
  return changed;
}

test('refuses every changed instruction that changes a verdict, and so does the kernel', () => {
  const program = compileFilter(mixed);
  const calls = witnessesOf(mixed);
  const { length } = decodeProgram(program);
  let changed = 0;
  fc.assert(
    fc.property(fc.nat(length - 1), fc.nat(11), (index, how) => {
      const wrong = mutate(program, index, how);
      if (wrong === undefined) return;
      const decoded = decodeProgram(wrong);
      const before = decodeProgram(program);
      const differing = callsIn(calls).findIndex(
        (data) => asKernelSees(runProgram(decoded, data)) !== asKernelSees(runProgram(before, data)),
      );
      if (differing === -1) return;
      changed += 1;
      assert.throws(
        () => proveProgram(mixed, wrong),
        (error: unknown) => error instanceof FilterError && error.code === 'FILTER_DISAGREES',
      );
      const data = calls.subarray(differing * DATA_WORDS, (differing + 1) * DATA_WORDS);
      const answer = askKernel(wrong, data);
      if (answer.kind === 'unable') throw new Error(answer.why);
      assert.is(answer.verdicts[0], asKernelSees(runProgram(decoded, data)), 'the kernel sees the change');
    }),
    { numRuns: 150 },
  );
  assert.ok(changed > 60, `${changed} changes`);
});

test('the witnesses alone show every changed verdict and nearly every changed comparison', () => {
  const program = compileFilter(mixed);
  const calls = callsIn(witnessesOf(mixed));
  const { length } = decodeProgram(program);
  let meant = 0;
  let seen = 0;
  for (let index = 0; index < length; index++)
    for (const how of [0, 1, 2, 3]) {
      const wrong = mutate(program, index, how);
      if (wrong === undefined || examine(mixed, wrong).disagreement === undefined) continue;
      meant += 1;
      const decoded = decodeProgram(wrong);
      const before = decodeProgram(program);
      if (calls.some((data) => runProgram(decoded, data) !== runProgram(before, data))) seen += 1;
    }
  assert.ok(meant > 150 && seen / meant > 0.9, `${seen} of ${meant}`);
});

test('proves 25 random filters', () =>
  fc.assert(
    fc.property(fc.array(whenOf(condition32, 3), { minLength: 1, maxLength: 8 }), (rules) => {
      const filter = filterOf(rules.map((when) => rule('prctl', when, allow)));
      const { live } = proveProgram(filter, compileFilter(filter));
      assert.is(live.kind, 'proved');
    }),
    { numRuns: 25 },
  ));

const everything = filterOf([rule('mseal')], { defaultAction: allow, foreignAction: allow });

for (const [how, wrap] of [
  ['', []],
  [' under a tracer', ['strace', '-f', '--seccomp-bpf', '-e', 'trace=kill', '-o', '/dev/null']],
] as const) {
  const requirement = wrap.length === 0 || existsSync('/usr/bin/strace') ? undefined : 'the Debian package strace';
  test.needs(requirement, `no call that passes happens${how}`, async () => {
    const bystander = spawn('sleep', ['60']);
    await once(bystander, 'spawn');
    const target = BigInt(bystander.pid ?? 0);
    const calls = [
      { nr: syscallNumber('kill'), args: [target, 9n] },
      { nr: syscallNumber('write'), args: [1n, 0n, 0n] },
      { nr: syscallNumber('exit_group'), args: [3n] },
      { nr: 37, arch: 0x4000_0003, args: [target, 9n] },
      { nr: syscallNumber('seccomp'), args: [1n, 8n, 0n] },
    ];
    const words = new Uint32Array(calls.length * DATA_WORDS);
    for (const [index, call] of calls.entries()) words.set(dataOf(call), index * DATA_WORDS);
    const program = compileFilter(everything);
    const verdicts = wrap.length === 0 ? plain(program, words) : traced(program, words, wrap);
    assert.is(bystander.signalCode, null);
    bystander.kill('SIGTERM');
    const [, signal] = (await once(bystander, 'exit')) as [number | null, string];
    assert.is(signal, 'SIGTERM', 'the bystander lived until we ended it');
    assert.equal([...new Set(verdicts.filter((verdict) => verdict !== 0xffff_0001))], [PASSES]);
  });
}

function plain(program: BpfProgram, words: Uint32Array): number[] {
  const answer = askKernel(program, words);
  if (answer.kind === 'unable') throw new Error(answer.why);
  return [...answer.verdicts];
}

function traced(program: BpfProgram, words: Uint32Array, wrap: readonly string[]): number[] {
  const [file = '', ...rest] = [...wrap, PROVER];
  const child = spawnSync(file, rest, { input: requestOf(program, rowsOf(words)) });
  assert.is(child.status, 0, child.stderr.toString());
  return [...new Uint32Array(Uint8Array.from(child.stdout).buffer)];
}

const rowsOf = (words: Uint32Array): Uint8Array[] =>
  callsIn(words).map((call) => {
    const row = Uint32Array.from([call[1] === 0x4000_0003 ? 1 : 0, call[0] ?? 0, ...call.subarray(4)]);
    return new Uint8Array(row.buffer);
  });

function requestOf(
  program: Uint8Array,
  rows: readonly Uint8Array[],
  claimed = program.length / INSTRUCTION_BYTES,
): Buffer {
  const header = Buffer.alloc(16);
  header.write('sbxprov\u0002', 'latin1');
  header.writeBigUInt64LE(BigInt(claimed), 8);
  return Buffer.concat([header, program, ...rows]);
}

test('the prover answers the same however the calls come to it', async () => {
  const program = compileFilter(mixed);
  const words = witnessesOf(mixed);
  const request = requestOf(program, rowsOf(words));
  const child = spawn(PROVER, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answer: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => answer.push(bytes));
  const ended = once(child, 'close');
  for (let at = 0; at < request.length; at += 1499) {
    child.stdin.write(request.subarray(at, at + 1499));
    await new Promise((next) => setTimeout(next, 1));
  }
  child.stdin.end();
  assert.equal(await ended, [0, null]);
  assert.equal([...new Uint32Array(Uint8Array.from(Buffer.concat(answer)).buffer)], plain(program, words));
});

test('a prover that ends, or is not there, is no proof', () => {
  const program = compileFilter(mixed);
  const calls = dataOf({ nr: 0 });
  const tooMany = new Uint32Array(DATA_WORDS * (2 ** 18 + 1));
  assert.equal(askKernel(program, tooMany), { kind: 'unable', why: 'the request: too many calls' });
  const inquiry = beginInquiry(program);
  inquiry.ask(calls);
  inquiry.end();
  assert.is(askKernel(program, calls).kind, 'verdicts');
});

const oneReturn = Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f);
const row = new Uint8Array(56);
const MALFORMED: readonly [string, Uint8Array][] = [
  ['nothing', Buffer.alloc(0)],
  ['another magic', Buffer.from('sbxplan\u0001'.padEnd(80, '\0'))],
  ['no program', requestOf(Buffer.alloc(0), [row])],
  ['too long a program', requestOf(Buffer.alloc(4097 * 8), [row])],
  ['no call', requestOf(oneReturn, [])],
  ['half a header', requestOf(oneReturn, [row]).subarray(0, 12)],
  ['half a program', requestOf(oneReturn, [], 2)],
  ['more instructions than there can be', requestOf(oneReturn, [row], 2 ** 33)],
  ['a byte too many', Buffer.concat([requestOf(oneReturn, [row]), Buffer.of(0)])],
  ['a byte too few', requestOf(oneReturn, [row]).subarray(0, -1)],
  ['a kind that is none', requestOf(oneReturn, [Uint8Array.from(row, (_, i) => (i === 0 ? 2 : 0))])],
];
for (const [what, input] of MALFORMED)
  test(`the prover refuses ${what}`, () => {
    const { status, stdout, stderr } = spawnSync(PROVER, { input });
    assert.is(status, 2, stderr.toString());
    assert.is(stdout.length, 0);
    assert.match(stderr.toString(), /^the request: /);
  });

test('a program that the kernel does not take is told with its step and errno', () => {
  const endless = Uint8Array.of(5, 0, 0, 0, 1, 0, 0, 0);
  const answer = askKernel(endless as BpfProgram, dataOf({ nr: 0 }));
  assert.equal(answer, { kind: 'unable', why: 'install the filter with a listener: EINVAL' });
});

test('where another listener is installed, the live part is told to be missing', () => {
  const script = `
    const k = (await import('koffi')).default;
    const libc = k.load('libc.so.6');
    k.struct('prog', { len: 'uint16_t', filter: 'uint8_t *' });
    const prctl = libc.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)');
    const seccomp = libc.func('long syscall(long, unsigned int, unsigned int, prog *)');
    prctl(38, 1, 0, 0, 0);
    if (seccomp(317, 1, 8, { len: 1, filter: Buffer.from([6, 0, 0, 0, 0, 0, 0xff, 0x7f]) }) < 0) process.exit(3);
    const { askKernel } = await import('${installationRoot}/build/src/seccomp/live.js');
    const answer = askKernel(Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f), new Uint32Array(16).fill(0xc000003e, 1, 2));
    process.stdout.write(JSON.stringify(answer));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: installationRoot,
    timeout: 30_000,
  });
  const told = JSON.parse(child.stdout.toString() || JSON.stringify(child.stderr.toString()));
  assert.equal(told, { kind: 'unable', why: 'install the filter with a listener: EBUSY' });
});

test.run();
