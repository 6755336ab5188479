/**
 * The payload of cosign's classic signatures.
 *
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
import type { Digest } from '../base/digest.js';
import { closedObjectOf, decodeJson, digestIn, Malformed } from './encoding.js';

export const SIMPLE_SIGNING_MEDIA_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const TYPE = 'cosign container image signature';

/**
 * The digest that a payload vouches for. `optional` and `identity` are only
 * checked for their shape: cosign writes no reliable identity there.
 * @throws {Malformed}
 */
export function digestInPayload(payload: Uint8Array): Digest {
  const whole = closedObjectOf(decodeJson(payload, 'the payload'), 'the payload', ['critical', 'optional']);
  const critical = closedObjectOf(whole['critical'], 'critical', ['identity', 'image', 'type']);
  if (critical['type'] !== TYPE) throw new Malformed(`critical.type is not "${TYPE}"`);
  closedObjectOf(critical['identity'], 'critical.identity', ['docker-reference']);
  const image = closedObjectOf(critical['image'], 'critical.image', ['docker-manifest-digest']);
  return digestIn(image['docker-manifest-digest'], 'critical.image.docker-manifest-digest');
}

/** The payload for an image; `reference` may be empty. */
export function payloadFor(digest: Digest, reference: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': reference },
        image: { 'docker-manifest-digest': digest },
        type: TYPE,
      },
      optional: null,
    }),
  );
}
