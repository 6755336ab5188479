/** The trust policy, checked and with its keys read: which rule stands for which place. */
import type { X509Certificate } from 'node:crypto';
import type { Digest } from '../base/digest.js';
import type { Scope } from './evidence.js';
import type { PublicKey } from './public-key.js';
import type { SignatureFormat } from './verdict.js';

export type TrustPolicy = {
  /** The file it was read from; `built-in` where there is none. */
  readonly source: string;
  /** Of its canonical form with every key and certificate by its fingerprint: for records. */
  readonly digest: Digest;
  /** Every file that it depends on, also those that were looked for and are not there. */
  readonly inputs: readonly string[];
  readonly defaultRule: Rule;
  /** The longest first. */
  readonly scopes: readonly { readonly scope: string; readonly rule: Rule }[];
};

export type Rule =
  | { readonly kind: 'reject'; readonly why: string | undefined }
  | { readonly kind: 'signedBy'; readonly signers: readonly Signer[]; readonly digests: readonly Digest[] | undefined }
  | { readonly kind: 'digest'; readonly digests: readonly Digest[] }
  | { readonly kind: 'insecureAcceptAnything'; readonly why: string };

export type Signer = KeySigner | AuthoritySigner;

type Terms = {
  readonly name: string;
  readonly formats: readonly SignatureFormat[];
  readonly validFrom: Date | undefined;
  readonly validUntil: Date | undefined;
};

export type KeySigner = Terms & { readonly kind: 'sigstore-key'; readonly key: PublicKey };

export type AuthoritySigner = Terms & {
  readonly kind: 'x509';
  readonly roots: readonly X509Certificate[];
  readonly intermediates: readonly X509Certificate[];
  readonly identities: readonly Identity[];
};

export type Identity =
  | { readonly kind: 'email'; readonly email: string }
  /** Attribute name (`commonName`, …) to its exact value; no other attributes. */
  | { readonly kind: 'subject'; readonly subject: Readonly<Record<string, string>> };

/** The rule for a place: that of the longest scope that is the place or a folder or name above it. */
export function ruleFor(policy: TrustPolicy, place: Scope): { readonly name: string; readonly rule: Rule } {
  const text = scopeText(place);
  const chosen = policy.scopes.find(({ scope }) => isWithin(text, scope));
  return chosen ? { name: chosen.scope, rule: chosen.rule } : { name: 'default', rule: policy.defaultRule };
}

/** A place as the keys of `scopes` spell it. */
export function scopeText(place: Scope): string {
  return `${place.transport}:${place.name}`;
}

function isWithin(text: string, scope: string): boolean {
  if (scope.endsWith(':')) return text.startsWith(scope);
  const folder = scope.endsWith('/') ? scope.slice(0, -1) : scope;
  return text === folder || text.startsWith(`${folder}/`);
}
