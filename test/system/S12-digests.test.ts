/** S12: no byte of an image is used before its digest was checked, from the index to each layer's content. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { digestOf } from '../../src/base/digest.js';
import { findDebris } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround, toolEntries } from '../support/system-ground.js';
import { makeTar } from '../support/tar.js';
import { blobFile, type WrittenImage, writeBlob, writeIndex, writeLayout } from '../support/tiny-image.js';
import { runsOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

// Nobody signs here: what holds these images up is their digests alone.
const test = suite('S12 digests');
const needs = userRequirement({ subordinateIds: true });
const FLAGS = ['--profile', 'strict', '--allow-unsigned'];
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

type Made = { readonly folder: string; readonly image: WrittenImage };

function make(name: string): Made {
  const folder = join(ground.folder, name);
  const top = [{ name: 'marker', data: `marker of ${name}\n` }];
  const config = { Cmd: ['cat', '/marker'], Env: ['PATH=/bin'] };
  const [image] = writeLayout(folder, [{ layers: [toolEntries(), top], compress: 'none', config }]);
  if (image === undefined) throw new Error('no image was written');
  return { folder, image };
}

const run = ({ folder }: Made) => ground.run([], { image: `oci:${folder}`, flags: FLAGS });

/** Changes one byte without changing the length. */
function flip(file: string, text: string): void {
  const bytes = readFileSync(file);
  const at = bytes.indexOf(text);
  assert.ok(at >= 0, `${file} has ${text}`);
  bytes[at] = (bytes[at] ?? 0) ^ 0x20;
  writeFileSync(file, bytes);
}

const ALTER: Readonly<Record<string, (made: Made) => void>> = {
  'the manifest': ({ folder, image }) => flip(blobFile(folder, image.manifest.digest), 'mediaType'),
  'the configuration': ({ folder, image }) => flip(blobFile(folder, image.config.digest), '/marker'),
  'a layer': ({ folder, image }) => flip(blobFile(folder, image.layers[1]?.digest ?? digestOf('')), 'marker of'),
  'the length of a layer': ({ folder, image }) => {
    const file = blobFile(folder, image.layers[1]?.digest ?? digestOf(''));
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(512)]));
  },
  'what is in a layer, behind a right digest of the blob': ({ folder, image }) => {
    const other = makeTar([{ name: 'marker', data: 'exchanged\n' }]);
    const layer = writeBlob(folder, 'application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(other));
    const manifest = JSON.parse(readFileSync(blobFile(folder, image.manifest.digest), 'utf8')) as { layers: object[] };
    manifest.layers[1] = layer;
    writeIndex(folder, [writeBlob(folder, image.manifest.mediaType, JSON.stringify(manifest))]);
  },
};

for (const [part, alter] of Object.entries(ALTER)) {
  test.needs(needs, `${part} altered: refused, with what differs`, () => {
    const made = make(`altered-${Object.keys(ALTER).indexOf(part)}`);
    alter(made);
    const runs = runsOf(ground.user).length;
    const { status, stdout, stderr } = run(made);
    assert.is(status, 125, stderr);
    assert.is(stdout.toString(), '');
    assert.match(stderr, /^sandbox: IMAGE_DIGEST_MISMATCH: \S/m);
    assert.match(stderr, /^ {2}why: expected sha256:\S+.*, found \S+/m);
    assert.is(runsOf(ground.user).length, runs);
    assert.equal(findDebris(ground.user), []);
  });
}

test.needs(needs, 'unaltered, the image runs', () => {
  const { status, stdout, stderr } = run(make('whole'));
  assert.is(status, 0, stderr);
  assert.is(stdout.toString(), 'marker of whole\n');
});

test.needs(needs, 'altered after it ran once, it does not run again', () => {
  const made = make('later');
  assert.is(run(made).stdout.toString(), 'marker of later\n');
  flip(blobFile(made.folder, made.image.layers[1]?.digest ?? digestOf('')), 'marker of');
  const { status, stdout, stderr } = run(made);
  assert.is(status, 125);
  assert.is(stdout.toString(), '');
  assert.match(stderr, /^sandbox: IMAGE_DIGEST_MISMATCH: /m);
});

test.needs(needs, 'a reference by digest runs this image and no other', () => {
  const made = make('pinned');
  const reference = `oci:${made.folder}@${made.image.manifest.digest}`;
  assert.is(ground.run([], { image: reference, flags: FLAGS }).stdout.toString(), 'marker of pinned\n');
  const other = `oci:${made.folder}@${digestOf('another image')}`;
  const { status, stderr } = ground.run([], { image: other, flags: FLAGS });
  assert.is(status, 125);
  assert.match(stderr, /^sandbox: IMAGE_NOT_FOUND: /m);
});

test.run();
