/** `sandbox image` and `sandbox reset` through the built product, as an unprivileged user. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { progressLine } from '../../src/cli/unpack-progress.js';
import { type ImageUser, imageUser } from '../support/image-user.js';
import { suite } from '../support/suite.js';
import { busyboxEntries, writeLayout } from '../support/tiny-image.js';
import { type Outcome, userRequirement } from '../support/user.js';

const test = suite('sandbox image');
const requirement =
  userRequirement({ subordinateIds: true }) ??
  (existsSync('/bin/busybox') ? undefined : 'the Debian package busybox-static');
const scratch = mkdtempSync(join(tmpdir(), 'sandbox-cli-image-'));
let host: ImageUser | undefined;
let digest = '';
let reference = '';
const user = (): ImageUser => {
  if (host === undefined) {
    host = imageUser({ subordinateIds: true });
    const layout = join(scratch, 'l');
    const [one] = writeLayout(layout, [
      { tag: 'one', layers: [busyboxEntries()], config: { Cmd: ['sh'], Env: ['A=\u001b[31m'], User: 'guest' } },
      { tag: 'two', layers: [busyboxEntries(), [{ name: 'more' }]] },
    ]);
    digest = one?.manifest.digest ?? '';
    reference = `oci:${host.give(layout, 'l')}`;
  }
  return host;
};
test.after(() => {
  host?.remove();
  rmSync(scratch, { recursive: true, force: true });
});
const sandbox = (...words: readonly string[]): Outcome => user().user.run([user().program, ...words]);
const json = (outcome: Outcome): unknown => JSON.parse(outcome.stdout.toString());

test.needs(requirement, 'an empty store lists nothing', () => {
  assert.equal(json(sandbox('image', 'list', '--json')), []);
});

test.needs(requirement, 'images are listed and inspected by reference and by digest', () => {
  for (const tag of ['one', 'two']) assert.is(user().unpack(`${reference}:${tag}`).error, undefined);
  const list = json(sandbox('image', 'list', '--json')) as { references: string[] }[];
  assert.equal(list.flatMap(({ references }) => references).sort(), [`${reference}:one`, `${reference}:two`]);
  for (const name of [`${reference}:one`, digest, digest.slice('sha256:'.length, 20)]) {
    const shown = sandbox('image', 'inspect', name);
    assert.is(shown.status, 0, shown.stderr);
    assert.is((json(shown) as { configuration: { user: string } }).configuration.user, 'guest');
    assert.not.ok(shown.stdout.includes('\u001b'));
  }
});

test.needs(requirement, 'an image that is not there is one clear error', () => {
  for (const action of ['inspect', 'remove']) {
    const outcome = sandbox('image', action, 'oci:nowhere');
    assert.is(outcome.status, 125);
    assert.match(outcome.stderr, /IMAGE_UNKNOWN: no image "oci:nowhere" in the store/);
  }
});

test.needs(requirement, 'a layer that another image has outlives the removal of one', () => {
  const { root } = user().unpack(`${reference}:two`);
  assert.equal(json(sandbox('image', 'remove', '--json', digest)), { removed: [digest] });
  for (const layer of root?.layers ?? []) assert.ok(existsSync(layer));
  assert.is(sandbox('image', 'rm', `${reference}:two`).status, 0);
  for (const layer of root?.layers ?? []) assert.not.ok(existsSync(layer));
  assert.equal(json(sandbox('image', 'list', '--json')), []);
});

test.needs(requirement, 'reset removes the store, and has nothing to do after that', () => {
  user().unpack(`${reference}:two`);
  assert.equal(json(sandbox('reset', '--json')), { removed: [user().store] });
  assert.not.ok(existsSync(user().store));
  assert.equal(json(sandbox('reset', '--json')), { removed: [] });
});

test('progress is one line', () => {
  const line = progressLine({ layer: 2, layers: 5, bytesRead: 31_000_000, bytes: 75_000_000 });
  assert.is(line, 'unpacking layer 2 of 5: 31 of 75 MB (41 %)');
});

test.run();
