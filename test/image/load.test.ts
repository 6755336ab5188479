import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { digestOf, hexOf } from '../../src/base/digest.js';
import { type LayeredImage, loadImage } from '../../src/image/load.js';
import { rejection, suite } from '../support/suite.js';
import { makeTar } from '../support/tar.js';
import {
  blobFile,
  INDEX_TYPE,
  makeLayout,
  writeBlob,
  writeImage,
  writeIndex,
  writeLayout,
} from '../support/tiny-image.js';

const test = suite('load');
const folder = mkdtempSync(join(tmpdir(), 'sandbox-load-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const place = (): string => join(folder, `l${++made}`);
const FILE = [{ name: 'a', data: 'x' }];

const load = (reference: string): LayeredImage => {
  const image = loadImage(reference, folder);
  image.close();
  if (image.kind !== 'layered') throw new Error('expected layers');
  return image;
};
const codeOf = async (body: () => unknown): Promise<string> =>
  String(((await rejection(body)) as { code?: string }).code);

test('a layout with one image needs no tag', () => {
  const layout = place();
  const [written] = writeLayout(layout, [{ layers: [FILE], config: { Cmd: ['x'] } }]);
  const image = load(`oci:${layout}`);
  assert.is(image.manifestDigest, written?.manifest.digest);
  assert.is(image.indexDigest, undefined);
  assert.equal(image.configuration.command, ['x']);
  assert.is(image.files.length, 5);
});

test('tags and digests choose among images', async () => {
  const layout = place();
  const [one, two] = writeLayout(layout, [
    { tag: 'one', layers: [FILE] },
    { tag: 'two', layers: [FILE, FILE] },
  ]);
  assert.is(load(`oci:${layout}:two`).manifestDigest, two?.manifest.digest);
  assert.is(load(`oci:${layout}@${one?.manifest.digest}`).manifestDigest, one?.manifest.digest);
  assert.is(await codeOf(() => load(`oci:${layout}`)), 'IMAGE_AMBIGUOUS');
  assert.is(await codeOf(() => load(`oci:${layout}:three`)), 'IMAGE_NOT_FOUND');
  assert.is(await codeOf(() => load(`oci:${layout}@sha256:${'0'.repeat(64)}`)), 'IMAGE_NOT_FOUND');
});

test('what cosign save writes is one image with signatures beside it', () => {
  const layout = place();
  makeLayout(layout);
  const image = writeImage(layout, { layers: [FILE] });
  const signature = writeImage(layout, { layers: [[{ name: 'sig' }]] });
  writeIndex(layout, [
    { ...signature.manifest, annotations: { kind: 'dev.cosignproject.cosign/sigs' } },
    { ...image.manifest, annotations: { kind: 'dev.cosignproject.cosign/image' } },
  ]);
  const loaded = load(`oci:${layout}`);
  assert.is(loaded.manifestDigest, image.manifest.digest);
  assert.is(loaded.evidence.descriptors.length, 2);
});

test('an image index leads to the manifest for this machine', async () => {
  const layout = place();
  makeLayout(layout);
  const arm = writeImage(layout, { layers: [FILE], architecture: 'arm64' });
  const amd = writeImage(layout, { layers: [FILE] });
  const attestation = { ...arm.manifest, platform: { os: 'unknown', architecture: 'unknown' } };
  const inner = writeBlob(
    layout,
    INDEX_TYPE,
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        attestation,
        { ...arm.manifest, platform: { os: 'linux', architecture: 'arm64' } },
        { ...amd.manifest, platform: { os: 'linux', architecture: 'amd64' } },
      ],
    }),
  );
  writeIndex(layout, [{ ...inner, annotations: { 'org.opencontainers.image.ref.name': 't' } }]);
  const image = load(`oci:${layout}:t`);
  assert.is(image.manifestDigest, amd.manifest.digest);
  assert.is(image.indexDigest, inner.digest);
  assert.is(image.evidence.chain.length, 2);
  writeIndex(layout, [arm.manifest]);
  assert.is(await codeOf(() => load(`oci:${layout}`)), 'IMAGE_PLATFORM_MISSING');
});

type Damage = readonly [string, string, (layout: string, image: ReturnType<typeof writeImage>) => void];
const DAMAGES: readonly Damage[] = [
  ['an altered manifest', 'IMAGE_DIGEST_MISMATCH', (l, { manifest }) => flip(blobFile(l, manifest.digest))],
  [
    'a longer manifest',
    'IMAGE_DIGEST_MISMATCH',
    (l, { manifest }) => appendFileSync(blobFile(l, manifest.digest), ' '),
  ],
  ['an altered configuration', 'IMAGE_DIGEST_MISMATCH', (l, { config }) => flip(blobFile(l, config.digest))],
  ['a missing configuration', 'IMAGE_NOT_FOUND', (l, { config }) => rmSync(blobFile(l, config.digest))],
  ['no index.json', 'IMAGE_NOT_FOUND', (l) => rmSync(join(l, 'index.json'))],
  ['an index that is no JSON', 'IMAGE_MALFORMED', (l) => writeFileSync(join(l, 'index.json'), '{')],
  [
    'an index with a key twice',
    'IMAGE_MALFORMED',
    (l) => writeFileSync(join(l, 'index.json'), '{"schemaVersion":2,"manifests":[],"manifests":[]}'),
  ],
  ['an index larger than 4 MiB', 'IMAGE_MALFORMED', (l) => appendFileSync(join(l, 'index.json'), ' '.repeat(4 << 20))],
  [
    'a digest in capitals',
    'IMAGE_MALFORMED',
    (l, { manifest }) => writeIndex(l, [{ ...manifest, digest: manifest.digest.toUpperCase() }]),
  ],
  [
    'a digest that is a path',
    'IMAGE_MALFORMED',
    (l, { manifest }) => writeIndex(l, [{ ...manifest, digest: 'sha256:../../../etc/passwd' }]),
  ],
  [
    'an unknown algorithm',
    'IMAGE_MALFORMED',
    (l, { manifest }) => writeIndex(l, [{ ...manifest, digest: `sha512:${'a'.repeat(128)}` }]),
  ],
  ['a negative size', 'IMAGE_MALFORMED', (l, { manifest }) => writeIndex(l, [{ ...manifest, size: -1 }])],
  [
    'an unknown version of the layout',
    'IMAGE_MALFORMED',
    (l) => writeFileSync(join(l, 'oci-layout'), '{"imageLayoutVersion":"9"}'),
  ],
  [
    'a blob that is a link out of the layout',
    'IMAGE_NOT_FOUND',
    (l, { config }) => {
      const outside = join(folder, `outside${made}`);
      writeFileSync(outside, readFileSync(blobFile(l, config.digest)));
      rmSync(blobFile(l, config.digest));
      symlinkSync(outside, blobFile(l, config.digest));
    },
  ],
  [
    'a blob that is a pipe',
    'IMAGE_NOT_FOUND',
    (l, { config }) => {
      rmSync(blobFile(l, config.digest));
      spawnSync('mkfifo', [blobFile(l, config.digest)]);
    },
  ],
];
for (const [name, code, damage] of DAMAGES) {
  test(`${name} is ${code}`, async () => {
    const layout = place();
    const [image] = writeLayout(layout, [{ layers: [FILE] }]);
    if (image === undefined) throw new Error('nothing was written');
    damage(layout, image);
    assert.is(await codeOf(() => load(`oci:${layout}`)), code);
  });
}

test('a mismatch says what differs and how', async () => {
  const layout = place();
  const [image] = writeLayout(layout, [{ layers: [FILE] }]);
  flip(blobFile(layout, image?.config.digest ?? digestOf('')));
  const error = (await rejection(() => load(`oci:${layout}`))) as { message: string; why?: string };
  assert.match(error.message, /configuration/);
  assert.match(error.why ?? '', new RegExp(`expected ${image?.config.digest}, found sha256:`));
});

test('an archive of a layout reads like the layout', () => {
  const layout = place();
  const [written] = writeLayout(layout, [{ tag: 't', layers: [FILE] }]);
  for (const format of ['gnu', 'pax', 'ustar']) {
    spawnSync('tar', [`--format=${format}`, '-C', layout, '-cf', `${layout}.${format}.tar`, '.']);
    const image = load(`oci-archive:${layout}.${format}.tar:t`);
    assert.is(image.manifestDigest, written?.manifest.digest);
    assert.is(image.layers[0]?.open()?.length, written?.layers[0]?.size);
  }
});

test('an archive that is compressed as a whole is told so', async () => {
  const file = place();
  writeFileSync(file, gzipSync(makeTar(FILE)));
  assert.is(await codeOf(() => load(`docker-archive:${file}`)), 'IMAGE_UNSUPPORTED');
});

test('an archive that is damaged or none is refused', async () => {
  const file = place();
  const good = makeTar([{ name: 'oci-layout', data: '{}' }]);
  const twice = makeTar([{ name: 'a' }, { name: './a' }]);
  for (const bytes of [Buffer.alloc(100), Buffer.from('x'.repeat(2048)), good.subarray(0, 513), twice]) {
    writeFileSync(file, bytes);
    assert.ok(['IMAGE_MALFORMED', 'IMAGE_NOT_FOUND'].includes(await codeOf(() => load(`oci-archive:${file}`))));
  }
});

const dockerArchive = (config: string, configName: string, tags: readonly string[] | null): string => {
  const file = `${place()}.tar`;
  const manifest = JSON.stringify([{ Config: configName, RepoTags: tags, Layers: ['one/layer.tar'] }]);
  const layer = makeTar(FILE);
  writeFileSync(
    file,
    makeTar([
      { name: 'one/layer.tar', data: layer },
      { name: configName, data: config },
      { name: 'manifest.json', data: manifest },
    ]),
  );
  return file;
};

test('an archive of docker save has a digest made of its contents', async () => {
  const config = JSON.stringify({
    os: 'linux',
    architecture: 'amd64',
    config: { Cmd: ['x'] },
    rootfs: { type: 'layers', diff_ids: [digestOf(makeTar(FILE))] },
  });
  const name = `${hexOf(digestOf(config))}.json`;
  const file = dockerArchive(config, name, ['docker.io/library/demo:1', 'other:2']);
  const image = load(`docker-archive:${file}:demo:1`);
  assert.is(image.manifestDigest, load(`docker-archive:${file}`).manifestDigest);
  assert.is(image.manifestDigest, digestOf(image.manifestBytes));
  assert.is(await codeOf(() => load(`docker-archive:${file}:demo:2`)), 'IMAGE_NOT_FOUND');
  assert.is(
    await codeOf(() => load(`docker-archive:${dockerArchive(`${config} `, name, null)}`)),
    'IMAGE_DIGEST_MISMATCH',
  );
});

test('a folder of skopeo is an image, any other folder a root file system', () => {
  const layout = place();
  const [written] = writeLayout(layout, [{ layers: [FILE] }]);
  const skopeo = place();
  mkdirSync(skopeo);
  for (const { digest } of [written?.config, ...(written?.layers ?? [])].filter((d) => d !== undefined)) {
    writeFileSync(join(skopeo, hexOf(digest)), readFileSync(blobFile(layout, digest)));
  }
  assert.is(loadImage(`dir:${skopeo}`, folder).kind, 'folder');
  writeFileSync(join(skopeo, 'version'), 'Directory Transport Version: 1.1\n');
  writeFileSync(
    join(skopeo, 'manifest.json'),
    readFileSync(blobFile(layout, written?.manifest.digest ?? digestOf(''))),
  );
  writeFileSync(join(skopeo, 'signature-1'), 'signed');
  const image = load(`dir:${skopeo}`);
  assert.is(image.manifestDigest, written?.manifest.digest);
  assert.is(image.evidence.signatureFiles?.length, 1);
});

for (const reference of [
  'oci:missing',
  'dir:missing',
  'oci-archive:missing.tar',
  'oci:/etc/passwd',
  'oci-archive:/etc',
]) {
  test(`${reference} is not there`, async () => assert.is(await codeOf(() => load(reference)), 'IMAGE_NOT_FOUND'));
}

function flip(file: string): void {
  const bytes = readFileSync(file);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test.run();
