/** With the real cosign 2.5: what it signs we accept, what we sign it accepts, and the same for what must be refused. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import type { Digest } from '../../src/base/digest.js';
import { installationRoot } from '../../src/base/installation.js';
import type { SignatureDescriptor } from '../../src/trust/evidence.js';
import { publicKeyFromPem } from '../../src/trust/public-key.js';
import { signAsBundle, signAsClassic } from '../../src/trust/sign-image.js';
import { generateKeyPair, signingKeyFromPem } from '../../src/trust/signing-key.js';
import { statementFor } from '../../src/trust/statement.js';
import { TrustError } from '../../src/trust/verdict.js';
import { verifyImage } from '../../src/trust/verify-image.js';
import { suite } from '../support/suite.js';
import { LoopbackRegistry } from './loopback-registry.js';
import { INDEX_TYPE, keySigner, MANIFEST_TYPE, MemoryLayout, NOW, newKey, policyOf } from './memory-layout.js';

const test = suite('interoperation with cosign');
const TOOLS = join(installationRoot, 'build/cosign-tools/usr/bin');
const missing = existsSync(join(TOOLS, 'cosign')) ? undefined : "needs Debian 13's cosign: scripts/make-cosign-tools";
const folder = mkdtempSync(join(tmpdir(), 'sandbox-cosign-'));
const REGISTRY_FLAGS = ['--allow-http-registry', '--allow-insecure-registry'];

let registry: LoopbackRegistry | undefined;
test.before(async () => {
  if (missing === undefined) registry = await LoopbackRegistry.start(join(TOOLS, 'docker-registry'));
});
test.after(() => {
  registry?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @throws where cosign ends with a failure */
async function cosign(...words: string[]): Promise<string> {
  const environment = { PATH: process.env['PATH'], HOME: folder, COSIGN_PASSWORD: 'x', DOCKER_CONFIG: folder };
  const { stdout, stderr } = await promisify(execFile)(join(TOOLS, 'cosign'), words, { cwd: folder, env: environment });
  return stdout + stderr;
}

/** A pushed image of its own. */
async function pushed(name: string, tag?: string) {
  if (registry === undefined) throw new Error('no registry');
  const layout = new MemoryLayout();
  const layer = layout.put(Buffer.alloc(1024), 'application/vnd.oci.image.layer.v1.tar');
  const config = { architecture: 'amd64', os: 'linux', name, rootfs: { type: 'layers', diff_ids: [layer.digest] } };
  const image = layout.put(
    {
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: layout.put(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [layer],
    },
    MANIFEST_TYPE,
  );
  layout.descriptors.push(image);
  await registry.push(layout, image, name, tag);
  return { layout, image, reference: `${registry.host}/${name}@${image.digest}`, registry };
}

/** The OCI layout that cosign save wrote. */
function savedLayout(path: string): MemoryLayout {
  const layout = new MemoryLayout();
  layout.descriptors = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8')).manifests;
  for (const hex of readdirSync(join(path, 'blobs/sha256')))
    layout.blobs.set(`sha256:${hex}`, readFileSync(join(path, 'blobs/sha256', hex)));
  return layout;
}

async function outcome(
  layout: MemoryLayout,
  chain: readonly SignatureDescriptor[],
  publicPem: string,
): Promise<string> {
  const signer = { ...keySigner(newKey()), key: publicKeyFromPem(publicPem) };
  try {
    return (await verifyImage(layout.evidence(...chain), policyOf([signer]), { now: NOW, allowUnsigned: false })).kind;
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

test.needs(missing, 'what cosign signs with a key and saves, we accept; with another key we do not', async () => {
  await cosign('generate-key-pair');
  const { image, reference } = await pushed('theirs');
  await cosign('sign', '--key', 'cosign.key', '--tlog-upload=false', '--yes', ...REGISTRY_FLAGS, reference);
  await cosign('save', '--dir', 'saved', ...REGISTRY_FLAGS, reference);
  const layout = savedLayout(join(folder, 'saved'));
  const saved = layout.descriptors.find(({ digest }) => digest === image.digest);
  assert.ok(saved?.annotations?.['kind'], 'the layout is of the kind that cosign save writes');
  const publicPem = readFileSync(join(folder, 'cosign.pub'), 'utf8');
  assert.is(await outcome(layout, [image], publicPem), 'trusted');
  assert.is(await outcome(layout, [image], generateKeyPair('p256', undefined).publicPem), 'TRUST_UNKNOWN_KEY');
  const other = layout.image('another');
  assert.is(await outcome(layout, [other], publicPem), 'TRUST_OTHER_IMAGE');
});

test.needs(
  missing,
  'what we sign the classic way, cosign accepts, and not with another key or for another image',
  async () => {
    const keys = generateKeyPair('p256', undefined);
    writeFileSync(join(folder, 'ours.pub'), keys.publicPem);
    writeFileSync(join(folder, 'other.pub'), generateKeyPair('p256', undefined).publicPem);
    const key = signingKeyFromPem(keys.privatePem, undefined);
    const { layout, image, reference, registry } = await pushed('ours');
    const sign = async (repository: string, digest: Digest, under: Digest): Promise<void> => {
      const descriptor = layout.attach(signAsClassic(digest, key, undefined, undefined));
      await registry.push(layout, descriptor, repository, `${under.replace(':', '-')}.sig`);
    };
    await sign('ours', image.digest, image.digest);
    const verify = (name: string, of: string): Promise<string> =>
      cosign('verify', '--key', name, '--insecure-ignore-tlog', ...REGISTRY_FLAGS, of);
    assert.match(await verify('ours.pub', reference), image.digest);
    await assertFails(() => verify('other.pub', reference));
    const second = await pushed('second');
    await sign('second', image.digest, second.image.digest);
    await assertFails(() => verify('ours.pub', second.reference));
  },
);

/** Spares cosign the download of the public log's keys, which a key pair does not need. */
const NOBODY = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', tlogs: [] };

test.needs(missing, 'our bundle, found through the fallback tag, cosign accepts as such', async () => {
  const keys = generateKeyPair('p256', undefined);
  writeFileSync(join(folder, 'bundle.pub'), keys.publicPem);
  const { layout, image, reference, registry } = await pushed('bundled');
  const descriptor = layout.attach(signAsBundle(image, signingKeyFromPem(keys.privatePem, undefined), undefined, NOW));
  await registry.push(layout, descriptor, 'bundled');
  const list = layout.put({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [descriptor] }, INDEX_TYPE);
  await registry.push(layout, list, 'bundled', image.digest.replace(':', '-'));
  writeFileSync(join(folder, 'nobody.json'), JSON.stringify(NOBODY));
  writeFileSync(join(folder, 'stranger.pub'), generateKeyPair('p256', undefined).publicPem);
  const flags = ['--new-bundle-format', '--insecure-ignore-tlog', '--trusted-root', 'nobody.json', ...REGISTRY_FLAGS];
  const type = ['--type', 'https://sigstore.dev/cosign/sign/v1'];
  const told = await cosign('verify-attestation', '--key', 'bundle.pub', ...type, ...flags, reference);
  assert.match(told, `"payload":"${statementFor(image.digest).toString('base64')}"`);
  await assertFails(() => cosign('verify-attestation', '--key', 'stranger.pub', ...type, ...flags, reference));
});

async function assertFails(body: () => Promise<unknown>): Promise<void> {
  const failed = await body().then(
    () => false,
    () => true,
  );
  assert.ok(failed, 'cosign accepts what it must refuse');
}

test.run();
