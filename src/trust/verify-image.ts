/** The trust decision about one image: its evidence and the trust policy in, a verdict out. */
import { type Digest, digestOf } from '../base/digest.js';
import { arrayOf, decodeJson, Malformed, objectOf } from './encoding.js';
import type { Evidence } from './evidence.js';
import { type Found, findCandidates, LIMITS } from './find-candidates.js';
import { judge, MOST_TELLING } from './judge.js';
import { type Rule, ruleFor, type Signer, scopeText, type TrustPolicy } from './policy.js';
import { type Attempt, type AttemptOutcome, TrustError, type TrustErrorCode, type Verdict } from './verdict.js';

export type VerifyOptions = {
  /** The clock: certificates and keys must be valid at this moment. */
  readonly now: Date;
  /**
   * `--allow-unsigned`: takes an image that nobody whom the policy knows has signed.
   * What is altered, of another image, expired or rejected is refused all the same.
   */
  readonly allowUnsigned: boolean;
};

/**
 * The verdict on an image. Returns only where the image may be used; a verdict of
 * the kind `unverified` has to be shown and recorded.
 *
 * @throws {TrustError} TRUST_UNSIGNED TRUST_UNKNOWN_KEY TRUST_BAD_SIGNATURE TRUST_OTHER_IMAGE
 *   TRUST_CERTIFICATE TRUST_REJECTED TRUST_CHAIN_BROKEN
 */
export async function verifyImage(evidence: Evidence, policy: TrustPolicy, options: VerifyOptions): Promise<Verdict> {
  const chain = digestsOf(evidence.chain);
  const { name, rule } = ruleFor(policy, evidence.scope);
  const image = [...chain.keys()].at(-1);
  const place = scopeText(evidence.scope);
  switch (rule.kind) {
    case 'reject':
      throw new TrustError('TRUST_REJECTED', `the trust policy rejects every image of ${place}`, {
        why: `rule ${name} of ${policy.source}${rule.why ? `: ${rule.why}` : ''}`,
        hint: 'use an image from a place that the policy takes, or have the policy changed',
      });
    case 'insecureAcceptAnything':
      return { kind: 'unverified', by: `rule ${name} of ${policy.source}`, why: rule.why, attempts: [] };
    case 'digest':
      return { kind: 'pinned', digest: checkPinned(chain, rule.digests, name, policy), rule: name };
    case 'signedBy':
      if (rule.digests !== undefined) checkPinned(chain, rule.digests, name, policy);
      return await verifySigned({ evidence, policy, options, chain, rule, name, image });
  }
}

/**
 * The members by digest, each proven to list the next: what an index says of its
 * platforms counts only by the index's own verified bytes.
 */
function digestsOf(members: readonly Uint8Array[]): ReadonlyMap<Digest, Uint8Array> {
  const digests = new Map<Digest, Uint8Array>();
  for (const [at, bytes] of members.entries()) {
    const digest = digestOf(bytes);
    const above = members[at - 1];
    if (above !== undefined && !lists(above, digest))
      throw new TrustError('TRUST_CHAIN_BROKEN', `the index does not list ${digest}`, {
        why: 'a signature on an index covers only the manifests that the index lists',
      });
    digests.set(digest, bytes);
  }
  return digests;
}

function lists(index: Uint8Array, digest: Digest): boolean {
  try {
    const manifests = objectOf(decodeJson(index, 'the index'), 'the index')['manifests'];
    return arrayOf(manifests, 'manifests', 10 * LIMITS.manifests).some(
      (m) => objectOf(m, 'a manifest')['digest'] === digest,
    );
  } catch (error) {
    if (error instanceof Malformed) throw new TrustError('TRUST_CHAIN_BROKEN', error.message, { cause: error });
    throw error;
  }
}

function checkPinned(
  chain: ReadonlyMap<Digest, Uint8Array>,
  pinned: readonly Digest[],
  name: string,
  policy: TrustPolicy,
): Digest {
  const found = pinned.find((digest) => chain.has(digest));
  if (found !== undefined) return found;
  const [image] = chain.keys();
  throw new TrustError('TRUST_REJECTED', `${image ?? 'an image without a manifest'} is not one of the pinned images`, {
    why: `rule ${name} of ${policy.source} takes only ${pinned.join(', ')}`,
    hint: 'use a pinned version, or have the new digest added to the policy after a look at the image',
  });
}

type Case = {
  readonly evidence: Evidence;
  readonly policy: TrustPolicy;
  readonly options: VerifyOptions;
  readonly chain: ReadonlyMap<Digest, Uint8Array>;
  readonly rule: Extract<Rule, { kind: 'signedBy' }>;
  readonly name: string;
  readonly image: Digest | undefined;
};

async function verifySigned(one: Case): Promise<Verdict> {
  const found = one.image === undefined ? NOTHING : await findCandidates(one.evidence, one.chain);
  const attempts: Attempt[] = [...found.attempts];
  for (const candidate of found.candidates) {
    const judgement = await judge(candidate, one.rule.signers, one.chain, one.options.now);
    if (judgement.kind === 'trusted') {
      const { signer, signed, validUntil } = judgement;
      return { kind: 'trusted', signer, signed, validUntil, format: candidate.format, rule: one.name, attempts };
    }
    attempts.push({ candidate: candidate.label, outcome: judgement.outcome, reason: judgement.reason });
  }
  const refusal = refusalOf(one, attempts, found);
  // A stale signature of what was here before does not make the image a forgery: the user may know.
  const mayBeAllowed = attempts.length === 0 || ['TRUST_UNSIGNED', 'TRUST_UNKNOWN_KEY'].includes(refusal.code);
  if (!one.options.allowUnsigned || !mayBeAllowed) throw refusal;
  return { kind: 'unverified', by: '--allow-unsigned', why: refusal.message, attempts };
}

const NOTHING: Found = {
  candidates: [],
  attempts: [],
  remarks: ['a folder without a manifest cannot carry a signature'],
  orphans: [],
};

const CODES: Readonly<Record<AttemptOutcome, TrustErrorCode>> = {
  'other-image': 'TRUST_OTHER_IMAGE',
  certificate: 'TRUST_CERTIFICATE',
  'bad-signature': 'TRUST_BAD_SIGNATURE',
  malformed: 'TRUST_BAD_SIGNATURE',
  'unknown-key': 'TRUST_UNKNOWN_KEY',
  'other-statement': 'TRUST_UNSIGNED',
};

function refusalOf(one: Case, attempts: readonly Attempt[], { remarks, orphans }: Found): TrustError {
  const telling = MOST_TELLING.find((outcome) => attempts.some((attempt) => attempt.outcome === outcome));
  const unsigned = orphans.length > 0 ? 'TRUST_OTHER_IMAGE' : 'TRUST_UNSIGNED';
  const code = telling === undefined ? unsigned : CODES[telling];
  const image = one.image ?? scopeText(one.evidence.scope);
  const said = attempts.map(({ candidate, reason }) => `${candidate}: ${reason}`);
  return new TrustError(code, `${image} ${WHAT[code]}`, {
    attempts,
    why: [...said, ...orphans, ...remarks, triedWith(one.rule.signers, one)].join('; '),
    hint: hintFor(code, one),
  });
}

/** The rest of the sentence that begins with the image. */
const WHAT: Readonly<Partial<Record<TrustErrorCode, string>>> = {
  TRUST_UNSIGNED: 'is not signed',
  TRUST_UNKNOWN_KEY: 'is signed, but by nobody whom the trust policy knows',
  TRUST_BAD_SIGNATURE: 'has a signature that was altered or is malformed',
  TRUST_OTHER_IMAGE: 'carries the signature of another image',
  TRUST_CERTIFICATE: "is signed, but its signer's certificate or key does not count",
};

function triedWith(signers: readonly Signer[], { name, policy }: Case): string {
  const list = signers.map((signer) =>
    signer.kind === 'sigstore-key' ? `key ${signer.name} (${signer.key.id})` : `authority ${signer.name}`,
  );
  return `rule ${name} of ${policy.source} asks for a signature by ${list.length === 0 ? 'somebody, and names nobody yet' : list.join(' or ')}`;
}

function hintFor(code: TrustErrorCode, { policy, image, evidence }: Case): string {
  const place = policy.source === 'built-in' ? (policy.inputs[0] ?? 'a trust policy') : policy.source;
  switch (code) {
    case 'TRUST_UNSIGNED':
      if (image === undefined || !['oci', 'registry'].includes(evidence.scope.transport))
        return `bring it into an OCI layout (oci:DIR) and sign it there, have a rule of ${place} take ${scopeText(evidence.scope)} (insecureAcceptAnything), or run it once with --allow-unsigned`;
      return `sign it (sandbox image sign --key KEY IMAGE) with a key that ${place} names, or run it once with --allow-unsigned`;
    case 'TRUST_UNKNOWN_KEY':
      return `if you know the signer, add the key to ${place}; else do not run this image`;
    case 'TRUST_CERTIFICATE':
      return 'have it signed again with a certificate that is valid now and that the rule names';
    default:
      return 'do not run this image; fetch it again from where it was published, and tell its publisher if that does not help';
  }
}
