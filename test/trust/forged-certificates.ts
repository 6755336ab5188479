/** Certificates of every wrong kind, made by node-forge: what an attacker or a careless administrator may hand in. */
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import type { AuthoritySigner, Identity } from '../../src/trust/policy.js';
import { type SigningKey, signingKeyFromPem } from '../../src/trust/signing-key.js';
import { NOW } from './memory-layout.js';

const DAY = 86_400_000;

/** One certificate with its key. */
export type Holder = { readonly certificate: X509Certificate; readonly key: SigningKey; readonly privatePem: string };

export type Wish = {
  readonly name: string;
  readonly issuer?: Holder | undefined;
  readonly extensions?: readonly object[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly sha1?: boolean;
  /** Whose key it gets, where that is not the one of `name`. */
  readonly keyOf?: string;
  readonly subject?: readonly { readonly name: string; readonly value: string }[];
};

export const AUTHORITY = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'keyUsage', keyCertSign: true, critical: true },
];
export const LEAF = [
  { name: 'basicConstraints', cA: false, critical: true },
  { name: 'keyUsage', digitalSignature: true, critical: true },
  { name: 'extKeyUsage', codeSigning: true },
  { name: 'subjectAltName', altNames: [{ type: 1, value: 'ada@team.example' }] },
];

type Pair = { readonly privatePem: string; readonly publicPem: string };
const keyOf = new Map<string, Pair>();

/** One key a name, since they are slow to make, and smaller than the product's own. */
function keyFor(name: string): Pair {
  const known = keyOf.get(name);
  if (known !== undefined) return known;
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pair = {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
  keyOf.set(name, pair);
  return pair;
}

let serial = 0;

export function issue(wish: Wish): Holder {
  const pair = keyFor(wish.keyOf ?? wish.name);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicPem);
  serial += 1;
  certificate.serialNumber = `40${serial.toString(16).padStart(4, '0')}`;
  certificate.validity.notBefore = wish.notBefore ?? new Date(NOW.getTime() - DAY);
  certificate.validity.notAfter = wish.notAfter ?? new Date(NOW.getTime() + DAY);
  certificate.setSubject([...(wish.subject ?? [{ name: 'commonName', value: wish.name }])]);
  const issuer = wish.issuer;
  certificate.setIssuer(
    issuer
      ? forge.pki.certificateFromPem(issuer.certificate.toString()).subject.attributes
      : certificate.subject.attributes,
  );
  // Copies: forge writes its encoding into what it is given.
  certificate.setExtensions((wish.extensions ?? LEAF).map((extension) => structuredClone(extension)));
  const signer = forge.pki.privateKeyFromPem(pkcs1(issuer?.privatePem ?? pair.privatePem));
  certificate.sign(signer, wish.sha1 ? forge.md.sha1.create() : forge.md.sha256.create());
  return {
    certificate: new X509Certificate(forge.pki.certificateToPem(certificate)),
    key: signingKeyFromPem(pair.privatePem, undefined),
    privatePem: pair.privatePem,
  };
}

const pkcs1 = (pem: string): string =>
  signingKeyFromPem(pem, undefined).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

export function authoritySigner(roots: readonly Holder[], identities?: readonly Identity[]): AuthoritySigner {
  return {
    kind: 'x509',
    name: 'Team CA',
    roots: roots.map(({ certificate }) => certificate),
    intermediates: [],
    identities: identities ?? [{ kind: 'email', email: 'ada@team.example' }],
    formats: ['sigstore-bundle', 'cosign-classic'],
    validFrom: undefined,
    validUntil: undefined,
  };
}
