/**
 * The statement in a Sigstore bundle that says "this image is signed".
 *
 * @see https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
 * @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
 */
import { type Digest, hexOf } from '../base/digest.js';
import { arrayOf, closedObjectOf, decodeJson, digestIn, Malformed, OtherStatement, objectOf } from './encoding.js';

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
export const PREDICATE_TYPE = 'https://sigstore.dev/cosign/sign/v1';
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** What a DSSE signature is made over: type and body with their lengths, so that neither can flow into the other. */
export function preAuthenticationEncoding(payloadType: string, body: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${body.length} `), body]);
}

/**
 * The digest that a statement vouches for.
 * @throws {Malformed}
 * @throws {OtherStatement} where it attests something else of an image: provenance, a bill of materials
 */
export function digestInStatement(body: Uint8Array): Digest {
  const statement = objectOf(decodeJson(body, 'the statement'), 'the statement');
  if (statement['_type'] !== STATEMENT_TYPE) throw new Malformed(`the statement is not of the type ${STATEMENT_TYPE}`);
  if (statement['predicateType'] !== PREDICATE_TYPE)
    throw new OtherStatement(`it attests ${JSON.stringify(statement['predicateType'])}, which is no signature`);
  closedObjectOf(statement, 'the statement', ['_type', 'subject', 'predicateType', 'predicate']);
  objectOf(statement['predicate'] ?? {}, 'predicate');
  const subjects = arrayOf(statement['subject'], 'subject', 1);
  const subject = closedObjectOf(subjects[0], 'subject', ['name', 'digest', 'annotations']);
  const digest = closedObjectOf(subject['digest'], 'subject.digest', ['sha256']);
  return digestIn(`sha256:${String(digest['sha256'])}`, 'subject.digest');
}

/** The statement for an image. */
export function statementFor(digest: Digest): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: STATEMENT_TYPE,
      subject: [{ digest: { sha256: hexOf(digest) } }],
      predicateType: PREDICATE_TYPE,
      predicate: {},
    }),
  );
}
