import * as assert from 'uvu/assert';
import { LIMITS } from '../../src/trust/find-candidates.js';
import type { KeySigner } from '../../src/trust/policy.js';
import { signAsBundle, signAsClassic } from '../../src/trust/sign-image.js';
import { TrustError } from '../../src/trust/verdict.js';
import { verifyImage } from '../../src/trust/verify-image.js';
import { rejection, suite } from '../support/suite.js';
import { keySigner, MemoryLayout, NOW, newKey, policyOf } from './memory-layout.js';

const test = suite('find candidates');
const KEY = newKey();
const OTHER_KEY = newKey();
const OPTIONS = { now: NOW, allowUnsigned: false };

async function refused(
  layout: MemoryLayout,
  chain: readonly ReturnType<MemoryLayout['image']>[],
  signers: readonly KeySigner[],
) {
  const error = await rejection(() => verifyImage(layout.evidence(...chain), policyOf(signers), OPTIONS));
  if (!(error instanceof TrustError)) throw error;
  return error;
}

test('classic signatures of cosign save (a kind, no name) are found', async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  const artifact = signAsClassic(image.digest, KEY, undefined, undefined);
  layout.attach({
    ...artifact,
    descriptor: { ...artifact.descriptor, annotations: { kind: 'dev.cosignproject.cosign/sigs' } },
  });
  assert.is((await verifyImage(layout.evidence(image), policyOf([keySigner(KEY)]), OPTIONS)).kind, 'trusted');
});

test('a bundle is found through the fallback tag of the referrers, in an index of its own', async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  const artifact = signAsBundle(image, KEY, undefined, NOW);
  layout.attach(artifact);
  layout.descriptors.pop();
  const list = layout.index(artifact.descriptor);
  layout.descriptors.pop();
  layout.descriptors.push({
    ...list,
    annotations: { 'org.opencontainers.image.ref.name': image.digest.replace(':', '-') },
  });
  assert.is((await verifyImage(layout.evidence(image), policyOf([keySigner(KEY)]), OPTIONS)).kind, 'trusted');
});

test('a second classic signature joins the first under the one tag', async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  const first = layout.attach(signAsClassic(image.digest, OTHER_KEY, undefined, undefined));
  const second = signAsClassic(image.digest, KEY, undefined, layout.bytes(first));
  layout.descriptors = layout.descriptors.filter((one) => one !== first);
  layout.attach(second);
  for (const key of [KEY, OTHER_KEY])
    assert.is((await verifyImage(layout.evidence(image), policyOf([keySigner(key)]), OPTIONS)).kind, 'trusted');
});

test('what is needed stays findable among a crowd, and what is read stays bounded', async () => {
  const layout = new MemoryLayout();
  for (let n = 0; n < 3 * LIMITS.manifests; n += 1) layout.image(`other ${n}`);
  const image = layout.image('app');
  layout.attach(signAsBundle(image, KEY, undefined, NOW));
  const evidence = layout.evidence(image);
  let reads = 0;
  const counted = {
    ...evidence,
    readBlob: (...args: Parameters<typeof evidence.readBlob>) => {
      reads += 1;
      return evidence.readBlob(...args);
    },
  };
  assert.is((await verifyImage(counted, policyOf([keySigner(KEY)]), OPTIONS)).kind, 'trusted');
  assert.ok(reads <= LIMITS.manifests + 1, `${reads} reads`);
});

test(`no more than ${LIMITS.candidates} signatures are tried, and that is said`, async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  for (let n = 0; n < 20; n += 1) layout.attach(signAsBundle(image, OTHER_KEY, undefined, new Date(n)));
  const error = await refused(layout, [image], [keySigner(KEY)]);
  assert.is(error.attempts.length, LIMITS.candidates);
  assert.match(error.why ?? '', `only the first ${LIMITS.candidates}`);
});

test('a signature larger than the limit is not read', async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  layout.forge(layout.attach(signAsBundle(image, KEY, undefined, NOW)), {
    layer: (bytes) => Buffer.concat([bytes, Buffer.alloc(LIMITS.signatureBytes, ' ')]),
  });
  assert.is((await refused(layout, [image], [keySigner(KEY)])).code, 'TRUST_BAD_SIGNATURE');
});

test('a layout of nothing but the largest hostile signatures is answered within bounds', async () => {
  const layout = new MemoryLayout();
  const image = layout.image('app');
  const brackets = Buffer.from(`[${'{"a":{}},'.repeat(58_000)}{}]`);
  for (let n = 0; n < LIMITS.candidates; n += 1)
    layout.forge(layout.attach(signAsBundle(image, OTHER_KEY, undefined, new Date(n))), {
      layer: () => Buffer.concat([brackets, Buffer.from(' '.repeat(n))]),
    });
  const evidence = layout.evidence(image);
  let bytesRead = 0;
  const counted = {
    ...evidence,
    readBlob: (...args: Parameters<typeof evidence.readBlob>) => {
      const bytes = evidence.readBlob(...args) as Uint8Array | undefined;
      bytesRead += bytes?.length ?? 0;
      return bytes;
    },
  };
  const error = await rejection(() => verifyImage(counted, policyOf([keySigner(KEY)]), OPTIONS));
  assert.is(error instanceof TrustError && error.code, 'TRUST_BAD_SIGNATURE');
  assert.ok(bytesRead <= LIMITS.totalBytes, `${bytesRead} bytes were read`);
});

test.run();
