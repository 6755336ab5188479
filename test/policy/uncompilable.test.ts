/** A refused filter is told with the rules that it comes from. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { loadPolicy } from '../../src/policy/resolve.js';
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

test('rules of a file with # in its name are told at their places, too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-uncompilable-'));
  try {
    const path = join(folder, 'a#b.json');
    const rule = { calls: ['ioctl'], where: { ioctl: [{ request: { anyOf: ['0x5413'] } }] }, why: 'asks for a size' };
    const extended = { apiVersion: 1, name: 'own', version: '1.0.0', extends: { policy: 'strict' } };
    writeFileSync(path, JSON.stringify({ ...extended, syscalls: { allow: [rule] } }));
    const policy = loadPolicy({ kind: 'file', path }, new Date(0));
    const error = uncompilable(
      policy,
      filterOf(policy.syscalls),
      new FilterError('FILTER_DISAGREES', '', { call: 'ioctl' }),
    );
    const own = error.faults.filter(({ file }) => file === 'a#b.json');
    assert.equal(
      own.map(({ pointer }) => pointer),
      ['/syscalls/allow/0'],
    );
  } finally {
    rmSync(folder, { recursive: true });
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
