/** Signatures that others made: cosign, skopeo's folders, the Sigstore conformance suite. */

import { X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import type { Evidence } from '../../src/trust/evidence.js';
import type { AuthoritySigner, Signer } from '../../src/trust/policy.js';
import { publicKeyFromPem } from '../../src/trust/public-key.js';
import { TrustError } from '../../src/trust/verdict.js';
import { verifyImage } from '../../src/trust/verify-image.js';
import { suite } from '../support/suite.js';
import { MemoryLayout, policyOf } from './memory-layout.js';

const test = suite('corpus of signatures');
const CORPUS = join(installationRoot, '../shared/corpus/signatures');
const missing = existsSync(CORPUS) ? undefined : 'needs the corpus of signatures beside the checkout (shared/corpus)';
const IMAGES = join(CORPUS, 'containers-image');
const BUNDLES = join(CORPUS, 'sigstore-conformance/bundle-verify');
const NOW = new Date('2026-11-21T00:00:00Z');

const keyIn = (file: string): Signer => ({
  kind: 'sigstore-key',
  name: 'fixture',
  key: publicKeyFromPem(readFileSync(file, 'utf8')),
  formats: ['sigstore-bundle', 'cosign-classic'],
  validFrom: undefined,
  validUntil: undefined,
});

function folder(name: string): Evidence {
  const path = join(IMAGES, name);
  const signatures = readdirSync(path).filter((file) => file.startsWith('signature-'));
  return {
    scope: { transport: 'dir', name: path },
    chain: [readFileSync(linked(join(path, 'manifest.json')))],
    descriptors: [],
    readBlob: () => undefined,
    signatureFiles: signatures.sort().map((file) => readFileSync(linked(join(path, file)))),
  };
}

/** The corpus was copied without symbolic links: such a file holds the path it pointed to. */
function linked(path: string): string {
  const text = readFileSync(path, 'latin1');
  return text.startsWith('../') ? join(path, '..', text.trim()) : path;
}

async function outcome(evidence: Evidence, signer: Signer): Promise<string> {
  try {
    return (await verifyImage(evidence, policyOf([signer]), { now: NOW, allowUnsigned: false })).kind;
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
}

const FOLDERS: readonly (readonly [string, string, string])[] = [
  ['dir-img-cosign-valid', 'cosign.pub', 'trusted'],
  ['dir-img-cosign-valid', 'cosign2.pub', 'TRUST_UNKNOWN_KEY'],
  ['dir-img-cosign-valid', 'some-rsa-key.pub', 'TRUST_UNKNOWN_KEY'],
  ['dir-img-cosign-valid-2', 'cosign.pub', 'trusted'],
  ['dir-img-cosign-valid-with-tag', 'cosign.pub', 'trusted'],
  ['dir-img-cosign-mixed', 'cosign.pub', 'trusted'],
  ['dir-img-cosign-key-rekor-valid', 'cosign2.pub', 'trusted'],
  ['dir-img-cosign-modified-manifest', 'cosign.pub', 'TRUST_OTHER_IMAGE'],
  ['dir-img-cosign-other-attachment', 'cosign.pub', 'TRUST_UNSIGNED'],
  ['dir-img-cosign-fulcio-rekor-valid', 'cosign.pub', 'TRUST_UNKNOWN_KEY'],
  ['dir-img-unsigned', 'cosign.pub', 'TRUST_UNSIGNED'],
  ['dir-img-valid', 'cosign.pub', 'TRUST_UNSIGNED'],
];
for (const [name, key, expected] of FOLDERS)
  test.needs(missing, `${name} with ${key} is ${expected}`, async () => {
    assert.is(await outcome(folder(name), keyIn(join(IMAGES, key))), expected);
  });

function authority(email: string): AuthoritySigner {
  return {
    kind: 'x509',
    name: 'PKI',
    roots: [new X509Certificate(readFileSync(join(IMAGES, 'pki_root_crts.pem')))],
    intermediates: [],
    identities: [{ kind: 'email', email }],
    formats: ['cosign-classic'],
    validFrom: undefined,
    validUntil: undefined,
  };
}

test.needs(
  missing,
  'a chain of three that OpenSSL made counts for the person it names, once its base64 is canonical',
  async () => {
    const evidence = folder('dir-img-cosign-pki-valid');
    const [file] = evidence.signatureFiles ?? [];
    assert.is(await outcome(evidence, authority('qiwan@redhat.com')), 'TRUST_BAD_SIGNATURE');
    const prefix = '\0sigstore-json\n';
    const content = JSON.parse(
      Buffer.from(file ?? [])
        .toString()
        .slice(prefix.length),
    );
    const key = 'dev.cosignproject.cosign/signature';
    content.annotations[key] = content.annotations[key].replaceAll('\n', '');
    const canonical = { ...evidence, signatureFiles: [Buffer.from(prefix + JSON.stringify(content))] };
    assert.is(await outcome(canonical, authority('qiwan@redhat.com')), 'trusted');
    assert.is(await outcome(canonical, authority('somebody@redhat.com')), 'TRUST_CERTIFICATE');
  },
);

/** A conformance bundle, as if it were attached to the artifact it is of. */
function attached(name: string): Evidence {
  const layout = new MemoryLayout();
  const image = layout.put(readFileSync(join(BUNDLES, 'a.txt')), 'text/plain');
  const bundle = readFileSync(join(BUNDLES, name, 'bundle.sigstore.json'));
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const manifest = { artifactType: type, layers: [layout.put(bundle, type)], subject: image };
  layout.descriptors = [layout.put(manifest, 'application/vnd.oci.image.manifest.v1+json')];
  return layout.evidence(image);
}

test.needs(missing, 'the conformance bundles by managed keys count with their key', async () => {
  for (const name of ['managed-key-happy-path', 'managed-key-and-trusted-root'])
    assert.is(await outcome(attached(name), keyIn(join(BUNDLES, name, 'key.pub'))), 'trusted');
});

test.needs(missing, 'the conformance key that is no point of its curve is refused before anything is tried', () => {
  assert.throws(() => keyIn(join(BUNDLES, 'managed-key-wrong-key_fail', 'key.pub')), /public key/);
});

test.needs(missing, 'no conformance bundle counts with a key that did not sign it', async () => {
  const names = readdirSync(BUNDLES).filter((name) => existsSync(join(BUNDLES, name, 'bundle.sigstore.json')));
  assert.ok(names.length > 50);
  for (const name of names) {
    const result = await outcome(attached(name), keyIn(join(IMAGES, 'cosign.pub')));
    assert.match(result, /^TRUST_(UNKNOWN_KEY|BAD_SIGNATURE)$/, name);
  }
});

test.run();
