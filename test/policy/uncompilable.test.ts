/** A refused filter is told with the rules that it comes from. */
import * as assert from 'uvu/assert';
import { filterOf } from '../../src/policy/rules.js';
import { uncompilable } from '../../src/policy/uncompilable.js';
import { FilterError } from '../../src/seccomp/errors.js';
import { suite } from '../support/suite.js';
import { shippedPolicy } from './shipped.js';

const test = suite('uncompilable');
const strict = shippedPolicy('strict');
const filter = filterOf(strict.syscalls);

test('every rule on the call, where it stands, and what to write instead', () => {
  const error = uncompilable(strict, filter, new FilterError('FILTER_DISAGREES', 'ioctl differs', { call: 'ioctl' }));
  assert.is(error.code, 'FILTER_DISAGREES');
  assert.match(error.hint ?? '', /remove ioctl from "quiet"/);
  assert.ok(error.faults.length >= 2, 'it is allowed, and quiet');
  for (const { file, line, pointer, message } of error.faults) {
    assert.is(file, 'strict.json');
    assert.ok(line > 1);
    assert.match(pointer, /^\/syscalls\/(allow|quiet|forbid|observe)\/\d+$/);
    assert.match(message, /ioctl/);
  }
});

test('a program that is too long is told with the call that has most rules', () => {
  const few = { ...filter, rules: filter.rules.filter(({ syscall }) => syscall === 'ioctl' || syscall === 'read') };
  const error = uncompilable(strict, few, new FilterError('FILTER_TOO_LARGE', 'too long', { hint: 'shorter' }));
  assert.is(error.call, 'ioctl');
});

test('where no rule names the call, the section is told', () => {
  const error = uncompilable(strict, filter, new FilterError('FILTER_DISAGREES', 'differs', { hint: 'tell us' }));
  assert.is(error.hint, 'tell us');
  assert.equal(
    error.faults.map(({ pointer }) => pointer),
    ['/syscalls'],
  );
});

test.run();
