/** What we sign, the Sigstore project's own verifier accepts; what it refuses of ours, we refuse too. */
import { bundleFromJSON } from '@sigstore/bundle';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import * as assert from 'uvu/assert';
import { hexOf } from '../../src/base/digest.js';
import { signAsBundle } from '../../src/trust/sign-image.js';
import type { SigningKey } from '../../src/trust/signing-key.js';
import { suite } from '../support/suite.js';
import { AUTHORITY, issue } from './forged-certificates.js';
import { MemoryLayout, NOW, newKey } from './memory-layout.js';

const test = suite('interoperation with @sigstore/verify');

const NOBODY: Parameters<typeof toTrustMaterial>[0] = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [],
  ctlogs: [],
  timestampAuthorities: [],
  certificateAuthorities: [],
};

/** The bundle of ours that a layout ends with, read and verified by the library. @throws where it refuses */
function verifyByLibrary(layout: MemoryLayout, key: SigningKey): { predicate: string; digest: string } {
  const descriptor = layout.descriptors.at(-1);
  if (descriptor === undefined) throw new Error('fixture');
  const [layer] = layout.json(descriptor)['layers'] as (typeof descriptor)[];
  if (layer === undefined) throw new Error('fixture');
  const bundle = bundleFromJSON(JSON.parse(Buffer.from(layout.bytes(layer)).toString()));
  const material = toTrustMaterial(NOBODY, () => ({ publicKey: key.publicKey.key, validFor: () => true }));
  new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
  if (bundle.content.$case !== 'dsseEnvelope') throw new Error('not an envelope');
  const statement = JSON.parse(bundle.content.dsseEnvelope.payload.toString());
  return { predicate: statement.predicateType, digest: statement.subject[0].digest.sha256 };
}

// P-384 is left out: the library knows it with SHA-256 only, cosign's current releases with SHA-384.
for (const kind of ['p256', 'ed25519'] as const)
  test(`a bundle by a ${kind} key verifies, and says what cosign looks for`, () => {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    const key = newKey(kind);
    const descriptor = layout.attach(signAsBundle(image, key, undefined, NOW));
    assert.equal(verifyByLibrary(layout, key), {
      predicate: 'https://sigstore.dev/cosign/sign/v1',
      digest: hexOf(image.digest),
    });
    const manifest = layout.json(descriptor);
    assert.equal(manifest['subject'], image);
    assert.is(manifest['artifactType'], 'application/vnd.dev.sigstore.bundle.v0.3+json');
    assert.equal(manifest['config'], {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      size: 2,
    });
  });

test('a bundle by another key is refused', () => {
  const layout = new MemoryLayout();
  layout.attach(signAsBundle(layout.image('app'), newKey(), undefined, NOW));
  assert.throws(() => verifyByLibrary(layout, newKey()));
});

// The library takes certificates only with a proven time (a log or a timestamp), which a team's authority has not.
test('bundles with one certificate and with a chain are read as such', () => {
  const root = issue({ name: 'Team CA', extensions: AUTHORITY });
  const between = issue({ name: 'Sub CA', issuer: root, extensions: AUTHORITY });
  const leaf = issue({ name: 'Ada', issuer: between });
  for (const [chain, place] of [
    [[leaf.certificate.raw], 'certificate'],
    [[leaf.certificate.raw, between.certificate.raw], 'x509CertificateChain'],
  ] as const) {
    const layout = new MemoryLayout();
    const [first, ...rest] = chain;
    if (first === undefined) throw new Error('fixture');
    const artifact = signAsBundle(layout.image('app'), leaf.key, [first, ...rest], NOW);
    const text = Buffer.from(artifact.blobs[1]?.bytes ?? []).toString();
    assert.is(bundleFromJSON(JSON.parse(text)).verificationMaterial.content.$case, place);
  }
});

test.run();
