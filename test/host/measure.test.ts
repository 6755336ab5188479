import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { HostFacts } from '../../src/host/facts.js';
import { measureHost } from '../../src/host/measure.js';
import { suite } from '../support/suite.js';
import { stageProduct, testUser, userRequirement } from '../support/user.js';

const test = suite('measured host');
const LIMIT_MS = 5;

test('costs next to nothing once koffi is loaded', () => {
  const times = Array.from({ length: 20 }, () => {
    const start = performance.now();
    measureHost();
    return performance.now() - start;
  });
  // Other work on the machine only ever adds to it.
  const least = Math.min(...times);
  assert.ok(least < LIMIT_MS, `${least} ms at least`);
});

test('agrees with the system’s own tools', () => {
  const facts = measureHost();
  assert.is(facts.kernelRelease, textOf('uname', '-r'));
  assert.is(facts.user.uid, Number(textOf('id', '-u')));
  assert.is(facts.user.gid, Number(textOf('id', '-g')));
  assert.is(facts.apparmor, textOf('sh', '-c', 'cat /sys/module/apparmor/parameters/enabled || echo N') === 'Y');
  for (const path of [facts.newuidmap, facts.newgidmap]) assert.ok(path === undefined || existsSync(path));
});

test('never maps the host’s root or its caller where it writes a map of many ids', () => {
  const { idMap, user } = measureHost();
  if (idMap.method === 'single') return;
  for (const { outer, count } of [...idMap.uid]) {
    for (const id of [0, user.uid]) assert.not.ok(id >= outer && id < outer + count, `${id} is mapped`);
  }
});

for (const subordinateIds of [true, false]) {
  const title = `sees a user ${subordinateIds ? 'with' : 'without'} subordinate ids as they are`;
  test.needs(userRequirement({ subordinateIds }), title, () => {
    const product = stageProduct();
    const user = testUser({ subordinateIds });
    const module = join(product.folder, 'build/src/host/measure.js');
    const script = `import { measureHost } from ${JSON.stringify(module)}; console.log(JSON.stringify(measureHost()))`;
    const { stdout, stderr } = user.run(['node', '--input-type=module', '--eval', script]);
    assert.is(stderr, '');
    const facts = JSON.parse(stdout.toString()) as HostFacts;
    assert.equal(facts.user, { uid: user.uid, gid: user.gid, name: user.name });
    assert.is(facts.idMap.method, subordinateIds ? 'subordinate' : 'single');
    assert.is(facts.idMapRemark === undefined, subordinateIds);
    user.remove();
    product.remove();
  });
}

function textOf(file: string, ...rest: readonly string[]): string {
  return spawnSync(file, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).stdout.trim();
}

test.run();
