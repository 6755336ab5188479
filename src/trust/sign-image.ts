/** Makes signatures: the blobs and the entry of index.json that carry one. Nothing is written here. */
import { X509Certificate } from 'node:crypto';
import { type Digest, digestOf, hexOf } from '../base/digest.js';
import { BUNDLE_MEDIA_TYPE, type BundleSigner, bundleFor } from './bundle.js';
import { ANNOTATION } from './classic.js';
import { arrayOf, decodeJson, objectOf } from './encoding.js';
import type { SignatureDescriptor } from './evidence.js';
import { signBytes } from './public-key.js';
import type { SigningKey } from './signing-key.js';
import { payloadFor, SIMPLE_SIGNING_MEDIA_TYPE } from './simple-signing.js';
import { PAYLOAD_TYPE, PREDICATE_TYPE, preAuthenticationEncoding, statementFor } from './statement.js';

export type SignatureArtifact = {
  /** In the order in which to write them: no blob before what it refers to. */
  readonly blobs: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[];
  /** The entry for index.json. One with the same `org.opencontainers.image.ref.name` takes the place of the old. */
  readonly descriptor: SignatureDescriptor;
};

/** Certificates of the signer as DER, its own first; undefined: signed by the bare key. */
export type SignerCertificates = readonly [Uint8Array, ...Uint8Array[]] | undefined;

type Blob = SignatureArtifact['blobs'][number];

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';

/**
 * A Sigstore bundle as a referrer of the image, as cosign v3 makes and finds it.
 * `subject` is the image's or index's own descriptor.
 * @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 */
export function signAsBundle(
  subject: Pick<SignatureDescriptor, 'mediaType' | 'digest' | 'size'>,
  key: SigningKey,
  certificates: SignerCertificates,
  now: Date,
): SignatureArtifact {
  const statement = statementFor(subject.digest);
  const signature = signBytes(key.privateKey, preAuthenticationEncoding(PAYLOAD_TYPE, statement));
  const signer: BundleSigner = certificates
    ? { kind: 'certificates', chain: certificates }
    : { kind: 'key', hint: key.publicKey.id };
  const bundle = blobOf(bundleFor(statement, signature, signer));
  const config = blobOf(Buffer.from('{}'));
  const manifest = blobOf({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    artifactType: BUNDLE_MEDIA_TYPE,
    config: descriptorOf(EMPTY_TYPE, config),
    layers: [descriptorOf(BUNDLE_MEDIA_TYPE, bundle)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': PREDICATE_TYPE,
      'org.opencontainers.image.created': now.toISOString(),
    },
  });
  return {
    blobs: [config, bundle, manifest],
    descriptor: { ...descriptorOf(MANIFEST_TYPE, manifest), artifactType: BUNDLE_MEDIA_TYPE },
  };
}

/**
 * A classic signature, as cosign v1 and v2 make it: one more layer of the manifest
 * with the tag `sha256-HEX.sig`. `existing` is that manifest where there is one.
 */
export function signAsClassic(
  digest: Digest,
  key: SigningKey,
  certificates: SignerCertificates,
  existing: Uint8Array | undefined,
): SignatureArtifact {
  const payload = blobOf(payloadFor(digest, ''));
  const layer = {
    ...descriptorOf(SIMPLE_SIGNING_MEDIA_TYPE, payload),
    annotations: {
      [ANNOTATION.signature]: signBytes(key.privateKey, payload.bytes).toString('base64'),
      [ANNOTATION.keyHint]: key.publicKey.id,
      ...certificateAnnotations(certificates),
    },
  };
  const layers = [...(existing ? layersIn(existing) : []), layer];
  const config = blobOf({
    architecture: '',
    os: '',
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map((one) => objectOf(one, 'a layer')['digest']) },
  });
  const configType = 'application/vnd.oci.image.config.v1+json';
  const manifest = blobOf({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptorOf(configType, config),
    layers,
  });
  return {
    blobs: [payload, config, manifest],
    descriptor: {
      ...descriptorOf(MANIFEST_TYPE, manifest),
      annotations: { 'org.opencontainers.image.ref.name': classicTag(digest) },
    },
  };
}

/** The tag under which classic signatures of an image lie. */
export function classicTag(digest: Digest): string {
  return `sha256-${hexOf(digest)}.sig`;
}

function layersIn(manifest: Uint8Array): readonly unknown[] {
  const whole = objectOf(decodeJson(manifest, 'the signature manifest'), 'the signature manifest');
  return arrayOf(whole['layers'], 'layers', 100);
}

function certificateAnnotations(certificates: SignerCertificates): Record<string, string> {
  if (certificates === undefined) return {};
  const [leaf, ...between] = certificates.map((der) => new X509Certificate(Buffer.from(der)).toString());
  return {
    [ANNOTATION.certificate]: leaf ?? '',
    ...(between.length > 0 && { [ANNOTATION.chain]: between.join('') }),
  };
}

function blobOf(content: Uint8Array | object): Blob {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
  return { digest: digestOf(bytes), bytes };
}

const descriptorOf = (mediaType: string, blob: Blob): SignatureDescriptor => ({
  mediaType,
  digest: blob.digest,
  size: blob.bytes.length,
});
