/**
 * The team's certificate authority: RSA certificates, issued by node-forge and
 * checked by OpenSSL's code before anybody gets them.
 *
 * @see RFC 5280
 */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import type { pki } from 'node-forge';
import { generateKeyPair, type KeyPair } from './signing-key.js';
import { TrustError } from './verdict.js';

export type IssuedCertificate = {
  readonly certificatePem: string;
  /** RSA of 3072 bits. */
  readonly keys: KeyPair;
};

export type AuthorityRequest = {
  /** Common name of the authority. */
  readonly name: string;
  readonly days: number;
  readonly now: Date;
  readonly passphrase: string | undefined;
};

export type CertificateRequest = {
  /** Common name of the holder. */
  readonly name: string;
  readonly email: string;
  readonly days: number;
  readonly now: Date;
  /** For the holder's private key. */
  readonly passphrase: string | undefined;
  readonly authority: {
    readonly certificatePem: string;
    readonly privatePem: string;
    readonly passphrase: string | undefined;
  };
};

/** A root that may issue signers' certificates, but no further authorities. */
export async function createAuthority(request: AuthorityRequest): Promise<IssuedCertificate> {
  const { default: forge } = await import('node-forge');
  const keys = generateKeyPair('rsa3072', request.passphrase);
  const certificate = begin(forge.pki, keys.publicPem, request);
  certificate.setSubject(subjectOf(request.name));
  certificate.setIssuer(subjectOf(request.name));
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  certificate.sign(forgeKey(forge.pki, keys.privatePem, request.passphrase), forge.md.sha256.create());
  return { certificatePem: checked(forge.pki.certificateToPem(certificate), undefined), keys };
}

/**
 * A certificate for one signer of images.
 * @throws {TrustError} TRUST_KEY_UNUSABLE where the authority's key or certificate cannot issue it
 */
export async function issueCertificate(request: CertificateRequest): Promise<IssuedCertificate> {
  const { default: forge } = await import('node-forge');
  const authority = authorityOf(request);
  const issuer = forge.pki.certificateFromPem(request.authority.certificatePem);
  const issuerKey = forgeKey(forge.pki, request.authority.privatePem, request.authority.passphrase);
  const keys = generateKeyPair('rsa3072', request.passphrase);
  const certificate = begin(forge.pki, keys.publicPem, request);
  certificate.setSubject(subjectOf(request.name));
  certificate.setIssuer(issuer.subject.attributes.map(asWritten));
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', codeSigning: true },
    { name: 'subjectAltName', altNames: [{ type: 1, value: request.email }] },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  if (certificate.validity.notAfter > new Date(authority.validTo))
    throw unusable('the certificate would outlive its authority', `ask for less than ${request.days} days`);
  certificate.sign(issuerKey, forge.md.sha256.create());
  return { certificatePem: checked(forge.pki.certificateToPem(certificate), authority), keys };
}

function begin(forge: typeof pki, publicPem: string, { now, days }: { now: Date; days: number }): pki.Certificate {
  const certificate = forge.createCertificate();
  certificate.publicKey = forge.publicKeyFromPem(publicPem);
  // Positive and without a leading zero byte, as DER wants integers.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  certificate.serialNumber = serial.toString('hex');
  certificate.validity.notBefore = now;
  certificate.validity.notAfter = new Date(now.getTime() + days * 86_400_000);
  return certificate;
}

/** UTF8String: forge's default is a type that has no letters but ASCII's. */
const UTF8 = 12 as unknown as NonNullable<pki.CertificateField['valueTagClass']>;

const subjectOf = (name: string): pki.CertificateField[] => [{ name: 'commonName', value: name, valueTagClass: UTF8 }];

/** Forge gives a UTF8String back as bytes, but takes it as text. */
const asWritten = (field: pki.CertificateField): pki.CertificateField =>
  field.valueTagClass === UTF8 && typeof field.value === 'string'
    ? { ...field, value: Buffer.from(field.value, 'latin1').toString('utf8') }
    : field;

/** The key as forge wants it: unencrypted, for the length of one signature. */
function forgeKey(forge: typeof pki, pem: string, passphrase: string | undefined): pki.rsa.PrivateKey {
  try {
    const key = createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
    return forge.privateKeyFromPem(key.export({ type: 'pkcs1', format: 'pem' }).toString());
  } catch (cause) {
    throw unusable(
      'the authority cannot sign with this key',
      'it must be the RSA key that sandbox trust ca init wrote',
      cause,
    );
  }
}

function authorityOf({ authority }: CertificateRequest): X509Certificate {
  const certificate = new X509Certificate(authority.certificatePem);
  if (!certificate.ca)
    throw unusable('the certificate is not of an authority', 'give the folder that sandbox trust ca init wrote');
  return certificate;
}

/** Forge's own work is never believed: OpenSSL must accept it first. */
function checked(pem: string, authority: X509Certificate | undefined): string {
  const certificate = new X509Certificate(pem);
  const issuer = authority ?? certificate;
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
    throw unusable(
      'the certificate that was made does not verify',
      'check that authority.key belongs to authority.pem',
    );
  return pem;
}

function unusable(message: string, hint: string, cause?: unknown): TrustError {
  const why = cause instanceof Error ? cause.message : undefined;
  return new TrustError('TRUST_KEY_UNUSABLE', message, { hint, cause, why });
}
