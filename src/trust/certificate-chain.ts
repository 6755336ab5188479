/**
 * Whether a signer's certificate goes back to the team's authority.
 *
 * OpenSSL's code in Node checks each signature and name; this file adds what
 * Node does not look at. The certificates below the roots come with the
 * signature: an attacker chose them.
 * @see RFC 5280, section 6.1
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateContent, CODE_SIGNING, readCertificate } from './certificate.js';
import { Malformed } from './encoding.js';
import type { AuthoritySigner, Identity } from './policy.js';
import { refusalOf } from './public-key.js';

/** Why a certificate does not count, as one clause. */
export class CertificateRefused extends Error {}

export type CertifiedSigner = {
  readonly key: KeyObject;
  /** For messages and records: `Ada <ada@example.org>, certified by Team CA`. */
  readonly description: string;
  /** When the first certificate between the signer and the root expires. */
  readonly validUntil: Date;
};

/** More steps than any team's authority has. */
const MAX_PATH = 6;

/** SHA-1 and MD5 signatures can be forged; what is not here is refused. @see RFC 4055, RFC 5758, RFC 8410 */
const SIGNATURE_ALGORITHMS: readonly string[] = [
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
  '1.3.101.112',
];

/**
 * The signer whose certificate stands first in `certificates`.
 * @throws {CertificateRefused} where it does not go back to a root, is not valid at `now`,
 *   not meant for signing, or of nobody whom the rule names
 */
export async function certifiedSigner(
  certificates: readonly Uint8Array[],
  signer: AuthoritySigner,
  now: Date,
): Promise<CertifiedSigner> {
  const [leaf, ...attached] = certificates.map(decoded);
  if (leaf === undefined) throw new CertificateRefused('it carries no certificate');
  const path = pathToRoot(leaf, [...attached, ...signer.intermediates], signer.roots);
  const contents = await Promise.all(path.map(({ raw }) => contentOf(raw)));
  for (const [at, certificate] of path.entries()) {
    const content = contents[at];
    if (content === undefined) throw new CertificateRefused('a certificate is missing');
    checkTime(certificate, now);
    checkForm(certificate, content);
    if (at === 0) checkLeaf(content);
    else checkAuthority(certificate, content, at - 1);
  }
  const [own] = contents;
  const identity = own && signer.identities.find((candidate) => isIdentity(own, candidate));
  if (own === undefined || identity === undefined)
    throw new CertificateRefused(`the certificate is of ${own ? nameOf(own) : 'nobody'}, whom the rule does not name`);
  return {
    key: leaf.publicKey,
    description: `${nameOf(own)}, certified by ${signer.name}`,
    validUntil: new Date(Math.min(...path.map(({ validTo }) => Date.parse(validTo)))),
  };
}

function decoded(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(der));
  } catch {
    throw new CertificateRefused('a certificate cannot be read');
  }
}

async function contentOf(der: Uint8Array): Promise<CertificateContent> {
  try {
    return await readCertificate(der);
  } catch (error) {
    if (error instanceof Malformed) throw new CertificateRefused(error.message);
    throw error;
  }
}

/** From the leaf to a root, each issued and signed by the next. @throws {CertificateRefused} */
function pathToRoot(
  leaf: X509Certificate,
  between: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): X509Certificate[] {
  const path = [leaf];
  for (let current = leaf; path.length < MAX_PATH; ) {
    const root = roots.find((candidate) => isIssuedBy(current, candidate));
    if (root !== undefined) return [...path, root];
    const next = between.find(
      (candidate) => !path.some((p) => p.raw.equals(candidate.raw)) && isIssuedBy(current, candidate),
    );
    if (next === undefined) break;
    path.push(next);
    current = next;
  }
  throw new CertificateRefused('its certificate was not issued by an authority of the rule');
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  const { publicKey } = issuer;
  return refusalOf(publicKey) === undefined && certificate.checkIssued(issuer) && certificate.verify(publicKey);
}

function checkTime(certificate: X509Certificate, now: Date): void {
  if (now < new Date(certificate.validFrom))
    throw new CertificateRefused(`a certificate is not valid before ${certificate.validFrom}`);
  if (now > new Date(certificate.validTo))
    throw new CertificateRefused(`a certificate expired on ${certificate.validTo}`);
}

function checkForm(certificate: X509Certificate, content: CertificateContent): void {
  const refusal = refusalOf(certificate.publicKey);
  if (refusal !== undefined) throw new CertificateRefused(refusal);
  if (!SIGNATURE_ALGORITHMS.includes(content.signatureAlgorithm))
    throw new CertificateRefused(`a certificate is signed with ${content.signatureAlgorithm}, which is not taken`);
  if (content.notUnderstood.length > 0)
    throw new CertificateRefused(
      `a certificate has restrictions that are not understood: ${content.notUnderstood.join(', ')}`,
    );
}

function checkLeaf(content: CertificateContent): void {
  if (content.basicConstraints?.authority)
    throw new CertificateRefused('the certificate is that of an authority, not of a signer');
  if (content.keyUsage && !content.keyUsage.includes('digitalSignature'))
    throw new CertificateRefused('the certificate is not for signing (keyUsage)');
  if (content.extendedKeyUsage && !content.extendedKeyUsage.includes(CODE_SIGNING))
    throw new CertificateRefused('the certificate is not for signing code (extendedKeyUsage)');
}

/** `below`: how many authorities stand between this one and the leaf. */
function checkAuthority(certificate: X509Certificate, content: CertificateContent, below: number): void {
  const constraints = content.basicConstraints;
  if (!constraints?.authority || !certificate.ca)
    throw new CertificateRefused('a certificate above that of the signer is not of an authority');
  if (content.keyUsage && !content.keyUsage.includes('keyCertSign'))
    throw new CertificateRefused('the certificate of an authority is not for issuing others (keyUsage)');
  if (constraints.pathLength !== undefined && below > constraints.pathLength)
    throw new CertificateRefused('there are more authorities below one than it allows (pathLength)');
}

function isIdentity(content: CertificateContent, identity: Identity): boolean {
  if (identity.kind === 'email') return content.emails.includes(identity.email);
  const wanted = Object.entries(identity.subject);
  return (
    wanted.length === content.subject.length &&
    wanted.every(([name, value]) => content.subject.some(([has, is]) => has === name && is === value))
  );
}

function nameOf(content: CertificateContent): string {
  const name = content.subject.find(([attribute]) => attribute === 'commonName')?.[1];
  const email = content.emails[0];
  return [name, email && `<${email}>`].filter(Boolean).join(' ') || 'a certificate without a name';
}
