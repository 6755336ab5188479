/** Program and filter compared for every call at once, where trying cases is not enough. */
import * as assert from 'uvu/assert';
import { filterOf } from '../../src/policy/rules.js';
import { examine } from '../../src/seccomp/agree.js';
import { AUDIT_ARCH_X86_64 } from '../../src/seccomp/bpf.js';
import { compileFilter } from '../../src/seccomp/compile.js';
import type { BpfProgram, Filter } from '../../src/seccomp/filter.js';
import { compareSymbolically } from '../../src/seccomp/symbolic.js';
import { syscallNumber } from '../../src/seccomp/syscalls.js';
import { shippedPolicy } from '../policy/shipped.js';
import { suite } from '../support/suite.js';

const test = suite('symbolic equivalence');
const INSTRUCTION_BYTES = 8;

for (const name of ['strict', 'default', 'compat'])
  test(`the program of ${name} is its filter, for every call`, () => {
    const filter = filterOf(shippedPolicy(name).syscalls);
    const program = compileFilter(filter);
    const examination = examine(filter, program);
    assert.is(examination.disagreement, undefined);
    assert.equal(compareSymbolically(filter, program, examination), { kind: 'equal' });
  });

const masked = (mask: bigint, value: bigint): Filter['rules'][number] => ({
  syscall: 'personality',
  action: { kind: 'allow' },
  when: [{ arg: 0, width: 32, compare: 'masked', mask, value }],
});
const PERSONALITY = { arch: AUDIT_ARCH_X86_64, nr: syscallNumber('personality') };
const UNSETTLED = { unsettled: [PERSONALITY], hasAllNumbers: true };
/** One word under two masks. */
const FILTER: Filter = {
  arch: 'x86_64',
  defaultAction: { kind: 'errno', errno: 1 },
  foreignAction: { kind: 'kill-process' },
  rules: [masked(0x00ff_0000n, 0x0012_0000n), masked(0x0000_0f0fn, 0x0000_0101n)],
};

test('a word under two masks is compared bit by bit, and every changed constant is found', () => {
  const program = compileFilter(FILTER);
  const { unsettled } = examine(FILTER, program);
  assert.equal(unsettled, [PERSONALITY], 'no other call needs it');
  assert.equal(compareSymbolically(FILTER, program, UNSETTLED), { kind: 'equal' });
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let changed = 0;
  for (let at = 0; at < program.length; at += INSTRUCTION_BYTES) {
    const constant = view.getUint32(at + 4, true);
    if (![0x0012_0000, 0x0101].includes(constant)) continue;
    const wrong = Uint8Array.from(program) as BpfProgram;
    new DataView(wrong.buffer).setUint32(at + 4, constant ^ (constant & -constant), true);
    assert.is(compareSymbolically(FILTER, wrong, UNSETTLED).kind, 'different', `at ${at}`);
    changed += 1;
  }
  assert.ok(changed >= 2);
});

test('a call of which only some cases were tried is compared, too', () => {
  const one: Filter = { ...FILTER, rules: [masked(0xffff_ffffn, 7n)] };
  const program = compileFilter(one);
  const wrong = Uint8Array.from(program) as BpfProgram;
  const view = new DataView(wrong.buffer);
  for (let at = 0; at < wrong.length; at += INSTRUCTION_BYTES)
    if ((view.getUint16(at, true) & 7) === 5 && view.getUint32(at + 4, true) === 7) view.setUint32(at + 4, 6, true);
  assert.equal(
    compareSymbolically(one, wrong, { unsettled: [], hasAllNumbers: true }),
    { kind: 'equal' },
    'what examine() has settled is not looked at again',
  );
  assert.is(compareSymbolically(one, wrong, UNSETTLED).kind, 'different');
});

test('a program that looks at single bits of the number is not said to be equal', () => {
  const program = compileFilter(FILTER);
  assert.is(compareSymbolically(FILTER, program, { unsettled: [], hasAllNumbers: false }).kind, 'untold');
});

test.run();
