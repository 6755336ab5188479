/** S13: a hostile layer cannot write outside of its own folder, nor use more space than the limits allow. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { findDebris, ownEverything } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround, toolEntries } from '../support/system-ground.js';
import { makeTar, type TarEntry } from '../support/tar.js';
import { userRequirement } from '../support/user.js';

// Each rule of the unpacker has its own tests in test/image; here the whole product meets such images.
const test = suite('S13 hostile layers');
const needs = userRequirement({ subordinateIds: true });
const FLAGS = ['--profile', 'strict', '--allow-unsigned'];
const UP = '../'.repeat(16);
let ground: SystemGround;
/** A folder of the user's that every entry aims at. */
let aim: string;
let kept: string;

test.before(() => {
  if (needs !== undefined) return;
  ground = systemGround();
  aim = join(ground.user.home, 'aim');
  mkdirSync(aim);
  kept = `${aim}-kept`;
  writeFileSync(kept, 'kept');
  for (const path of [aim, kept]) ownEverything(ground.user, path);
});
test.after(() => ground?.remove());

const withoutControls = (text: string): string => text.replace(/(?!\n)\p{Cc}/gu, '');
const link = (name: string, target: string): TarEntry => ({ name, type: 'link', target });
const HOSTILE: Readonly<Record<string, (aim: string) => readonly TarEntry[]>> = {
  'a name that climbs': (to) => [{ name: `${UP}${to}/climbed`, data: 'x' }],
  'an absolute name': (to) => [{ name: `${to}/absolute`, data: 'x' }],
  'a name that climbs in the middle': (to) => [{ name: `a/b/${UP}${to}/middle`, data: 'x' }],
  'a link, and a file through it': (to) => [link('way', to), { name: 'way/through', data: 'x' }],
  'a climbing link, and a file through it': (to) => [link('way', `${UP}${to}`), { name: 'way/climb', data: 'x' }],
  'a link in a long header': (to) => [
    { ...link('long', 'x'), pax: { linkpath: `${UP}${to}` } },
    { name: 'long/header', data: 'x' },
  ],
  'a hard link to a file of the host': (to) => [{ name: 'hard', type: 'hardlink', target: `${UP}${to}-kept` }],
  'a whiteout that climbs': (to) => [{ name: `${UP}${to}/.wh.kept`, data: '' }],
  'a device node': () => [{ name: 'disk', type: 'block' }],
  'a file that replaces a folder that is in use': () => [
    { name: 'bin', data: 'x' },
    { name: 'bin/sh', data: 'x' },
  ],
  'a name that is no text': () => [
    { name: 'pax', pax: { path: Buffer.from([0xff, 0xfe, 0x2f, 0x2e, 0x2e]) }, data: 'x' },
  ],
};

for (const [what, entries] of Object.entries(HOSTILE)) {
  test.needs(needs, `${what}: nothing is written outside`, () => {
    const image = ground.layout(`hostile-${Object.keys(HOSTILE).indexOf(what)}`, [
      { layers: [toolEntries(), entries(aim)], config: { Cmd: ['true'], Env: ['PATH=/bin'] }, compress: 'none' },
    ]);
    const { status, stderr } = ground.run([], { image, flags: FLAGS });
    assert.equal(readdirSync(aim), []);
    assert.is(statSync(kept).nlink, 1);
    assert.ok(status !== null && [0, 125, 126, 127].includes(status), `${status} ${stderr}`);
    if (status === 125) assert.match(stderr, /^sandbox: (warning: .*\nsandbox: )?(IMAGE|LAUNCH)_\w+: /);
    assert.is(withoutControls(stderr), stderr, 'no byte of the archive acts on a terminal');
    assert.equal(findDebris(ground.user), []);
  });
}

test.needs(needs, 'an archive that unpacks to more than it may is refused, and nothing of it stays', () => {
  const sparse = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': String(1n << 50n) };
  const huge: TarEntry = { name: 'huge', data: `1\n0\n512\n${'\0'.repeat(505)}${'x'.repeat(512)}`, pax: sparse };
  const declared: TarEntry = { name: 'declared', pax: { size: String(1n << 50n) }, data: '' };
  for (const [index, entry] of [huge, declared].entries()) {
    const tar = makeTar([entry]);
    const image = ground.layout(`bomb-${index}`, [
      { layers: [toolEntries(), { tar, blob: gzipSync(tar) }], config: { Cmd: ['true'] } },
    ]);
    const { status, stderr } = ground.run(['ls', '-l', '/huge', '/declared'], { image, flags: FLAGS });
    if (status === 125) assert.match(stderr, /^sandbox: IMAGE_UNPACK_(REFUSED|FAILED): /m);
    const store = join(ground.user.home, '.local/share/sandbox');
    const { stdout } = ground.user.run(['du', '-sm', store]);
    assert.ok(Number.parseInt(stdout.toString(), 10) < 100, 'a sparse file takes no space');
    assert.ok(existsSync(store));
    assert.equal(findDebris(ground.user), []);
  }
});

test.needs(needs, 'outside, who follows such a link writes where it was aimed', () => {
  ground.outside(`cd ${ground.user.home}; busybox ln -s ${aim} way; echo x >way/through`);
  assert.equal(readdirSync(aim), ['through']);
});

test.run();
