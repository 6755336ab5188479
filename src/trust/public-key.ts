/** Public keys that may vouch for images, and the one place where signatures are made and checked. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

export type PublicKey = {
  readonly key: KeyObject;
  /** Base64 of the SHA-256 of the key's SubjectPublicKeyInfo: what Sigstore bundles carry as a hint. */
  readonly id: string;
};

const PEM = /^\s*-----BEGIN PUBLIC KEY-----\r?\n[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

/** Larger ones only serve to keep the verifier busy. */
const RSA_BITS = { least: 2048, most: 8192 };

/**
 * The key of a PEM text.
 * @throws {Error} with one clause of why, where it is not exactly one public key of a kind that is taken
 */
export function publicKeyFromPem(pem: string): PublicKey {
  if (/PRIVATE KEY-----/.test(pem)) throw new Error('this is a private key; the policy wants its public half');
  if (!PEM.test(pem)) throw new Error('not exactly one PEM block "PUBLIC KEY"');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw new Error('not a public key that OpenSSL can read', { cause });
  }
  return publicKeyOf(key);
}

/** @throws {Error} where the key is of a kind or size that is not taken */
export function publicKeyOf(key: KeyObject): PublicKey {
  const refusal = refusalOf(key);
  if (refusal !== undefined) throw new Error(refusal);
  return {
    key,
    id: createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('base64'),
  };
}

/** Why a key is not taken, undefined where it is. */
export function refusalOf(key: KeyObject): string | undefined {
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return undefined;
    case 'ec':
      if (hashesFor(key).length > 0) return undefined;
      return `the curve ${details.namedCurve} is not one of P-256, P-384, P-521`;
    case 'rsa': {
      const bits = details.modulusLength ?? 0;
      if (bits < RSA_BITS.least || bits > RSA_BITS.most)
        return `an RSA key of ${bits} bits is not between ${RSA_BITS.least} and ${RSA_BITS.most}`;
      const exponent = details.publicExponent ?? 0n;
      return exponent >= 65537n && exponent < 1n << 32n ? undefined : `the RSA exponent ${exponent} is out of bounds`;
    }
    default:
      return `keys of the kind ${key.asymmetricKeyType ?? 'unknown'} are not taken`;
  }
}

/**
 * The hashes a key may have signed with. cosign took SHA-256 for every curve for
 * years and the curve's own since, so both count for the larger curves.
 */
function hashesFor(key: KeyObject): readonly (string | null)[] {
  if (key.asymmetricKeyType === 'ed25519') return [null];
  if (key.asymmetricKeyType === 'rsa') return ['sha256'];
  const byCurve: Readonly<Record<string, readonly string[]>> = {
    prime256v1: ['sha256'],
    secp384r1: ['sha384', 'sha256'],
    secp521r1: ['sha512', 'sha256'],
  };
  return byCurve[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? [];
}

/** Whether `signature` was made over exactly these bytes by the holder of `key`. RSA means PKCS #1 v1.5, ECDSA means DER. */
export function isSignedBy(key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  return hashesFor(key).some((hash) => {
    try {
      return verify(hash, bytes, key, signature);
    } catch {
      return false; // OpenSSL's word for a signature that it cannot even read
    }
  });
}

/** A signature over `bytes` in the form that `isSignedBy` and cosign check. The key must be of a kind that is taken. */
export function signBytes(privateKey: KeyObject, bytes: Uint8Array): Buffer {
  const [hash = null] = hashesFor(privateKey);
  return sign(hash, bytes, privateKey);
}
