/** How files add up: what appends, what overrides, what is taken away, what stays. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { permittedCalls, permittedNames } from '../../src/policy/effective.js';
import type { PolicyError } from '../../src/policy/errors.js';
import type { Policy } from '../../src/policy/policy.js';
import { parsePolicyText } from '../../src/policy/read.js';
import { resolvePolicy } from '../../src/policy/resolve.js';
import { rejection, suite } from '../support/suite.js';
import { WHY } from './malformed-builders.js';

const test = suite('resolving policies');
const NOW = new Date('2026-11-21T12:00:00Z');

const BASE = { syscalls: { baseline: '2026-11', allow: [{ calls: ['exit_group', 'read'], why: WHY }] } };

/** Files named a.json, b.json …, each extending the one before. */
function resolved(...files: readonly object[]): Policy {
  const layers = files.map((file, index) => {
    const name = String.fromCharCode(97 + index);
    const extending = index === 0 ? {} : { extends: { policy: `./${String.fromCharCode(96 + index)}.json` } };
    const text = JSON.stringify({ apiVersion: 1, name, version: '1.0.0', ...extending, ...file });
    return parsePolicyText(text, `/policies/${name}.json`, `${name}.json`);
  });
  return resolvePolicy(layers, NOW);
}
const calls = (key: string, ...rules: object[]): object => ({ syscalls: { [key]: rules } });
const allow = (...names: string[]): object => calls('allow', { calls: names, why: WHY });
const forbid = (...names: string[]): object => calls('forbid', { calls: names, why: WHY });

test('the same meaning has one digest, whatever its spelling', () => {
  const spelled = resolved({ title: 'x', ...BASE });
  const shuffled = resolved({ ...BASE, title: 'x' });
  assert.is(spelled.digest, shuffled.digest);
  assert.is.not(spelled.digest, resolved({ title: 'x', ...BASE, resources: { pids: 7 } }).digest);
});

test('allowances append, and each keeps its file, pointer and reason', () => {
  const policy = resolved(BASE, allow('write'));
  assert.equal(permittedNames(policy.syscalls), ['exit_group', 'read', 'write']);
  assert.equal(
    policy.syscalls.allow.map(({ rule }) => rule),
    ['a.json#/syscalls/allow/0', 'b.json#/syscalls/allow/0'],
  );
  assert.is(policy.syscalls.allow[1]?.why, WHY);
});

test('scalars override, and what no file says is the strictest', () => {
  const policy = resolved({ ...BASE, resources: { pids: 9, memory: '1GiB' } }, { resources: { pids: 5 } });
  assert.is(policy.resources.pids, 5);
  assert.is(policy.resources.memory, 1n << 30n);
  assert.is(policy.filesystem.root, 'read-only');
  assert.is(policy.filesystem.proc, 'none');
  assert.is(policy.requires.apparmor, 'required');
  assert.equal(policy.image, { signature: 'required', pinDigest: true });
});

test('a writable root is bounded though nobody says by how much', () => {
  const sizeOf = (filesystem: object, ...more: object[]): bigint =>
    resolved({ ...BASE, filesystem }, ...more).filesystem.rootSize;
  assert.is(sizeOf({ root: 'writable' }), 64n << 20n);
  assert.is(sizeOf({ root: 'writable', rootSize: '1MiB' }), 1n << 20n);
  assert.is(sizeOf({ rootSize: '1MiB' }, { filesystem: { root: 'writable' } }), 1n << 20n);
  assert.is(sizeOf({}), 0n);
});

test('what is removed can be allowed again further down', () => {
  const removed = resolved(BASE, calls('remove', { calls: ['read'], why: WHY }));
  assert.equal(permittedNames(removed.syscalls), ['exit_group']);
  const again = resolved(BASE, calls('remove', { calls: ['read'], why: WHY }), allow('read'));
  assert.equal(permittedNames(again.syscalls), ['exit_group', 'read']);
});

test('what is forbidden stays so, and an allowance of it is an error', async () => {
  const error = (await rejection(() => resolved(BASE, forbid('write'), allow('write')))) as PolicyError;
  assert.is(error.code, 'POLICY_INVALID');
  assert.match(error.faults[0]?.message ?? '', /b\.json#\/syscalls\/forbid\/0/);
  const group = resolved(BASE, forbid('write'), calls('allow', { group: 'io.basic', why: WHY }));
  assert.not(permittedNames(group.syscalls).includes('write'));
  assert.ok(permittedNames(group.syscalls).includes('writev'));
});

test('a conditional prohibition leaves the rest of an unconditional allowance', () => {
  const where = { ioctl: [{ request: { anyOf: ['TIOCSTI'] } }] };
  const policy = resolved(BASE, calls('forbid', { calls: ['ioctl'], where, why: WHY }), allow('ioctl'));
  assert.is(permittedCalls(policy.syscalls, 'ioctl').length, 32, 'one piece a bit');
});

test('lists of the file system append, and entries are taken away by path', () => {
  const scratch = (path: string): object => ({ filesystem: { scratch: [{ path, size: '1MiB', why: WHY }] } });
  const both = resolved({ ...BASE, ...scratch('/a') }, scratch('/b'));
  assert.equal(
    both.filesystem.scratch.map(({ path }) => path),
    ['/a', '/b'],
  );
  const one = resolved(
    { ...BASE, ...scratch('/a') },
    { filesystem: { remove: [{ from: 'scratch', path: '/a', why: WHY }] } },
  );
  assert.equal(one.filesystem.scratch, []);
});

test('a bind mount is relative to the file that asks for it', () => {
  const mounts = [{ from: './site', to: '/srv', access: 'read-only', why: WHY }];
  assert.is(resolved({ ...BASE, filesystem: { mounts } }).filesystem.mounts[0]?.from, '/policies/site');
});

const LOCKED: readonly [pointer: string, loosening: object, tightening: object][] = [
  ['/image/signature', { image: { signature: 'optional' } }, { image: { pinDigest: true } }],
  ['/syscalls', allow('write'), calls('remove', { calls: ['read'], why: WHY })],
  ['/process/capabilities', { process: { capabilities: { allow: [{ cap: 'CAP_KILL', why: WHY }] } } }, {}],
  ['/process/user', { process: { user: { uid: 'any' } } }, { process: { user: { otherwise: { uid: 7, gid: 7 } } } }],
  ['/filesystem/root', { filesystem: { root: 'writable' } }, { filesystem: { root: 'read-only' } }],
  ['/filesystem/allow', { filesystem: { allow: [{ paths: ['/x'], access: ['write'], why: WHY }] } }, {}],
  ['/network', { network: { mode: 'host' } }, { network: { mode: 'none' } }],
  ['/resources', { resources: { memory: 'unlimited' } }, { resources: { memory: '1MiB', pids: 2 } }],
  ['/resources/time', { resources: { time: 'unlimited' } }, { resources: { time: '1s' } }],
  ['/requires', { requires: { apparmor: 'preferred' } }, { requires: { apparmor: 'required' } }],
  ['/process/rlimits/nofile', { process: { rlimits: { nofile: 4096 } } }, { process: { rlimits: { nofile: 3 } } }],
  ['/audit', { audit: { quota: '1GiB' } }, { audit: { durability: 'sync' } }],
];
for (const [pointer, loosening, tightening] of LOCKED) {
  test(`a lock on ${pointer} refuses what loosens it and takes what tightens it`, async () => {
    const locked = { ...BASE, lock: [pointer] };
    const error = (await rejection(() => resolved(locked, {}, loosening))) as PolicyError;
    assert.is(error.code, 'POLICY_LOCKED');
    assert.is(error.faults[0]?.file, 'c.json');
    assert.match(error.faults[0]?.message ?? '', /a\.json#\/lock\/0/);
    assert.is(resolved(locked, tightening).name, 'b');
    assert.is(resolved(BASE, loosening).name, 'b', 'without the lock it is fine');
  });
}

test('an exception that has not expired holds, and says until when', () => {
  const rule = { calls: ['sync'], why: WHY, owner: 'team', ticket: 'T-1', expires: '2026-11-21' };
  const { owner, ticket, expires } = resolved(BASE, calls('allow', rule)).syscalls.allow[1] ?? {};
  assert.equal([owner, ticket, expires], ['team', 'T-1', '2026-11-21']);
});

const SOME = ['write', 'open', 'close', 'stat', 'mmap', 'dup', 'pipe'];
const subset = fc.subarray(SOME, { minLength: 1 });

test('allowances mean the same in one file or in several, in any order', () => {
  fc.assert(
    fc.property(fc.array(subset, { minLength: 1, maxLength: 4 }), (lists) => {
      const rules = lists.map((names) => ({ calls: names, why: WHY }));
      const inOne = resolved(BASE, calls('allow', ...rules));
      const inMany = resolved(BASE, ...[...rules].reverse().map((rule) => calls('allow', rule)));
      assert.equal(permittedNames(inOne.syscalls), permittedNames(inMany.syscalls));
    }),
    { numRuns: 50 },
  );
});

test('what any file forbids, no file allows', () => {
  fc.assert(
    fc.property(subset, subset, fc.boolean(), (allowed, forbidden, first) => {
      const grant = calls('allow', { group: 'io.basic', why: WHY }, { group: 'fs.open', why: WHY });
      const files = [allow(...allowed), grant];
      const names = first ? undefined : permittedNames(resolved(BASE, ...files, forbid(...forbidden)).syscalls);
      const late = names ?? permittedNames(resolved(BASE, forbid(...forbidden), grant).syscalls);
      assert.equal(
        late.filter((name) => forbidden.includes(name)),
        [],
      );
    }),
    { numRuns: 50 },
  );
});

test.run();
