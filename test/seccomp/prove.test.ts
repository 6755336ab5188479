/** The proof of a program: what it tells, what it finds, and that nothing it asks about happens. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { examine } from '../../src/seccomp/agree.js';
import { DATA_WORDS, decodeProgram, INSTRUCTION_BYTES, JUMP_EQUAL, RETURN } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import { FilterError } from '../../src/seccomp/errors.js';
import type { Action, BpfProgram } from '../../src/seccomp/filter.js';
import { asKernelSees, proveProgram } from '../../src/seccomp/prove.js';
import { dataOf, runProgram } from '../../src/seccomp/simulate.js';
import { allSyscalls, syscallNumber } from '../../src/seccomp/syscalls.js';
import { askKernel } from '../support/ask-kernel.js';
import { allow, condition32, errno, filterOf, rule, whenOf } from '../support/filters.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';
import { callsIn, mixed, witnessesOf } from '../support/witnesses.js';

const test = suite('proof');
const kill: Action = { kind: 'kill-process' };

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
    const { askKernel } = await import('${installationRoot}/build/test/support/ask-kernel.js');
    const answer = askKernel(Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f), new Uint32Array(16).fill(0xc000003e, 1, 2));
    process.stdout.write(JSON.stringify(answer));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: installationRoot,
    timeout: patient(120_000),
  });
  const told = JSON.parse(child.stdout.toString() || JSON.stringify(child.stderr.toString()));
  assert.equal(told, { kind: 'unable', why: 'install the filter with a listener: EBUSY' });
});

test.run();
