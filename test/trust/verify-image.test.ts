import { sign } from 'node:crypto';
import * as assert from 'uvu/assert';
import { digestOf } from '../../src/base/digest.js';
import type { Signer } from '../../src/trust/policy.js';
import { signAsBundle, signAsClassic } from '../../src/trust/sign-image.js';
import type { SigningKey } from '../../src/trust/signing-key.js';
import { payloadFor } from '../../src/trust/simple-signing.js';
import { TrustError } from '../../src/trust/verdict.js';
import { verifyImage } from '../../src/trust/verify-image.js';
import { rejection, suite } from '../support/suite.js';
import { type Json, KEY_KINDS, keySigner, MemoryLayout, NOW, newKey, policyOf } from './memory-layout.js';

const test = suite('verify image');
const KEY = newKey();
const OTHER_KEY = newKey();
const OPTIONS = { now: NOW, allowUnsigned: false };

type Descriptor = ReturnType<MemoryLayout['image']>;
type Sign = (layout: MemoryLayout, image: Descriptor, key: SigningKey) => Descriptor;
const FORMATS: Readonly<Record<string, Sign>> = {
  'sigstore-bundle': (layout, image, key) => layout.attach(signAsBundle(image, key, undefined, NOW)),
  'cosign-classic': (layout, image, key) => layout.attach(signAsClassic(image.digest, key, undefined, undefined)),
};

async function refused(
  layout: MemoryLayout,
  chain: readonly Descriptor[],
  signers: readonly Signer[],
): Promise<TrustError> {
  const error = await rejection(() => verifyImage(layout.evidence(...chain), policyOf(signers), OPTIONS));
  if (!(error instanceof TrustError)) throw error;
  assert.ok(error.why && error.hint, 'says why and what to do');
  return error;
}

for (const [format, signImage] of Object.entries(FORMATS)) {
  for (const kind of KEY_KINDS)
    test(`${format}: a signature by a ${kind} key is trusted`, async () => {
      const layout = new MemoryLayout();
      const image = layout.image('app');
      const key = newKey(kind);
      signImage(layout, image, key);
      const verdict = await verifyImage(
        layout.evidence(image),
        policyOf([keySigner(OTHER_KEY), keySigner(key)]),
        OPTIONS,
      );
      assert.equal(verdict, {
        kind: 'trusted',
        signer: `key release (${key.publicKey.id})`,
        format,
        rule: 'default',
        signed: image.digest,
        validUntil: undefined,
        attempts: [],
      });
    });

  test(`${format}: a signature by another key is TRUST_UNKNOWN_KEY, and says which keys were tried`, async () => {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    signImage(layout, image, OTHER_KEY);
    const error = await refused(layout, [image], [keySigner(KEY, { name: 'team key' })]);
    assert.is(error.code, 'TRUST_UNKNOWN_KEY');
    assert.is(error.attempts.length, 1);
    assert.match(error.why ?? '', `team key (${KEY.publicKey.id})`);
    assert.match(error.attempts[0]?.candidate ?? '', format);
  });

  test(`${format}: an altered signature is TRUST_BAD_SIGNATURE`, async () => {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    const descriptor = signImage(layout, image, KEY);
    layout.forge(descriptor, alteredSignature(format));
    const error = await refused(layout, [image], [keySigner(KEY)]);
    assert.is(error.code, 'TRUST_BAD_SIGNATURE');
    assert.match(error.why ?? '', 'altered');
  });

  test(`${format}: a signature of another image is TRUST_OTHER_IMAGE`, async () => {
    const layout = new MemoryLayout();
    const [image, other] = [layout.image('app'), layout.image('other')];
    const descriptor = signImage(layout, other, KEY);
    layout.descriptors = layout.descriptors.map((one) =>
      one === descriptor ? { ...one, annotations: nameFor(image.digest) } : one,
    );
    if (format === 'sigstore-bundle')
      layout.forge(descriptor, { manifest: (manifest) => Object.assign(manifest, { subject: image }) });
    const error = await refused(layout, [image], [keySigner(KEY)]);
    assert.is(error.code, 'TRUST_OTHER_IMAGE');
    assert.match(error.why ?? '', other.digest);
  });

  test(`${format}: an image that was altered after it was signed has no signature any more`, async () => {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    signImage(layout, image, KEY);
    const altered = layout.put(Buffer.concat([layout.bytes(image), Buffer.from(' ')]), image.mediaType);
    assert.is((await refused(layout, [altered], [keySigner(KEY)])).code, 'TRUST_UNSIGNED');
  });

  test(`${format}: a signature whose bytes are not those of its digest is TRUST_BAD_SIGNATURE`, async () => {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    const manifest = layout.json(signImage(layout, image, KEY));
    const [layer] = manifest['layers'] as Descriptor[];
    if (layer === undefined) throw new Error('fixture');
    layout.blobs.set(layer.digest, Buffer.concat([layout.bytes(layer), Buffer.from('\n')]));
    assert.is((await refused(layout, [image], [keySigner(KEY)])).code, 'TRUST_BAD_SIGNATURE');
  });

  test(`${format}: a signature on the index covers what the index lists`, async () => {
    const layout = new MemoryLayout();
    const [image, arm] = [layout.image('app'), layout.image('arm')];
    const index = layout.index(image, arm);
    signImage(layout, index, KEY);
    const verdict = await verifyImage(layout.evidence(index, image), policyOf([keySigner(KEY)]), OPTIONS);
    assert.is(verdict.kind === 'trusted' && verdict.signed, index.digest);
  });

  test(`${format}: a signature on the index does not cover what the index does not list`, async () => {
    const layout = new MemoryLayout();
    const [image, arm] = [layout.image('app'), layout.image('arm')];
    const index = layout.index(arm);
    signImage(layout, index, KEY);
    assert.is((await rejectionOf(layout, [index, image], [keySigner(KEY)])).code, 'TRUST_CHAIN_BROKEN');
    assert.is((await refused(layout, [image], [keySigner(KEY)])).code, 'TRUST_UNSIGNED');
  });

  test(`${format}: a key counts only within its time and for its formats`, async () => {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    signImage(layout, image, KEY);
    const later = new Date(NOW.getTime() + 1);
    const cases: readonly [Signer, string | undefined][] = [
      [keySigner(KEY, { validUntil: NOW }), 'TRUST_CERTIFICATE'],
      [keySigner(KEY, { validFrom: later }), 'TRUST_CERTIFICATE'],
      [keySigner(KEY, { validFrom: NOW, validUntil: later }), undefined],
      [
        keySigner(KEY, { formats: format === 'cosign-classic' ? ['sigstore-bundle'] : ['cosign-classic'] }),
        'TRUST_UNKNOWN_KEY',
      ],
    ];
    for (const [signer, code] of cases)
      if (code === undefined) {
        const verdict = await verifyImage(layout.evidence(image), policyOf([signer]), OPTIONS);
        assert.equal(verdict.kind === 'trusted' && verdict.validUntil, later);
      } else assert.is((await refused(layout, [image], [signer])).code, code);
  });

  test(`${format}: one good signature among bad ones is enough, and the others are told`, async () => {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    layout.forge(signImage(layout, image, KEY), alteredSignature(format));
    layout.attach(signAsBundle(image, OTHER_KEY, undefined, NOW));
    layout.attach(signAsBundle(image, KEY, undefined, new Date(0)));
    const verdict = await verifyImage(layout.evidence(image), policyOf([keySigner(KEY)]), OPTIONS);
    assert.is(verdict.kind, 'trusted');
    assert.equal(verdict.kind === 'trusted' && verdict.attempts.map(({ outcome }) => outcome).sort(), [
      'bad-signature',
      'unknown-key',
    ]);
  });
}

function alteredSignature(format: string): Parameters<MemoryLayout['forge']>[1] {
  const flipped = (text: string): string => {
    const bytes = Buffer.from(text, 'base64');
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    return bytes.toString('base64');
  };
  const key = 'dev.cosignproject.cosign/signature';
  return format === 'sigstore-bundle'
    ? {
        layer: (bytes) => {
          const bundle = JSON.parse(Buffer.from(bytes).toString());
          bundle.dsseEnvelope.signatures[0].sig = flipped(bundle.dsseEnvelope.signatures[0].sig);
          return bundle;
        },
      }
    : {
        manifest: (manifest) => {
          for (const layer of manifest['layers'] as { annotations: Record<string, string> }[])
            layer.annotations[key] = flipped(layer.annotations[key] ?? '');
        },
      };
}

async function rejectionOf(layout: MemoryLayout, chain: readonly Descriptor[], signers: readonly Signer[]) {
  const error = await rejection(() => verifyImage(layout.evidence(...chain), policyOf(signers), OPTIONS));
  if (!(error instanceof TrustError)) throw error;
  return error;
}

const nameFor = (digest: string): Record<string, string> => ({
  'org.opencontainers.image.ref.name': `registry.example/app:${digest.replace(':', '-')}.sig`,
});

test('an image without a signature is TRUST_UNSIGNED, and says whose is missing', async () => {
  const layout = new MemoryLayout();
  const error = await refused(layout, [layout.image('app')], [keySigner(KEY)]);
  assert.is(error.code, 'TRUST_UNSIGNED');
  assert.match(error.why ?? '', KEY.publicKey.id);
});

test('a folder without a manifest is TRUST_UNSIGNED, and nobody is told to sign what cannot be signed', async () => {
  const error = await refused(new MemoryLayout(), [], [keySigner(KEY)]);
  assert.is(error.code, 'TRUST_UNSIGNED');
  assert.match(error.hint ?? '', /insecureAcceptAnything/);
  assert.not.match(error.hint ?? '', /image sign/);
});

test('the classic payload of a P-384 key counts with SHA-256 and with SHA-384', async () => {
  for (const hash of ['sha256', 'sha384']) {
    const layout = new MemoryLayout();
    const image = layout.image('app');
    const key = newKey('p384');
    const signature = sign(hash, payloadFor(image.digest, ''), key.privateKey).toString('base64');
    layout.forge(FORMATS['cosign-classic']?.(layout, image, key) ?? image, {
      manifest: (manifest) => {
        for (const layer of manifest['layers'] as { annotations: Json }[])
          layer.annotations['dev.cosignproject.cosign/signature'] = signature;
      },
    });
    assert.is((await verifyImage(layout.evidence(image), policyOf([keySigner(key)]), OPTIONS)).kind, 'trusted');
  }
});

test('--allow-unsigned takes what nobody known has signed, and nothing else', async () => {
  const layout = new MemoryLayout();
  const [image, strange, altered] = [layout.image('app'), layout.image('strange'), layout.image('altered')];
  layout.attach(signAsBundle(strange, OTHER_KEY, undefined, NOW));
  layout.forge(layout.attach(signAsBundle(altered, KEY, undefined, NOW)), alteredSignature('sigstore-bundle'));
  const options = { now: NOW, allowUnsigned: true };
  const allowed = (chain: Descriptor) => verifyImage(layout.evidence(chain), policyOf([keySigner(KEY)]), options);
  for (const taken of [image, strange]) assert.is((await allowed(taken)).kind, 'unverified');
  const error = await rejection(() => allowed(altered));
  assert.is(error instanceof TrustError && error.code, 'TRUST_BAD_SIGNATURE');
});

test('the rules that ask for no signature: reject, digest, insecureAcceptAnything', async () => {
  const layout = new MemoryLayout();
  const [image, other] = [layout.image('app'), layout.image('other')];
  const decide = (rule: Parameters<typeof policyOf>[0]) => verifyImage(layout.evidence(image), policyOf(rule), OPTIONS);
  const codeOf = async (rule: Parameters<typeof policyOf>[0]) => {
    const error = await rejection(() => decide(rule));
    return error instanceof TrustError ? error.code : String(error);
  };
  assert.is(await codeOf({ kind: 'reject', why: 'closed' }), 'TRUST_REJECTED');
  assert.is(await codeOf({ kind: 'digest', digests: [other.digest] }), 'TRUST_REJECTED');
  assert.equal(await decide({ kind: 'digest', digests: [other.digest, image.digest] }), {
    kind: 'pinned',
    digest: image.digest,
    rule: 'default',
  });
  const verdict = await decide({ kind: 'insecureAcceptAnything', why: 'a laboratory' });
  assert.is(verdict.kind === 'unverified' && verdict.why, 'a laboratory');
});

test('a rule that names signers and digests wants both', async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  layout.attach(signAsBundle(image, KEY, undefined, NOW));
  const decide = (digest: string) =>
    verifyImage(
      layout.evidence(image),
      policyOf({
        kind: 'signedBy',
        signers: [keySigner(KEY)],
        digests: [digestOf(digest), ...(digest ? [] : [image.digest])],
      }),
      OPTIONS,
    );
  assert.is((await decide('')).kind, 'trusted');
  const error = await rejection(() => decide('another version'));
  assert.is(error instanceof TrustError && error.code, 'TRUST_REJECTED');
});

test.run();
