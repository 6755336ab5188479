import * as assert from 'uvu/assert';
import * as scmp from '../../src/ffi/libseccomp.js';
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64 } from '../../src/seccomp/bpf.js';
import { allSyscalls, describeCall, isSyscall, syscallName, syscallNumber } from '../../src/seccomp/syscalls.js';
import { suite } from '../support/suite.js';

const test = suite('the table of system calls');

test('names every call of x86-64 once, by number', () => {
  assert.ok(allSyscalls.length > 380, `${allSyscalls.length} calls`);
  assert.is(new Set(allSyscalls.map(({ name }) => name)).size, allSyscalls.length);
  for (const [index, { nr }] of allSyscalls.entries()) assert.ok(index === 0 || nr > (allSyscalls[index - 1]?.nr ?? 0));
});

test('goes both ways', () => {
  for (const { name, nr } of allSyscalls) assert.equal([syscallNumber(name), syscallName(nr)], [nr, name]);
  assert.is(syscallName(9999), undefined);
  assert.ok(isSyscall('openat') && !isSyscall('toString'));
});

test('agrees with libseccomp on every call that it knows', () => {
  const differing = allSyscalls.filter(({ name, nr }) => {
    const known = scmp.resolveName(AUDIT_ARCH_X86_64, name);
    return known >= 0 && known !== nr;
  });
  assert.equal(differing, []);
});

test('lacks none that libseccomp has', () => {
  const lacking = Array.from({ length: 600 }, (_, nr) => scmp.resolveNumber(AUDIT_ARCH_X86_64, nr)).filter(
    (name) => name !== null && !isSyscall(name),
  );
  assert.equal(lacking, []);
});

const newer: readonly [string, number][] = [
  ['futex_waitv', 449],
  ['cachestat', 451],
  ['fchmodat2', 452],
  ['statmount', 457],
  ['mseal', 462],
  ['setxattrat', 463],
  ['file_setattr', 469],
];
for (const [name, nr] of newer) test(`${name} is ${nr}`, () => assert.is(syscallNumber(name), nr));

const descriptions: readonly [nr: number, arch: number, text: string][] = [
  [257, AUDIT_ARCH_X86_64, 'openat'],
  [9999, AUDIT_ARCH_X86_64, 'call 9999'],
  [102, AUDIT_ARCH_I386, 'i386 socketcall'],
  [9999, AUDIT_ARCH_I386, 'i386 call 9999'],
  [0x4000_0000 + 520, AUDIT_ARCH_X86_64, 'x32 execve'],
  [0x4000_0000 + 9999, AUDIT_ARCH_X86_64, 'x32 call 9999'],
  [0xffff_ffff, AUDIT_ARCH_X86_64, 'call 4294967295'],
  [1, 0xc000_00b7, 'call 1 of architecture 0xc00000b7'],
];
for (const [nr, arch, text] of descriptions)
  test(`${text} is described`, () => assert.is(describeCall(nr, arch), text));

test.run();
