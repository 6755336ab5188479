/** Private keys that sign images: made here, or read from the PEM text that OpenSSL and cosign import write. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { type PublicKey, publicKeyOf } from './public-key.js';
import { TrustError } from './verdict.js';

export type SigningKey = {
  readonly privateKey: KeyObject;
  readonly publicKey: PublicKey;
};

export type KeyPair = {
  /** PKCS #8, encrypted where a passphrase was given. */
  readonly privatePem: string;
  readonly publicPem: string;
  readonly id: string;
};

/** A fresh key pair: P-256 for signing images, RSA of 3072 bits for the authority and those it certifies. */
export function generateKeyPair(kind: 'p256' | 'rsa3072', passphrase: string | undefined): KeyPair {
  const { privateKey, publicKey } =
    kind === 'p256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 3072 });
  return {
    privatePem: privateKey
      .export({ type: 'pkcs8', format: 'pem', ...(passphrase && { cipher: 'aes-256-cbc', passphrase }) })
      .toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    id: publicKeyOf(publicKey).id,
  };
}

/** @throws {TrustError} TRUST_KEY_UNUSABLE */
export function signingKeyFromPem(pem: string, passphrase: string | undefined): SigningKey {
  if (/BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY/.test(pem))
    throw new TrustError('TRUST_KEY_UNUSABLE', 'the key is in the format that only cosign writes', {
      hint: 'sign with cosign itself, whose signatures count here too, or make a key with sandbox trust key generate',
    });
  try {
    const privateKey = createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
    return { privateKey, publicKey: publicKeyOf(createPublicKey(privateKey)) };
  } catch (cause) {
    throw new TrustError('TRUST_KEY_UNUSABLE', 'the private key cannot be used', {
      cause,
      why: cause instanceof Error ? cause.message : String(cause),
      hint: 'it must be a PKCS #8 PEM file; an encrypted one needs --passphrase-file or SANDBOX_PASSPHRASE',
    });
  }
}

/**
 * The certificates that go with a signing key, DER, the signer's first, a root left out.
 * @throws {TrustError} TRUST_KEY_UNUSABLE where the first is not of that key
 */
export function certificatesFromPem(pem: string, key: SigningKey): readonly [Uint8Array, ...Uint8Array[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = blocks.map((block) => new X509Certificate(block));
  const [leaf, ...others] = certificates;
  if (leaf === undefined || !leaf.checkPrivateKey(key.privateKey))
    throw new TrustError('TRUST_KEY_UNUSABLE', 'the certificate is not one of the private key', {
      hint: 'the file must begin with the certificate that sandbox trust ca issue wrote beside this key',
    });
  const between = others.filter((certificate) => !certificate.checkIssued(certificate));
  return [leaf.raw, ...between.map(({ raw }) => raw)];
}
