/** S11: nothing of an image is unpacked or run before a signature satisfies the trust policy. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { addSignature } from '../../src/image/add-signature.js';
import { signAsBundle } from '../../src/trust/sign-image.js';
import { generateKeyPair, signingKeyFromPem } from '../../src/trust/signing-key.js';
import { findDebris } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround, toolEntries } from '../support/system-ground.js';
import { type Descriptor, writeLayout } from '../support/tiny-image.js';
import { latestRecords, runsOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S11 signed only');
const needs = userRequirement({ subordinateIds: true });
const stranger = signingKeyFromPem(generateKeyPair('p256', undefined).privatePem, undefined);
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const image = (marker: string) => ({
  layers: [toolEntries(), [{ name: 'marker', data: marker }]],
  compress: 'none' as const,
  config: { Cmd: ['cat', '/marker'], Env: ['PATH=/bin'] },
});

type Written = { readonly folder: string; readonly manifest: Descriptor; readonly layers: readonly Descriptor[] };

function layoutOf(name: string): Written {
  const folder = join(ground.folder, name);
  const [written] = writeLayout(folder, [image(name)]);
  if (written === undefined) throw new Error('no image was written');
  return { folder, manifest: written.manifest, layers: written.layers };
}

const signed = (name: string, key = ground.key): Written => {
  const written = layoutOf(name);
  addSignature(written.folder, signAsBundle(written.manifest, key, undefined, new Date()));
  return written;
};

const blob = (folder: string, { digest }: Descriptor): string => join(folder, 'blobs/sha256', digest.slice(7));

/** Changes the first of `from` in a file to `to`, which is as long. */
function alter(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'latin1');
  assert.ok(text.includes(from) && from.length === to.length, `${file} has ${from}`);
  writeFileSync(file, text.replace(from, to), 'latin1');
}

/** What the image store has of layers and manifests. */
function storeOf(user: SystemGround['user']): readonly string[] {
  const root = join(user.home, '.local/share/sandbox');
  if (!existsSync(root)) return [];
  const all = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return all.filter((name) => /^(layers\/[^/]+\/[0-9a-f]{64}|images\/.+|blobs\/sha256\/.+)$/.test(name)).sort();
}

/** One change each, of the image as it was signed. */
const ALTERED: Readonly<Record<string, { readonly code: RegExp; readonly make: () => string }>> = {
  'no signature': { code: /^TRUST_UNSIGNED$/, make: () => layoutOf('unsigned').folder },
  "a stranger's signature": { code: /^TRUST_UNKNOWN_KEY$/, make: () => signed('stranger', stranger).folder },
  'an altered manifest': {
    code: /^IMAGE_DIGEST_MISMATCH$/,
    make() {
      const { folder, manifest } = signed('manifest');
      alter(blob(folder, manifest), 'schemaVersion', 'schemaVersioN');
      return folder;
    },
  },
  'an altered layer': {
    code: /^IMAGE_DIGEST_MISMATCH$/,
    make() {
      const { folder, layers } = signed('layered');
      const [, top] = layers;
      if (top === undefined) throw new Error('there is one layer');
      alter(blob(folder, top), 'layered', 'Layered');
      return folder;
    },
  },
  'an altered signature': {
    code: /^TRUST_BAD_SIGNATURE$/,
    make() {
      const written = layoutOf('signature');
      const artifact = signAsBundle(written.manifest, ground.key, undefined, new Date());
      const bundle = artifact.blobs.find(({ bytes }) => Buffer.from(bytes).includes('"sig"'));
      if (bundle === undefined) throw new Error('the artifact has no bundle');
      const spoilt = Buffer.from(bundle.bytes)
        .toString()
        .replace(/"sig":"(.{8})/, (_, start: string) => {
          return `"sig":"${[...start].reverse().join('')}`;
        });
      addSignature(written.folder, artifact);
      writeFileSync(blob(written.folder, { ...written.manifest, digest: bundle.digest }), spoilt);
      return written.folder;
    },
  },
  "another image's signature": {
    code: /^TRUST_OTHER_IMAGE$/,
    make() {
      const good = signed('good');
      const other = layoutOf('other');
      // The index lists the other image under the name, and beside it the signature of the good one.
      const index = JSON.parse(readFileSync(join(good.folder, 'index.json'), 'utf8')) as { manifests: object[] };
      index.manifests[0] = other.manifest;
      cpSync(join(good.folder, 'blobs'), join(other.folder, 'blobs'), { recursive: true });
      writeFileSync(join(other.folder, 'index.json'), JSON.stringify(index));
      return other.folder;
    },
  },
};

for (const [what, { code, make }] of Object.entries(ALTERED)) {
  test.needs(needs, `${what}: refused, nothing unpacked, nothing run`, () => {
    const reference = `oci:${make()}`;
    const before = { store: storeOf(ground.user), runs: runsOf(ground.user) };
    const { status, stdout, stderr } = ground.run([], { image: reference });
    assert.is(status, 125, stderr);
    assert.is(stdout.toString(), '');
    assert.match(/^sandbox: (\w+): /.exec(stderr)?.[1] ?? '', code, stderr);
    assert.equal({ store: storeOf(ground.user), runs: runsOf(ground.user) }, before);
    assert.equal(findDebris(ground.user), []);
  });
}

test.needs(needs, 'the same image, signed by who is trusted, runs, and the trail says by whom', () => {
  const { status, stdout, stderr } = ground.run([], { image: `oci:${signed('trusted').folder}` });
  assert.is(status, 0, stderr);
  assert.is(stdout.toString(), 'trusted');
  const [opened] = latestRecords(ground.user);
  assert.is(opened?.image?.signed, true);
  assert.match(opened?.image?.signer ?? '', /^key release /, opened?.image?.signer ?? '');
});

test.needs(needs, '--allow-unsigned runs what nobody signed, warns, and is in the trail', () => {
  const reference = `oci:${layoutOf('allowed').folder}`;
  const flags = ['--profile', 'strict', '--allow-unsigned'];
  const { status, stdout, stderr } = ground.run([], { image: reference, flags });
  assert.is(status, 0, stderr);
  assert.is(stdout.toString(), 'allowed');
  assert.match(stderr, /^sandbox: warning: \S+ is not verified: .*--allow-unsigned.* recorded in the trail\n/);
  const [opened] = latestRecords(ground.user);
  assert.is(opened?.image?.signed, false);
  assert.match(opened?.image?.signer ?? '', /--allow-unsigned/);
});

test.needs(needs, 'under a ceiling there is no --allow-unsigned', () => {
  const ceiling = ['--ceiling', join(ground.product.folder, 'profiles/strict.json')];
  const reference = `oci:${layoutOf('ceiling').folder}`;
  const run = (flags: readonly string[]) => ground.run([], { image: reference, flags: [...ceiling, ...flags] });
  const before = runsOf(ground.user);
  const { status, stderr } = run(['--profile', 'strict', '--allow-unsigned']);
  assert.is(status, 125);
  assert.match(stderr, /^sandbox: RUN_CEILING: /, stderr);
  assert.match(run(['--profile', 'strict']).stderr, /^sandbox: TRUST_UNSIGNED: /, 'the flag alone was refused');
  assert.equal(runsOf(ground.user), before);
});

test.needs(needs, 'a policy that wants signatures is not satisfied by a trust policy that wants none', () => {
  const rule = { kind: 'insecureAcceptAnything', why: 'a trust policy that asks for nothing' };
  const trust = ground.file('anything.json', { apiVersion: 1, default: rule });
  const reference = `oci:${layoutOf('anything').folder}`;
  const { status, stderr } = ground.run([], { image: reference, flags: ['--profile', 'strict', '--trust', trust] });
  assert.is(status, 125);
  assert.match(stderr, /^sandbox: RUN_SIGNATURE_REQUIRED: /);
});

test.run();
