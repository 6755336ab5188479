/**
 * Sigstore bundles: reading one into a candidate, writing one.
 *
 * Log entries and timestamps in a bundle are neither needed nor looked at for
 * signers by key or by the team's authority.
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
import type { Digest } from '../base/digest.js';
import { digestOf } from '../base/digest.js';
import type { Candidate } from './candidate.js';
import { arrayOf, closedObjectOf, decodeBase64, decodeJson, type JsonObject, Malformed } from './encoding.js';
import { digestInStatement, PAYLOAD_TYPE, preAuthenticationEncoding } from './statement.js';

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const BUNDLE_MEDIA_TYPE_WITH_CHAIN = 'application/vnd.dev.sigstore.bundle+json;version=0.2';
const MEDIA_TYPES: readonly unknown[] = [
  BUNDLE_MEDIA_TYPE,
  'application/vnd.dev.sigstore.bundle+json;version=0.3',
  BUNDLE_MEDIA_TYPE_WITH_CHAIN,
  'application/vnd.dev.sigstore.bundle+json;version=0.1',
];
const MAX_CERTIFICATES = 8;

/** Whether a manifest's or layer's type says "Sigstore bundle", of whatever version. */
export function isBundleType(mediaType: unknown): boolean {
  return typeof mediaType === 'string' && mediaType.startsWith('application/vnd.dev.sigstore.bundle');
}

/**
 * The one signature of a bundle. `subject` are the bytes that the bundle is
 * attached to: what a bundle without a statement is a signature of.
 * @throws {Malformed}
 */
export function candidateFromBundle(bytes: Uint8Array, label: string, subject: Uint8Array): Candidate {
  const members = ['mediaType', 'verificationMaterial', 'dsseEnvelope', 'messageSignature'];
  const bundle = closedObjectOf(decodeJson(bytes, 'the bundle'), 'the bundle', members);
  if (!MEDIA_TYPES.includes(bundle['mediaType'])) throw new Malformed('the bundle is not of version 0.1, 0.2 or 0.3');
  const common = { label, format: 'sigstore-bundle', ...signerIn(bundle['verificationMaterial']) } as const;
  const content = [bundle['dsseEnvelope'], bundle['messageSignature']].filter((part) => part !== undefined);
  if (content.length !== 1) throw new Malformed('the bundle has not exactly one content');
  return bundle['dsseEnvelope'] !== undefined
    ? { ...common, ...envelopeIn(bundle['dsseEnvelope']) }
    : { ...common, ...messageIn(bundle['messageSignature'], subject) };
}

type Content = Pick<Candidate, 'signed' | 'signature' | 'claim'>;

function envelopeIn(value: unknown): Content {
  const envelope = closedObjectOf(value, 'dsseEnvelope', ['payload', 'payloadType', 'signatures']);
  if (envelope['payloadType'] !== PAYLOAD_TYPE) throw new Malformed(`payloadType is not ${PAYLOAD_TYPE}`);
  const body = decodeBase64(envelope['payload'], 'payload');
  const signatures = arrayOf(envelope['signatures'], 'signatures', 1);
  const signature = closedObjectOf(signatures[0], 'signatures[0]', ['sig', 'keyid']);
  return {
    signed: preAuthenticationEncoding(PAYLOAD_TYPE, body),
    signature: decodeBase64(signature['sig'], 'sig'),
    claim: () => digestInStatement(body),
  };
}

function messageIn(value: unknown, subject: Uint8Array): Content {
  const message = closedObjectOf(value, 'messageSignature', ['messageDigest', 'signature']);
  if (message['messageDigest'] !== undefined) checkMessageDigest(message['messageDigest'], digestOf(subject));
  return {
    signed: subject,
    signature: decodeBase64(message['signature'], 'signature'),
    claim: () => digestOf(subject),
  };
}

/** The bundle's own word on what it signs is no proof, but a lie in it is a fault. */
function checkMessageDigest(value: unknown, expected: Digest): void {
  const digest = closedObjectOf(value, 'messageDigest', ['algorithm', 'digest']);
  const stated = decodeBase64(digest['digest'], 'messageDigest.digest').toString('hex');
  if (digest['algorithm'] !== 'SHA2_256' || `sha256:${stated}` !== expected)
    throw new Malformed('messageDigest is not that of the image it is attached to');
}

function signerIn(value: unknown): Pick<Candidate, 'keyHint' | 'certificates'> {
  const kinds = ['publicKey', 'certificate', 'x509CertificateChain'];
  const material = closedObjectOf(value, 'verificationMaterial', [
    ...kinds,
    'tlogEntries',
    'timestampVerificationData',
  ]);
  if (kinds.filter((kind) => material[kind] !== undefined).length !== 1)
    throw new Malformed('verificationMaterial has not exactly one of public key and certificate');
  if (material['publicKey'] !== undefined) {
    const { hint } = closedObjectOf(material['publicKey'], 'publicKey', ['hint']);
    return { keyHint: typeof hint === 'string' && hint !== '' ? hint : undefined, certificates: [] };
  }
  const certificates = certificatesIn(material).map((certificate) => {
    const { rawBytes } = closedObjectOf(certificate, 'certificate', ['rawBytes']);
    return decodeBase64(rawBytes, 'certificate.rawBytes');
  });
  if (certificates.length === 0) throw new Malformed('the certificate chain is empty');
  return { keyHint: undefined, certificates };
}

function certificatesIn(material: JsonObject): readonly unknown[] {
  if (material['certificate'] !== undefined) return [material['certificate']];
  const chain = closedObjectOf(material['x509CertificateChain'], 'x509CertificateChain', ['certificates']);
  return arrayOf(chain['certificates'], 'certificates', MAX_CERTIFICATES);
}

/** Who signed, as a bundle says it. */
export type BundleSigner =
  | { readonly kind: 'key'; readonly hint: string }
  /** DER, the signer's own first, without the root. */
  | { readonly kind: 'certificates'; readonly chain: readonly [Uint8Array, ...Uint8Array[]] };

/** The bytes of a bundle around a signed statement. More than one certificate needs the older version, which has a place for them. */
export function bundleFor(statement: Uint8Array, signature: Uint8Array, signer: BundleSigner): Buffer {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const chain = signer.kind === 'certificates' ? signer.chain.map((der) => ({ rawBytes: base64(der) })) : [];
  const material =
    signer.kind === 'key'
      ? { publicKey: { hint: signer.hint } }
      : chain.length === 1
        ? { certificate: chain[0] }
        : { x509CertificateChain: { certificates: chain } };
  return Buffer.from(
    JSON.stringify({
      mediaType: chain.length > 1 ? BUNDLE_MEDIA_TYPE_WITH_CHAIN : BUNDLE_MEDIA_TYPE,
      verificationMaterial: { ...material, tlogEntries: [], timestampVerificationData: { rfc3161Timestamps: [] } },
      dsseEnvelope: {
        payload: base64(statement),
        payloadType: PAYLOAD_TYPE,
        signatures: [{ sig: base64(signature), keyid: '' }],
      },
    }),
  );
}
