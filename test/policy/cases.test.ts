/** test/cases/*.cases: call → verdict for every shipped policy, by simulation of its program and by its refusals. */
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { ARGUMENTS, type Argument } from '../../src/policy/arguments.js';
import { compilePolicy } from '../../src/policy/compile.js';
import type { CompiledPolicy, Refusal } from '../../src/policy/compiled.js';
import { IDEAL_HOST } from '../../src/policy/ideal-host.js';
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, X32_BIT } from '../../src/seccomp/bpf.js';
import type { Condition } from '../../src/seccomp/filter.js';
import { simulate } from '../../src/seccomp/simulate.js';
import { syscallNumber } from '../../src/seccomp/syscalls.js';
import { suite } from '../support/suite.js';
import { shipped, shippedPolicy } from './shipped.js';

const test = suite('policy cases');
const folder = join(installationRoot, 'test/cases');
const errnoName = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

type Row = { readonly policy: string; readonly line: number; readonly text: string; readonly verdict: string };
type CallOfRow = { readonly nr: number; readonly arch: number; readonly args: bigint[] };

const rows: readonly Row[] = readdirSync(folder)
  .filter((name) => name.endsWith('.cases'))
  .flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        const [, text = '', verdict = ''] = /^(\S.*?)\s+=>\s+(.*)$/.exec(line) ?? [];
        if (text === '' || line.startsWith('#')) return [];
        return [{ policy: name.replace('.cases', ''), line: index + 1, text, verdict }];
      }),
  );
const compiled = new Map(shipped.map((policy) => [policy.name, compilePolicy(policy, IDEAL_HOST)]));

/** `ioctl request=TIOCSTI fd=7`, `x32:reboot`, `i386:102`, `nr:600`: arguments that are not named are 0. */
function parseCall(text: string): CallOfRow {
  const [head = '', ...words] = text.split(/\s+/);
  const [abi, name = ''] = head.includes(':') ? head.split(':') : ['x86_64', head];
  const args = [0n, 0n, 0n, 0n, 0n, 0n];
  for (const word of words) {
    const [key = '', value = ''] = word.split('=');
    const argument = ARGUMENTS[name]?.[key];
    if (argument === undefined) throw new Error(`${text}: no argument ${key}`);
    args[argument.index] = argumentValue(argument, value);
  }
  const nr = /^\d+$/.test(name) ? Number(name) : syscallNumber(name);
  if (abi === 'i386') return { nr, arch: AUDIT_ARCH_I386, args };
  return { nr: abi === 'x32' ? nr + X32_BIT : nr, arch: AUDIT_ARCH_X86_64, args };
}

function argumentValue(argument: Argument, text: string): bigint {
  return text.split('|').reduce((all, part) => {
    const value = /^[0-9]/.test(part) ? BigInt(part) : argument.values[part];
    if (value === undefined) throw new Error(`${part} is no value`);
    return all | value;
  }, 0n);
}

/** What the workload gets: allowed, observed, an errno; `quiet` before one that is not recorded. */
function verdictOf(policy: CompiledPolicy, call: CallOfRow): string {
  const inKernel = simulate(policy.program, call);
  if (inKernel === 'allow') return 'allowed';
  if (inKernel !== 'notify') return `quiet ${nameOfErrno(Number(inKernel.replace('errno ', '')))}`;
  if (call.arch !== AUDIT_ARCH_X86_64 || call.nr >= X32_BIT) return nameOfErrno(policy.onForeign.errno);
  const refusal = policy.refusals.find(({ nr, when }) => nr === call.nr && when.every((c) => holds(c, call)));
  if (refusal !== undefined) return answerOf(refusal);
  return nameOfErrno((policy.knownCalls.includes(call.nr) ? policy.onDeny : policy.onUnknown).errno);
}

const nameOfErrno = (number: number): string => errnoName.get(number) ?? `errno ${number}`;

function answerOf({ answer }: Refusal): string {
  if (answer.kind === 'errno') return nameOfErrno(answer.errno);
  return answer.kind === 'continue' ? 'observed' : 'killed';
}

/** As the supervisor compares: with a mask of the type's width. */
function holds(condition: Condition, { args }: CallOfRow): boolean {
  const whole = args[condition.arg] ?? 0n;
  const value = condition.width === 32 ? whole & 0xffff_ffffn : whole;
  if (condition.compare === 'masked') return (value & condition.mask) === condition.value;
  const compare = { eq: value === condition.value, ne: value !== condition.value, lt: value < condition.value };
  if (condition.compare === 'eq' || condition.compare === 'ne' || condition.compare === 'lt')
    return compare[condition.compare];
  if (condition.compare === 'le') return value <= condition.value;
  return condition.compare === 'gt' ? value > condition.value : value >= condition.value;
}

test('every shipped policy has cases', () => {
  for (const { name } of shipped)
    assert.ok(
      rows.some(({ policy }) => policy === name),
      name,
    );
});

for (const { policy, line, text, verdict } of rows) {
  test(`${policy}.cases:${line} ${text} is ${verdict}`, () => {
    const of = compiled.get(shippedPolicy(policy).name);
    assert.ok(of);
    if (of !== undefined) assert.is(verdictOf(of, parseCall(text)), verdict);
  });
}

test.run();
