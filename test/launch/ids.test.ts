import * as assert from 'uvu/assert';
import type { IdMap } from '../../src/base/id-map.js';
import { LaunchError } from '../../src/launch/errors.js';
import { chooseIds, placeIds } from '../../src/launch/ids.js';
import { compiledPolicy, rootFs, runOptions } from '../support/launch-inputs.js';
import { rejection, suite } from '../support/suite.js';

const test = suite('launch/ids');
const WIDE: IdMap = {
  method: 'subordinate',
  uid: [{ inner: 0, outer: 100_000, count: 65_536 }],
  gid: [{ inner: 0, outer: 100_000, count: 65_536 }],
};
const nobody = { uid: 65_534, gid: 65_534, groups: [] };
const image = (uid: number, gid: number, groups: readonly number[] = []) => ({ uid, gid, groups });

for (const [what, user, wanted] of [
  ['nothing', undefined, nobody],
  ['root', image(0, 0), nobody],
  ['root by uid in another group', image(0, 7), nobody],
  ['a user', image(33, 33, [4]), image(33, 33, [4])],
  ['a user whose group is root', image(33, 0), image(33, 65_534)],
  ['a user who is also in the group root', image(33, 33, [0, 4]), image(33, 33, [4])],
] as const) {
  test(`where the policy wants no root and the image says ${what}`, () => {
    assert.equal(chooseIds(compiledPolicy(), rootFs({ user }), runOptions()), wanted);
  });
}

test('where the policy allows root, the image’s root stays root, and silence is root', () => {
  const policy = { ...compiledPolicy(), user: { uid: 'any', otherwise: nobody } } as const;
  assert.equal(chooseIds(policy, rootFs({ user: image(0, 0) }), runOptions()), image(0, 0));
  assert.equal(chooseIds(policy, rootFs({ user: undefined }), runOptions()), image(0, 0));
});

for (const user of [
  { uid: 0, gid: 5 },
  { uid: 5, gid: 0 },
]) {
  test(`--user ${user.uid}:${user.gid} is refused where the policy wants no root`, async () => {
    const error = await rejection(() => chooseIds(compiledPolicy(), rootFs({}), { ...runOptions(), user }));
    assert.ok(error instanceof LaunchError && error.code === 'LAUNCH_ROOT_REFUSED');
  });
}

test('pid 1 has an id that the workload cannot have', async () => {
  const placed = placeIds(WIDE, image(33, 33));
  assert.equal([placed.init.uid, placed.init.gid], [65_535, 65_535]);
  for (const user of [image(65_535, 33), image(33, 65_535), image(33, 33, [65_535]), image(65_536, 33)]) {
    const error = await rejection(() => placeIds(WIDE, user));
    assert.ok(error instanceof LaunchError && error.code === 'LAUNCH_ID_UNMAPPED');
  }
});

test('a single id is moved to the one that the workload has, without supplementary groups', () => {
  const one: IdMap = {
    method: 'single',
    uid: [{ inner: 0, outer: 1000, count: 1 }],
    gid: [{ inner: 0, outer: 1001, count: 1 }],
  };
  const placed = placeIds(one, image(33, 34, [4]));
  assert.equal(placed.map.uid, [{ inner: 33, outer: 1000, count: 1 }]);
  assert.equal(placed.map.gid, [{ inner: 34, outer: 1001, count: 1 }]);
  assert.equal(placed.user, image(33, 34));
  assert.equal(placed.setup, { uid: 33, gid: 34 });
});

test.run();
