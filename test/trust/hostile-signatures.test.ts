/** Signatures by the right key over the wrong words, and words in the wrong dress: none may be trusted. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type Digest, hexOf } from '../../src/base/digest.js';
import { signBytes } from '../../src/trust/public-key.js';
import { signAsBundle, signAsClassic } from '../../src/trust/sign-image.js';
import { payloadFor } from '../../src/trust/simple-signing.js';
import { preAuthenticationEncoding, statementFor } from '../../src/trust/statement.js';
import { TrustError } from '../../src/trust/verdict.js';
import { verifyImage } from '../../src/trust/verify-image.js';
import { rejection, suite } from '../support/suite.js';
import { keySigner, MemoryLayout, NOW, newKey, policyOf } from './memory-layout.js';

const test = suite('hostile signatures');
const KEY = newKey();
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

async function outcome(layout: MemoryLayout, image: ReturnType<MemoryLayout['image']>): Promise<string> {
  try {
    return (await verifyImage(layout.evidence(image), policyOf([keySigner(KEY)]), { now: NOW, allowUnsigned: false }))
      .kind;
  } catch (error) {
    if (error instanceof TrustError) return `${error.code}: ${error.attempts.map(({ reason }) => reason).join('; ')}`;
    throw error;
  }
}

type Bundle = {
  mediaType: string;
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid?: string }[] };
  [key: string]: unknown;
};

/** A bundle of the right key, changed; `body` is signed anew before. */
async function bundleOutcome(
  change: (bundle: Bundle, image: Digest) => unknown,
  body?: (good: string, image: Digest) => string,
): Promise<string> {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  layout.forge(layout.attach(signAsBundle(image, KEY, undefined, NOW)), {
    layer: (bytes) => {
      const bundle: Bundle = JSON.parse(Buffer.from(bytes).toString());
      if (body !== undefined) resign(bundle, body(statementFor(image.digest).toString(), image.digest));
      const changed = change(bundle, image.digest);
      return Buffer.from(typeof changed === 'string' ? changed : JSON.stringify(bundle));
    },
  });
  return await outcome(layout, image);
}

function resign(bundle: Bundle, body: string, type = PAYLOAD_TYPE): void {
  const bytes = Buffer.from(body, 'latin1');
  bundle.dsseEnvelope.payload = bytes.toString('base64');
  bundle.dsseEnvelope.payloadType = type;
  const [signature] = bundle.dsseEnvelope.signatures;
  if (signature) signature.sig = signBytes(KEY.privateKey, preAuthenticationEncoding(type, bytes)).toString('base64');
}

test('the unchanged bundle is trusted (else this file proves nothing)', async () => {
  assert.is(await bundleOutcome(() => undefined), 'trusted');
  assert.is(
    await bundleOutcome(
      () => undefined,
      (good) => good,
    ),
    'trusted',
  );
});

const BODIES: readonly (readonly [string, (good: string, image: Digest) => string, string])[] = [
  ['is an attestation', (good) => good.replace('cosign/sign/v1', 'cosign/attest/v1'), 'TRUST_UNSIGNED: .*attests'],
  [
    'is provenance',
    (good) => good.replace('https://sigstore.dev/cosign/sign/v1', 'https://slsa.dev/provenance/v1'),
    'TRUST_UNSIGNED',
  ],
  ['has no predicate type', (good) => good.replace('predicateType', 'predicatetype'), 'TRUST_UNSIGNED'],
  ['is of another type', (good) => good.replace('Statement/v1', 'Statement/v0.1'), 'TRUST_BAD_SIGNATURE: .*type'],
  ['has no subject', (good) => good.replace(/"subject":\[.*?\]/, '"subject":[]'), 'TRUST_BAD_SIGNATURE'],
  ['has two subjects', (good) => good.replace(/\[(\{.*?\}\})\]/, '[$1,$1]'), 'TRUST_BAD_SIGNATURE: .*more than 1'],
  [
    'says its digest in capitals',
    (good, image) => good.replace(hexOf(image), hexOf(image).toUpperCase()),
    'TRUST_BAD_SIGNATURE',
  ],
  [
    'says a part of its digest',
    (good, image) => good.replace(hexOf(image), hexOf(image).slice(1)),
    'TRUST_BAD_SIGNATURE',
  ],
  ['says its digest by another algorithm', (good) => good.replace('"sha256"', '"sha512"'), 'TRUST_BAD_SIGNATURE'],
  [
    'says a key twice',
    (good) => good.replace('"predicate":', '"_type":"x","predicate":'),
    'TRUST_BAD_SIGNATURE: .*twice',
  ],
  [
    'says its subject twice',
    (good) => good.replace('"predicate":', '"subject":[],"predicate":'),
    'TRUST_BAD_SIGNATURE: .*twice',
  ],
  [
    'says more than it may',
    (good) => good.replace('"predicate":', '"x":1,"predicate":'),
    'TRUST_BAD_SIGNATURE: .*unknown',
  ],
  ['has a comment', (good) => `${good}/* */`, 'TRUST_BAD_SIGNATURE'],
  ['has text after it', (good) => `${good}{}`, 'TRUST_BAD_SIGNATURE'],
  ['begins with a byte order mark', (good) => `\u00ef\u00bb\u00bf${good}`, 'TRUST_BAD_SIGNATURE'],
  [
    'is not UTF-8',
    (good) => good.replace('"predicate":{}', '"predicate":{"a":"\u00ff"}'),
    'TRUST_BAD_SIGNATURE: .*UTF-8',
  ],
  ['is no object', () => '[]', 'TRUST_BAD_SIGNATURE'],
  ['is nested without end', () => '['.repeat(100_000), 'TRUST_BAD_SIGNATURE: .*nested'],
];
for (const [title, body, expected] of BODIES)
  test(`a statement, rightly signed, that ${title}`, async () => {
    assert.match(await bundleOutcome(() => undefined, body), new RegExp(`^${expected}`));
  });

const CHANGES: readonly (readonly [string, (bundle: Bundle) => unknown, string])[] = [
  [
    'another payload type',
    (b) => resign(b, Buffer.from(b.dsseEnvelope.payload, 'base64').toString(), 'text/plain'),
    'BAD_SIGNATURE',
  ],
  [
    'a payload type that was not signed',
    (b) => Object.assign(b.dsseEnvelope, { payloadType: 'application/json' }),
    'BAD_SIGNATURE',
  ],
  ['no signature', (b) => Object.assign(b.dsseEnvelope, { signatures: [] }), 'BAD_SIGNATURE'],
  ['two signatures', (b) => void b.dsseEnvelope.signatures.push({ sig: 'AAAA' }), 'BAD_SIGNATURE'],
  ['an empty signature', (b) => Object.assign(b.dsseEnvelope, { signatures: [{ sig: '' }] }), 'BAD_SIGNATURE'],
  [
    'base64 with a line break',
    (b) => Object.assign(b.dsseEnvelope, { payload: `${b.dsseEnvelope.payload}\n` }),
    'BAD_SIGNATURE: .*canonical',
  ],
  [
    'base64 with stray bits',
    (b) => Object.assign(b.dsseEnvelope, { payload: b.dsseEnvelope.payload.replace(/.=*$/, 'B==') }),
    'BAD_SIGNATURE: .*canonical',
  ],
  [
    'base64 of the other alphabet',
    (b) => Object.assign(b.dsseEnvelope, { payload: '-_-_' }),
    'BAD_SIGNATURE: .*canonical',
  ],
  [
    'an unknown version',
    (b) => Object.assign(b, { mediaType: 'application/vnd.dev.sigstore.bundle.v0.4+json' }),
    'BAD_SIGNATURE: .*version',
  ],
  ['an unknown member', (b) => Object.assign(b, { extra: 1 }), 'BAD_SIGNATURE: .*unknown'],
  [
    'two contents',
    (b) => Object.assign(b, { messageSignature: { signature: 'AAAA' } }),
    'BAD_SIGNATURE: .*exactly one',
  ],
  [
    'key and certificate',
    (b) => Object.assign(b.verificationMaterial, { certificate: { rawBytes: 'AAAA' } }),
    'BAD_SIGNATURE',
  ],
  ['neither key nor certificate', (b) => void delete b.verificationMaterial['publicKey'], 'BAD_SIGNATURE'],
  ['a key twice', (b) => JSON.stringify(b).replace('{', '{"mediaType":"x",'), 'BAD_SIGNATURE: .*twice'],
  ['bytes after it', (b) => `${JSON.stringify(b)} x`, 'BAD_SIGNATURE'],
];
for (const [title, change, expected] of CHANGES)
  test(`a bundle with ${title}`, async () => {
    assert.match(await bundleOutcome(change), new RegExp(`^TRUST_${expected}`));
  });

test('the key hint is only a hint: a wrong one does not spoil a good signature, a right one saves no bad one', async () => {
  const hint = (value: unknown) => (bundle: Bundle) => Object.assign(bundle.verificationMaterial, { publicKey: value });
  assert.is(await bundleOutcome(hint({ hint: 'somebody else' })), 'trusted');
  assert.is(await bundleOutcome(hint({})), 'trusted');
  const stranger = (bundle: Bundle): unknown => Object.assign(bundle.dsseEnvelope, { signatures: [{ sig: 'AAAA' }] });
  assert.match(await bundleOutcome(stranger), /^TRUST_BAD_SIGNATURE/);
});

test('a signature of the bare manifest counts as one, and of nothing else', async () => {
  const message = (bytes: Uint8Array) => (bundle: Bundle) => {
    delete (bundle as Partial<Bundle>).dsseEnvelope;
    bundle['messageSignature'] = { signature: signBytes(KEY.privateKey, bytes).toString('base64') };
  };
  const layout = new MemoryLayout();
  const image = layout.image('app');
  assert.is(await bundleOutcome(message(layout.bytes(image))), 'trusted');
  assert.match(await bundleOutcome(message(Buffer.from('something else'))), /^TRUST_BAD_SIGNATURE/);
});

/** A classic signature over `payload`, which the right key signs. */
async function classicOutcome(payload: (good: string) => string, resigned = true): Promise<string> {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  const bytes = Buffer.from(payload(payloadFor(image.digest, 'registry.example/app').toString()), 'latin1');
  const signature = signBytes(KEY.privateKey, bytes).toString('base64');
  layout.forge(layout.attach(signAsClassic(image.digest, KEY, undefined, undefined)), {
    layer: () => bytes,
    manifest: (manifest) => {
      const [layer] = manifest['layers'] as { annotations: Record<string, string> }[];
      if (resigned && layer) layer.annotations['dev.cosignproject.cosign/signature'] = signature;
    },
  });
  return await outcome(layout, image);
}

const PAYLOADS: readonly (readonly [string, (good: string) => string, string])[] = [
  ['is of another type', (good) => good.replace('cosign container', 'atomic container'), 'type'],
  ['has no type', (good) => good.replace(/,"type":"[^"]*"/, ''), 'type'],
  ['has an unknown member in critical', (good) => good.replace('"type"', '"x":1,"type"'), 'unknown'],
  ['has an unknown member', (good) => good.replace('"optional"', '"Optional"'), 'unknown'],
  [
    'says its digest twice',
    (good) => good.replace('"docker-manifest-digest"', '"docker-manifest-digest":"x","docker-manifest-digest"'),
    'twice',
  ],
  [
    'says its digest in another spelling',
    (good) => good.replace('docker-manifest-digest', 'Docker-manifest-digest'),
    'unknown',
  ],
  ['says its digest with a space', (good) => good.replace('sha256:', ' sha256:'), 'digest'],
  ['says its digest by another algorithm', (good) => good.replace('sha256:', 'sha512:'), 'digest'],
  ['has a comment', (good) => `// hello\n${good}`, 'JSON'],
];
test('the unchanged payload is trusted', async () => assert.is(await classicOutcome((good) => good), 'trusted'));
for (const [title, payload, expected] of PAYLOADS) {
  test(`a payload, rightly signed, that ${title}`, async () => {
    assert.match(await classicOutcome(payload), new RegExp(`^TRUST_BAD_SIGNATURE: .*${expected}`));
  });
  test(`a payload that ${title}, under the old signature, is never read`, async () => {
    assert.match(await classicOutcome(payload, false), /^TRUST_BAD_SIGNATURE: .*altered/);
  });
}

test('no change of one byte of what is signed or of the signature is ever trusted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (inSignature, at, change) => {
      const flip = (text: string): string => {
        const bytes = Buffer.from(text, 'base64');
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ change;
        return bytes.toString('base64');
      };
      const result = await bundleOutcome(({ dsseEnvelope: envelope }) => {
        const [signature] = envelope.signatures;
        if (!inSignature) envelope.payload = flip(envelope.payload);
        else if (signature) signature.sig = flip(signature.sig);
      });
      assert.match(result, /^TRUST_BAD_SIGNATURE/);
    }),
    { numRuns: 300 },
  );
});

test('no bytes in the place of a bundle, a manifest or a list lead to anything but a refusal', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('layer', 'manifest'),
      fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)),
      async (where, bytes) => {
        const layout = new MemoryLayout();
        const image = layout.image('app');
        const descriptor = layout.attach(signAsBundle(image, KEY, undefined, NOW));
        if (where === 'layer') layout.forge(descriptor, { layer: () => bytes });
        else layout.descriptors = [{ ...descriptor, ...layout.put(bytes, descriptor.mediaType) }];
        assert.match(await outcome(layout, image), /^TRUST_(BAD_SIGNATURE|UNSIGNED)/);
      },
    ),
    { numRuns: 300 },
  );
});

test('a reader that fails is not taken for an unsigned image', async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  layout.attach(signAsBundle(image, KEY, undefined, NOW));
  const broken = {
    ...layout.evidence(image),
    readBlob: (): never => {
      throw new Error('the disk is gone');
    },
  };
  const error = await rejection(() =>
    verifyImage(broken, policyOf([keySigner(KEY)]), { now: NOW, allowUnsigned: true }),
  );
  assert.is(error instanceof Error && error.message, 'the disk is gone');
});

test.run();
