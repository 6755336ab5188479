/** Hostile and unusual layers, unpacked without root: with subordinate ids and with one id. */
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { LAYER, REFUSED } from '../support/hostile-layers.js';
import { type ImageUser, imageUser, type UnpackResult } from '../support/image-user.js';
import { suite } from '../support/suite.js';
import { makeTar, type TarEntry } from '../support/tar.js';
import { writeLayout } from '../support/tiny-image.js';
import { userRequirement } from '../support/user.js';

const scratch = mkdtempSync(join(tmpdir(), 'sandbox-unpack-'));
let made = 0;
/** What a layer that got out would have written; somebody else may have a file of that name. */
const OUTSIDE = '/tmp/out';
const before = mtimeOf(OUTSIDE);

for (const subordinateIds of [true, false]) {
  const test = suite(subordinateIds ? 'unpack with subordinate ids' : 'unpack with one id');
  const requirement = userRequirement({ subordinateIds });
  let host: ImageUser | undefined;
  const user = (): ImageUser => {
    host ??= imageUser({ subordinateIds });
    return host;
  };
  test.after(() => host?.remove());
  const unpack = (...layers: readonly (readonly TarEntry[])[]): UnpackResult => {
    const layout = join(scratch, `l${++made}`);
    writeLayout(layout, [{ layers, config: { User: '33' } }]);
    return user().unpack(`oci:${user().give(layout, `l${made}`)}`);
  };

  for (const [name, entries, reason] of REFUSED) {
    test.needs(requirement, `${name} is refused, and nothing is left`, () => {
      const { error } = unpack([...entries]);
      assert.is(error?.code, 'IMAGE_UNPACK_REFUSED', JSON.stringify(error));
      assert.match(error?.message ?? '', reason);
      assert.equal(debris(user().store), []);
      assert.not.ok(existsSync(join(user().user.home, 'out')));
      assert.is(mtimeOf(OUTSIDE), before);
    });
  }

  test.needs(
    requirement ?? (process.getuid?.() === 0 ? undefined : 'root, to look at files of other ids'),
    'all kinds of entries become what they are',
    () => {
      const { root, error } = unpack([...LAYER]);
      assert.is(error, undefined, JSON.stringify(error));
      const tree = root?.layers[0] ?? '';
      const at = (name: string) => lstatSync(join(tree, name));
      const base = at('etc').uid;
      assert.is.not(base, 0);
      assert.is(base === user().user.uid, !subordinateIds, 'the first id of the map is not the user’s own');
      assert.is(at('.').mode & 0o7777, 0o711);
      assert.is(at('.').mtimeMs, 111_000);
      assert.is(at('ro').mode & 0o7777, 0o555);
      assert.is(at('ro').mtimeMs, 222_000);
      assert.is(at('ro/inside').mode & 0o7777, 0);
      assert.is(at('ro/inside').uid - base, subordinateIds ? 33 : 0);
      assert.is(at('ro/inside').gid - at('etc').gid, subordinateIds ? 34 : 0);
      assert.is(at('ro/inside').mtimeMs, 333_000);
      assert.is(at('su').mode & 0o7777, 0o755);
      assert.is(at('sticky').mode & 0o7777, 0o3777);
      assert.is(at('implicit/made').mode & 0o7777, 0o755);
      assert.is(readFileSync(join(tree, 'usr/lib/through'), 'utf8'), 'through');
      assert.is(at('hard').ino, at('usr/lib/through').ino);
      assert.is(readlinkSync(join(tree, 'lib')), '/usr/lib');
      assert.is(readFileSync(join(tree, 'replaced'), 'utf8'), 'a file now');
      assert.is(readFileSync(join(tree, 'f'), 'utf8'), 'inside');
      assert.ok(at('pipe').isFIFO());
      assert.not.ok(existsSync(join(tree, 'dev/null')));
      assert.ok(at('a\nb').isFile());
      assert.ok(at('grün').isFile());
      assert.ok(at(`${'long/'.repeat(40)}name`).isFile());
      assert.ok(at('old').isCharacterDevice());
      assert.is(at('old').rdev, 0);
      assert.ok(at('both').isDirectory() && at('late').isDirectory() && at('keep').isDirectory());
      assert.not.ok(namesBelow(tree).some((name) => name.includes('.wh.')));
      for (const said of [
        /1 setuid or setgid bit removed/,
        /1 device node left out: "dev\/null"/,
        /1 file capability/,
        /1 extended attribute/,
        /2 symbolic links kept/,
      ]) {
        assert.ok(
          root?.remarks.some((remark) => said.test(remark)),
          `${said} in ${root?.remarks}`,
        );
      }
      assert.equal(root?.configuration.user, { uid: 33, gid: 34, groups: [26] });
    },
  );

  test.needs(requirement, 'layers stand topmost first, and one that stands twice counts once', () => {
    const one = [{ name: 'one' }];
    const { root } = unpack(one, [{ name: 'two' }], one);
    assert.is(root?.layers.length, 2);
    assert.match(readdirSync(root?.layers[0] ?? '').join(), /one/);
  });

  test.needs(requirement, 'an owner without an id here', () => {
    const { root, error } = unpack([{ name: 'far', uid: 70_000 }]);
    if (subordinateIds) assert.match(error?.message ?? '', /user 70000, for which there is no id/);
    else assert.ok(root?.remarks.some((remark) => /one id/.test(remark)));
  });

  test.needs(requirement, 'more after the end of the archive is refused', () => {
    const tar = Buffer.concat([makeTar([{ name: 'a' }]), makeTar([{ name: 'b' }])]);
    const layout = join(scratch, `l${++made}`);
    writeLayout(layout, [{ layers: [{ tar }] }]);
    assert.match(user().unpack(`oci:${user().give(layout, `l${made}`)}`).error?.message ?? '', /after the end/);
  });

  test.needs(requirement, 'a layer beyond the limit is refused', () => {
    const layout = join(scratch, `l${++made}`);
    writeLayout(layout, [{ layers: [[{ name: 'big', data: Buffer.alloc(100_000) }]] }]);
    const { error } = user().unpack(`oci:${user().give(layout, `l${made}`)}`, { maxBytes: 99_999 });
    assert.is(error?.code, 'IMAGE_UNPACK_REFUSED');
  });

  test.run();
}

process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

function mtimeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** Anything of the store that is neither a finished layer nor its map. */
function debris(store: string): readonly string[] {
  const layers = join(store, 'layers');
  return readdirSync(layers).flatMap((map) =>
    readdirSync(join(layers, map)).filter((name) => !/^([0-9a-f]{64}|map\.json)$/.test(name)),
  );
}

/** Links are not followed, which readdirSync would do if it were asked for names alone. */
function namesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map(({ name }) => name);
}
