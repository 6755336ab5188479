/**
 * One candidate against the signers of a rule: trusted, or why not.
 *
 * How an altered signature is told from a stranger's: whoever signs with a key
 * may leave the key's id beside the signature (bundles have a place for it; our
 * classic signatures an annotation), and a certificate names its holder. Where
 * such a name is that of a signer of the rule but the signature does not verify,
 * it was altered. Without a name both look alike, and count as a stranger's.
 */
import type { Digest } from '../base/digest.js';
import type { Candidate } from './candidate.js';
import { CertificateRefused, certifiedSigner } from './certificate-chain.js';
import { Malformed, OtherStatement } from './encoding.js';
import type { AuthoritySigner, KeySigner, Signer } from './policy.js';
import { isSignedBy } from './public-key.js';
import type { AttemptOutcome } from './verdict.js';

export type Judgement =
  | {
      readonly kind: 'trusted';
      readonly signer: string;
      readonly signed: Digest;
      readonly validUntil: Date | undefined;
    }
  | { readonly kind: 'not'; readonly outcome: AttemptOutcome; readonly reason: string };

type Refusal = Extract<Judgement, { kind: 'not' }>;

/** What tells a reader most, first: the nearer to trusted, the more. */
export const MOST_TELLING: readonly AttemptOutcome[] = [
  'other-image',
  'certificate',
  'bad-signature',
  'malformed',
  'unknown-key',
  'other-statement',
];

/** Trusted where any signer made it for a digest of `chain`; else the most telling of the refusals. */
export async function judge(
  candidate: Candidate,
  signers: readonly Signer[],
  chain: ReadonlyMap<Digest, Uint8Array>,
  now: Date,
): Promise<Judgement> {
  const refusals: Refusal[] = [];
  for (const signer of signers) {
    const judgement = await judgeBy(candidate, signer, chain, now);
    if (judgement.kind === 'trusted') return judgement;
    refusals.push(judgement);
  }
  return mostTelling(refusals) ?? no('unknown-key', 'the trust policy has no signer for it');
}

function mostTelling(refusals: readonly Refusal[]): Refusal | undefined {
  const worst = MOST_TELLING.find((outcome) => refusals.some((refusal) => refusal.outcome === outcome));
  const reasons = new Set(refusals.filter(({ outcome }) => outcome === worst).map(({ reason }) => reason));
  return worst && no(worst, [...reasons].join('; '));
}

const no = (outcome: AttemptOutcome, reason: string): Refusal => ({ kind: 'not', outcome, reason });

async function judgeBy(
  candidate: Candidate,
  signer: Signer,
  chain: ReadonlyMap<Digest, Uint8Array>,
  now: Date,
): Promise<Judgement> {
  const made =
    signer.kind === 'sigstore-key' ? madeByKey(candidate, signer) : await madeByHolder(candidate, signer, now);
  if (made.kind === 'not') return made;
  if (!signer.formats.includes(candidate.format))
    return no(
      'unknown-key',
      `it is by ${made.signer}, but the rule takes no ${candidate.format} signatures from there`,
    );
  const untimely = untimelyWhy(signer, now);
  if (untimely !== undefined) return no('certificate', untimely);
  return claimed(candidate, made, earlier(made.validUntil, signer.validUntil), chain);
}

type Maker = { readonly kind: 'made'; readonly signer: string; readonly validUntil: Date | undefined };
type Made = Maker | Refusal;

const earlier = (a: Date | undefined, b: Date | undefined): Date | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a;

function madeByKey(candidate: Candidate, { name, key }: KeySigner): Made {
  if (isSignedBy(key.key, candidate.signed, candidate.signature))
    return { kind: 'made', signer: `key ${name} (${key.id})`, validUntil: undefined };
  if (candidate.keyHint === key.id)
    return no('bad-signature', `it names the key ${name}, but that key did not sign these bytes: they were altered`);
  return no('unknown-key', `it was not made by the key ${name}`);
}

async function madeByHolder(candidate: Candidate, signer: AuthoritySigner, now: Date): Promise<Made> {
  if (candidate.certificates.length === 0) return no('unknown-key', `it carries no certificate of ${signer.name}`);
  try {
    const holder = await certifiedSigner(candidate.certificates, signer, now);
    if (isSignedBy(holder.key, candidate.signed, candidate.signature))
      return { kind: 'made', signer: holder.description, validUntil: holder.validUntil };
    return no(
      'bad-signature',
      `its certificate is of ${holder.description}, who did not sign these bytes: they were altered`,
    );
  } catch (error) {
    if (error instanceof CertificateRefused) return no('certificate', `${signer.name}: ${error.message}`);
    throw error;
  }
}

function untimelyWhy({ name, validFrom, validUntil }: Signer, now: Date): string | undefined {
  if (validFrom !== undefined && now < validFrom)
    return `the rule trusts ${name} only from ${validFrom.toISOString()} on`;
  if (validUntil !== undefined && now >= validUntil)
    return `the rule trusted ${name} until ${validUntil.toISOString()}`;
  return undefined;
}

/** The signature is good. Only now is it looked at what was signed. */
function claimed(
  candidate: Candidate,
  { signer }: Maker,
  validUntil: Date | undefined,
  chain: ReadonlyMap<Digest, Uint8Array>,
): Judgement {
  try {
    const signed = candidate.claim();
    if (chain.has(signed)) return { kind: 'trusted', signer, signed, validUntil };
    return no('other-image', `it is good and by ${signer}, but of another image: ${signed}`);
  } catch (error) {
    if (error instanceof Malformed) return no('malformed', `it is by ${signer}, but ${error.message}`);
    if (error instanceof OtherStatement) return no('other-statement', `it is by ${signer}, but ${error.message}`);
    throw error;
  }
}
