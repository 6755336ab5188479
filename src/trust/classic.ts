/**
 * cosign's classic signatures: a payload beside annotations that carry the
 * signature, as layers of a manifest or in the `signature-N` files of skopeo.
 *
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
import type { Candidate } from './candidate.js';
import {
  closedObjectOf,
  decodeBase64,
  decodeJson,
  type JsonObject,
  Malformed,
  OtherStatement,
  objectOf,
} from './encoding.js';
import { digestInPayload, SIMPLE_SIGNING_MEDIA_TYPE } from './simple-signing.js';

export const ANNOTATION = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  /** Ours: the id of the key, so that an altered signature can be told from a stranger's. cosign ignores it. */
  keyHint: 'dev.sandbox.signature/key-hint',
} as const;

const MAX_CERTIFICATES = 8;
const FILE_PREFIX = Buffer.from('\0sigstore-json\n', 'latin1');

/** @throws {Malformed} */
export function candidateFromPayload(payload: Uint8Array, annotations: JsonObject, label: string): Candidate {
  const hint = annotations[ANNOTATION.keyHint];
  return {
    label,
    format: 'cosign-classic',
    signed: payload,
    signature: decodeBase64(annotations[ANNOTATION.signature], 'the signature annotation'),
    keyHint: typeof hint === 'string' ? hint : undefined,
    certificates: [
      ...certificatesIn(annotations[ANNOTATION.certificate]),
      ...certificatesIn(annotations[ANNOTATION.chain]),
    ],
    claim: () => digestInPayload(payload),
  };
}

/** Whether a `signature-N` file holds a signature of cosign's at all; others are OpenPGP. */
export function isSigstoreFile(bytes: Uint8Array): boolean {
  return FILE_PREFIX.equals(bytes.subarray(0, FILE_PREFIX.length));
}

/**
 * @throws {Malformed}
 * @throws {OtherStatement} where the file holds something else that was attached to the image
 */
export function candidateFromFile(bytes: Uint8Array, label: string): Candidate {
  const known = ['mimeType', 'payload', 'annotations'];
  const file = closedObjectOf(decodeJson(bytes.subarray(FILE_PREFIX.length), 'the file'), 'the file', known);
  if (file['mimeType'] !== SIMPLE_SIGNING_MEDIA_TYPE)
    throw new OtherStatement(`it is an attachment of the type ${JSON.stringify(file['mimeType'])}, not a signature`);
  const payload = decodeBase64(file['payload'], 'payload');
  return candidateFromPayload(payload, objectOf(file['annotations'], 'annotations'), label);
}

/** The certificates of a PEM text as DER. @throws {Malformed} */
function certificatesIn(value: unknown): Uint8Array[] {
  if (value === undefined || value === '') return [];
  if (typeof value !== 'string') throw new Malformed('a certificate annotation is no text');
  const blocks = value.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Malformed('a certificate annotation holds no certificate');
  if (blocks.length > MAX_CERTIFICATES) throw new Malformed(`there are more than ${MAX_CERTIFICATES} certificates`);
  return blocks.map((block) => decodeBase64(block.replace(/-----[A-Z ]+-----|\s/g, ''), 'a certificate'));
}
