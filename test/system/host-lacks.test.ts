/** A host that lacks what a run needs: told by name, with nothing left behind. */
import * as assert from 'uvu/assert';
import { settle } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { type Outcome, userRequirement } from '../support/user.js';

const test = suite('what a host lacks');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

/** Runs the words one after another in a user namespace that may have no other below it, but for the first `allowed`. */
function withoutNamespaces(words: readonly string[], allowed: 'never' | 'first'): Outcome {
  const forbid = 'echo 0 >/proc/sys/user/max_user_namespaces';
  const script = allowed === 'first' ? `"$@" && ${forbid} && exec "$@"` : `${forbid} && exec "$@"`;
  return ground.user.run(['unshare', '-Ur', 'sh', '-c', script, 'sh', ground.product.program, ...words]);
}

test.needs(needs, 'user namespaces switched off, before an image is unpacked and afterwards', async () => {
  const words = ground.runWords(['echo', 'ran']);
  const unpacking = withoutNamespaces(words, 'never');
  assert.is(unpacking.status, 125, unpacking.stderr);
  assert.match(unpacking.stderr, /^sandbox: STORE_NO_NAMESPACES: user-namespace: /m);
  assert.match(unpacking.stderr, /^ {2}to do: run: sandbox doctor/m);
  const launching = withoutNamespaces(words, 'first');
  assert.is(launching.stdout.toString(), 'ran\n', launching.stderr);
  assert.is(launching.status, 125);
  assert.match(launching.stderr, /^sandbox: LAUNCH_USER_NAMESPACE: /m);
  assert.equal(await settle(ground.user), []);
});

test.run();
