/** native/prove: what it answers and refuses, and that nothing it is asked about happens. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { DATA_WORDS, INSTRUCTION_BYTES } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import type { BpfProgram } from '../../src/seccomp/filter.js';
import { beginInquiry, PASSES } from '../../src/seccomp/live.js';
import { dataOf } from '../../src/seccomp/simulate.js';
import { syscallNumber } from '../../src/seccomp/syscalls.js';
import { askKernel } from '../support/ask-kernel.js';
import { allow, filterOf, rule } from '../support/filters.js';
import { suite } from '../support/suite.js';
import { callsIn, mixed, witnessesOf } from '../support/witnesses.js';

const PROVER = `${installationRoot}/build/native/prove`;
const test = suite('the prover');

/** The listener is with the outer filter where the other notifies, else with the other. */
const everything = filterOf([rule('mseal')], { defaultAction: allow, foreignAction: allow });
const listed = filterOf(
  ['kill', 'write', 'exit_group', 'seccomp'].map((name) => rule(name)),
  { foreignAction: allow },
);

const strace = ['strace', '-f', '--seccomp-bpf', '-e', 'trace=kill', '-o', '/dev/null'];
for (const [how, filter, wrap] of [
  ['', everything, []],
  [' under a tracer', everything, strace],
  [' where others notify', listed, []],
  [' where others notify, under a tracer', listed, strace],
] as const) {
  const requirement = wrap.length === 0 || existsSync('/usr/bin/strace') ? undefined : 'the Debian package strace';
  test.needs(requirement, `no call that passes happens${how}`, async () => {
    const bystander = spawn('sleep', ['1000']);
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
    const program = compileFilter(filter);
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
  callsIn(words).map((call) => new Uint8Array(Uint32Array.from(call).buffer));

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

test('too many calls are refused, and an inquiry that is given up harms none after it', () => {
  const program = compileFilter(mixed);
  const calls = dataOf({ nr: 0 });
  const tooMany = new Uint32Array(DATA_WORDS * (2 ** 18 + 1));
  for (let at = 0; at < tooMany.length; at += DATA_WORDS) tooMany.set(calls, at);
  assert.equal(askKernel(program, tooMany), { kind: 'unable', why: 'the request: too many calls' });
  const inquiry = beginInquiry(program);
  inquiry.ask(calls);
  inquiry.end();
  assert.is(askKernel(program, calls).kind, 'verdicts');
});

const oneReturn = Uint8Array.of(6, 0, 0, 0, 0, 0, 0xff, 0x7f);
const row = new Uint8Array(dataOf({ nr: 0 }).buffer);
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
  ['a call of AArch64', requestOf(oneReturn, [new Uint8Array(dataOf({ nr: 0, arch: 0xc000_00b7 }).buffer)])],
];
for (const [what, input] of MALFORMED)
  test(`the prover refuses ${what}`, () => {
    const { status, stdout, stderr } = spawnSync(PROVER, { input });
    assert.is(status, 2, stderr.toString());
    assert.is(stdout.length, 0);
    assert.match(stderr.toString(), /^the request: /);
  });

test.run();
