import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from './suite.js';
import { stageProduct, testUser, userRequirement } from './user.js';

const test = suite('test user');
const needsRoot = process.getuid?.() === 0 ? undefined : 'root, to make and remove users';

test.needs(needsRoot, 'is unprivileged, alone in a clean environment, and gone afterwards', () => {
  const user = testUser({ subordinateIds: true });
  const script = 'id -u; id -G; grep -E ^CapEff /proc/self/status; env | cut -d= -f1 | sort | tr "\\n" " "';
  const { status, stdout } = user.run(['/bin/sh', '-c', script]);
  assert.is(status, 0);
  const [uid, groups, capabilities, names = ''] = stdout.toString().split('\n');
  assert.is(uid, String(user.uid));
  assert.is(groups, String(user.gid));
  assert.match(capabilities ?? '', /\t0{16}$/);
  assert.equal(
    names.trim().split(' '),
    [...Object.keys(user.environment), 'PWD'].sort((a, b) => (a < b ? -1 : 1)),
  );
  const child = user.start(['sleep', '1000'], { stdio: 'ignore' });
  assert.ok(existsSync(`/proc/${child.pid}`));
  user.remove();
  assert.not.ok(existsSync(user.home));
  for (const file of ['/etc/passwd', '/etc/subuid', '/etc/subgid']) {
    assert.not.match(readFileSync(file, 'utf8'), new RegExp(`^${user.name}:`, 'm'));
  }
});

test.needs(needsRoot, 'maps subordinate ids only where it has them', () => {
  for (const subordinateIds of [true, false]) {
    const user = testUser({ subordinateIds });
    const { status } = user.run(['unshare', '--map-root-user', '--map-auto', 'true']);
    assert.is(status === 0, subordinateIds);
    user.remove();
  }
});

test.needs(userRequirement({ subordinateIds: true }), 'runs the staged product', () => {
  const product = stageProduct();
  const user = testUser({ subordinateIds: true });
  const main = join(product.folder, 'build/src/cli/main.js');
  const { status, stdout, stderr } = user.run(['node', main, '--version']);
  assert.is(stderr, '');
  assert.is(status, 0);
  assert.match(stdout.toString(), /^\d+\.\d+\.\d+\n$/);
  assert.not.ok(existsSync(join(product.folder, 'node_modules/typescript')), 'development stays behind');
  product.remove();
  assert.not.ok(existsSync(product.folder));
});

test.run();
