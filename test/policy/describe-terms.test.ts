import * as assert from 'uvu/assert';
import { describeTerms, MOST_TERMS } from '../../src/policy/describe-terms.js';
import { DecisionSpace } from '../../src/seccomp/decision.js';
import { allOf } from '../../src/seccomp/decision-filter.js';
import { termsOf } from '../../src/seccomp/decision-terms.js';
import type { Condition } from '../../src/seccomp/filter.js';
import { compare64, equals32, masked32 } from '../support/filters.js';
import { suite } from '../support/suite.js';

const test = suite('conditions in words');

const masked64 = (arg: 2, mask: bigint, value: bigint): Condition => ({
  arg,
  width: 64,
  compare: 'masked',
  mask,
  value,
});

/** Call, alternatives of which one must hold, words. */
const TOLD: readonly (readonly [string, readonly (readonly Condition[])[], string])[] = [
  ['socket', [[equals32(0, 2n)]], 'where family is AF_INET'],
  // A filter that looks at 64 bits of an int lets through what the kernel takes for the same.
  ['socket', [[compare64(0, 'eq', 40n)]], 'where family (all 64 bits) is AF_VSOCK'],
  ['socket', [[compare64(0, 'ne', 40n)]], 'unless family (all 64 bits) is AF_VSOCK'],
  ['mprotect', [[compare64(2, 'eq', 4n)]], 'where protection is PROT_EXEC'],
  ['mprotect', [[equals32(2, 4n)]], 'where protection (low 32 bits) is PROT_EXEC'],
  ['mprotect', [[masked32(2, 6n, 2n)]], 'where protection within PROT_WRITE, PROT_EXEC is PROT_WRITE'],
  ['mmap', [[compare64(1, 'ge', 4096n)]], 'where length is at least 4096'],
  ['mmap', [[compare64(1, 'lt', 4097n), compare64(2, 'eq', 4n)]], 'where length is at most 4096 and protection is PROT_EXEC'],
  ['mmap', [[compare64(1, 'ge', 0xffff_ffff_0000_0000n)]], 'where length is at least 0xffffffff00000000'],
  ['mmap', [[compare64(1, 'ge', 0xffff_ffff_0000_0001n)]], 'where length is at least 0xffffffff00000001'],
  ['mmap', [[compare64(1, 'lt', 5n)], [compare64(1, 'gt', 9n)]], 'unless length is from 5 to 9'],
  ['mmap', [[compare64(2, 'eq', 6n)], [compare64(2, 'eq', 1n)], [compare64(2, 'eq', 4n)]], 'where protection is PROT_READ, PROT_EXEC or 6'],
  ['mmap', [[masked64(2, 0x1_0000_0004n, 4n)]], 'where protection within PROT_EXEC, 0x100000000 is PROT_EXEC'],
  // Not "unless it has none of".
  ['clone', [[masked32(0, 0x2_0000n, 0x2_0000n)], [masked32(0, 0x1000_0000n, 0x1000_0000n)]], 'where flags has any of CLONE_NEWNS, CLONE_NEWUSER'],
  [
    'open',
    [1n, 2n].flatMap((flag) => [4n, 8n].map((mode) => [masked32(1, flag, flag), masked32(2, mode, mode)])),
    'where flags has any of O_WRONLY, O_RDWR and mode has any of 0xc',
  ],
  // Neighbours have names of their own.
  ['ioctl', [[equals32(1, 0x5409n)], [equals32(1, 0x540an)], [equals32(1, 0x540bn)]], 'where request is TCSBRK, TCXONC or TCFLSH'],
  // Of what overlaps, only what says more.
  ['sendto', [[masked32(3, 9n, 9n)], [equals32(3, 1n)]], 'where flags is MSG_OOB; or flags has all of MSG_OOB, 0x8'],
  ['', [[equals32(4, 7n)]], 'where argument 4 (low 32 bits) is 7'],
]; // biome-ignore format: a table

for (const [call, alternatives, words] of TOLD)
  test(`${call} ${words}`, () => {
    const space = new DecisionSpace();
    const whole = alternatives.reduce((any, when) => space.choose(allOf(space, when), space.yes, any), space.no);
    assert.is(describeTerms(termsOf(space, whole, MOST_TERMS), call), words);
  });

test('what always holds needs no words', () => {
  const space = new DecisionSpace();
  assert.is(describeTerms(termsOf(space, space.yes), 'mmap'), undefined);
});

test.run();
