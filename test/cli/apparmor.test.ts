import * as assert from 'uvu/assert';
import type { ApparmorStatus } from '../../src/cli/apparmor-status.js';
import { measureHost } from '../../src/host/measure.js';
import { suite } from '../support/suite.js';
import { type Product, stageProduct, type TestUser, testUser, userRequirement } from '../support/user.js';

const test = suite('sandbox apparmor');
const needs = userRequirement({ subordinateIds: true });
const needsNone = needs ?? (measureHost().apparmor ? 'a kernel without AppArmor' : undefined);
let product: Product;
let user: TestUser;
test.before(() => {
  if (needs !== undefined) return;
  product = stageProduct();
  user = testUser({ subordinateIds: true });
});
test.after(() => {
  user?.remove();
  product?.remove();
});
const apparmor = (...words: string[]) => user.run([product.program, 'apparmor', ...words]);

test.needs(needsNone, 'status says what is missing, for each policy', () => {
  const { status, stdout } = apparmor('status', '--json');
  const told = JSON.parse(stdout.toString()) as ApparmorStatus;
  assert.is(status, 1);
  assert.is(told.active, false);
  assert.equal(
    told.policies.map(({ policy }) => policy),
    ['compat', 'default', 'strict'],
  );
  for (const { use, why, profile, policy } of told.policies) {
    assert.equal([use, why], ['none', 'AppArmor is not active in this kernel']);
    assert.match(profile, new RegExp(`^sandbox\\.${policy}\\.[0-9a-f]{16}$`));
  }
});

test.needs(needs, 'who is not root is told the command, word by word', () => {
  const { status, stderr } = apparmor('install', '--user', 'nobody');
  assert.is(status, 125);
  assert.match(stderr, /^sandbox: APPARMOR_NOT_ROOT: /);
  assert.ok(stderr.includes(`sudo ${product.program} apparmor install --user nobody`), stderr);
});

test.needs(needs, 'a look needs no privilege and shows every profile', () => {
  const { status, stdout } = apparmor('install', '--dry-run', '--user', 'nobody');
  assert.is(status, 0);
  for (const name of ['compat', 'default', 'strict'])
    assert.match(stdout.toString(), `write /etc/apparmor.d/sandbox.${name}:`);
  assert.match(stdout.toString(), /^mkdir -p .*\/policy\/namespaces\/sandbox-65534$/m);
  const { actions, done } = JSON.parse(apparmor('install', '--dry-run', '--json').stdout.toString()) as {
    actions: { kind: string }[];
    done: boolean;
  };
  assert.is(done, false);
  assert.ok(actions.filter(({ kind }) => kind === 'load').length >= 3);
});

for (const [what, words, code] of [
  ['a user who is not there', ['install', '--dry-run', '--user', 'no-such-user'], 'APPARMOR_UNKNOWN_USER'],
  ['root as the user of a namespace', ['install', '--dry-run', '--user', 'root'], 'APPARMOR_UNKNOWN_USER'],
] as const) {
  test.needs(needs, `${what} is refused`, () => {
    const { status, stderr } = apparmor(...words);
    assert.is(status, 125);
    assert.match(stderr, code);
  });
}

test.run();
