import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { loadCeilings, requireWithin } from '../../src/policy/ceiling.js';
import type { PolicyError } from '../../src/policy/errors.js';
import type { Policy } from '../../src/policy/policy.js';
import { loadPolicy } from '../../src/policy/resolve.js';
import { rejection, suite } from '../support/suite.js';
import { WHY } from './malformed-builders.js';
import { shipped, shippedPolicy } from './shipped.js';

const test = suite('ceilings');
const NOW = new Date('2026-11-21T12:00:00Z');
const needsRoot = process.getuid?.() === 0 ? undefined : 'root, to give a file away';

let folder = '';
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-ceiling-'));
  chmodSync(folder, 0o755);
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, more: object): string {
  const path = join(folder, name);
  const file = { apiVersion: 1, name: 'mine', version: '1.0.0', extends: { policy: 'strict' }, ...more };
  writeFileSync(path, JSON.stringify(file, null, 1), { mode: 0o644 });
  return path;
}
const load = (more: object): Policy => loadPolicy({ kind: 'file', path: written('policy.json', more) }, NOW);

test('every shipped policy is within itself', () => {
  for (const policy of shipped) requireWithin(policy, [policy]);
});

test('strict is within a ceiling of default, and default not within one of strict', async () => {
  requireWithin(shippedPolicy('strict'), [shippedPolicy('default')]);
  const error = (await rejection(() =>
    requireWithin(shippedPolicy('default'), [shippedPolicy('strict')]),
  )) as PolicyError;
  assert.is(error.code, 'POLICY_CEILING');
  assert.ok(error.faults.length > 20);
});

const WIDER: readonly [pointer: string, more: object][] = [
  ['/syscalls/allow', { syscalls: { allow: [{ calls: ['sync'], why: WHY }] } }],
  [
    '/syscalls/allow',
    { syscalls: { allow: [{ calls: ['socket'], where: { socket: [{ family: { anyOf: ['AF_INET'] } }] }, why: WHY }] } },
  ],
  ['/resources/memory', { resources: { memory: '257MiB' } }],
  ['/resources/time', { resources: { time: 'unlimited' } }],
  ['/filesystem/scratch', { filesystem: { scratch: [{ path: '/x', size: '1MiB', why: WHY }] } }],
  ['/filesystem/mounts', { filesystem: { mounts: [{ from: '/etc', to: '/x', access: 'read-only', why: WHY }] } }],
  ['/filesystem/allow', { filesystem: { allow: [{ paths: ['/var'], access: ['write'], why: WHY }] } }],
  ['/process/user/uid', { process: { user: { uid: 'any' } } }],
  ['/process/capabilities', { process: { capabilities: { allow: [{ cap: 'CAP_KILL', why: WHY }] } } }],
  ['/process/env/pass', { process: { env: { pass: [{ names: ['HOME'], why: WHY }] } } }],
  ['/requires/landlock', { requires: { landlock: 'preferred' } }],
];
for (const [pointer, more] of WIDER) {
  test(`more at ${pointer} than the ceiling is an error: ${JSON.stringify(more).slice(0, 60)}`, async () => {
    const error = (await rejection(() => requireWithin(load(more), [shippedPolicy('strict')]))) as PolicyError;
    assert.is(error.code, 'POLICY_CEILING');
    assert.equal(
      error.faults.map((fault) => fault.pointer),
      [pointer],
    );
    assert.is(error.faults[0]?.file, 'policy.json');
    assert.ok((error.faults[0]?.line ?? 0) > 1);
  });
}

test('a writable root and its memory are more than a ceiling whose root is read-only', async () => {
  const wider = load({ filesystem: { root: 'writable' } });
  const error = (await rejection(() => requireWithin(wider, [shippedPolicy('strict')]))) as PolicyError;
  assert.is(error.code, 'POLICY_CEILING');
  assert.equal(error.faults.map((fault) => fault.pointer).sort(), ['/filesystem/root', '/filesystem/rootSize']);
});

test('less than the ceiling is fine', () => {
  const tighter = {
    syscalls: { remove: [{ group: 'net.server', why: WHY }], forbid: [{ calls: ['execve'], why: WHY }] },
    resources: { memory: '1MiB', pids: 3, time: '1s' },
    filesystem: { allow: [{ paths: ['/tmp/x'], access: ['write'], why: WHY }] },
    requires: { cgroup: 'required' },
  };
  requireWithin(load(tighter), [shippedPolicy('strict')]);
});

test('an equal set of alternatives in other words is within the ceiling', () => {
  const where = { socket: [{ family: { mask: '0xffffffff', anyOf: ['0x1'] }, type: { anyOf: ['SOCK_STREAM'] } }] };
  requireWithin(load({ syscalls: { allow: [{ calls: ['socket'], where, why: WHY }] } }), [shippedPolicy('strict')]);
});

test('where none is installed and none is named, none holds', () => {
  assert.equal(loadCeilings(undefined, NOW, join(folder, 'none.json')), []);
});

test.needs(needsRoot, 'an installed ceiling holds beside a named one', () => {
  const installed = written('installed.json', {});
  const named = written('named.json', {});
  assert.is(loadCeilings(named, NOW, installed).length, 2);
});

test.needs(needsRoot, 'a ceiling that others may write is refused', async () => {
  const installed = written('open.json', {});
  chmodSync(installed, 0o666);
  assert.is(
    ((await rejection(() => loadCeilings(undefined, NOW, installed))) as PolicyError).code,
    'POLICY_CEILING_UNTRUSTED',
  );
});

test.needs(needsRoot, "somebody's own file and a link are refused as installed ceilings", async () => {
  const owned = written('owned.json', {});
  chownSync(owned, 12345, 12345);
  const link = join(folder, 'link.json');
  symlinkSync(owned, link);
  for (const path of [owned, link])
    assert.is(
      ((await rejection(() => loadCeilings(undefined, NOW, path))) as PolicyError).code,
      'POLICY_CEILING_UNTRUSTED',
    );
});

test.run();
