/** The trust policy as one canonical value, keys and certificates by fingerprint: what its digest is made over. */
import type { X509Certificate } from 'node:crypto';
import type { Json } from '../base/canonical-json.js';
import type { Rule, Signer } from './policy.js';

/** Equal for policies that mean the same, wherever their keys are stored. */
export function fingerprintsOf(
  defaultRule: Rule,
  scopes: readonly { readonly scope: string; readonly rule: Rule }[],
): Json {
  return {
    apiVersion: 1,
    default: ruleJson(defaultRule),
    scopes: Object.fromEntries(scopes.map(({ scope, rule }) => [scope, ruleJson(rule)])),
  };
}

function ruleJson(rule: Rule): Json {
  switch (rule.kind) {
    case 'reject':
    case 'insecureAcceptAnything':
      return { kind: rule.kind };
    case 'digest':
      return { kind: rule.kind, digests: [...rule.digests].sort() };
    case 'signedBy':
      return {
        kind: rule.kind,
        digests: rule.digests && [...rule.digests].sort(),
        signers: rule.signers.map(signerJson),
      };
  }
}

function signerJson(signer: Signer): Json {
  const terms = {
    kind: signer.kind,
    name: signer.name,
    formats: [...signer.formats].sort(),
    validFrom: signer.validFrom?.toISOString(),
    validUntil: signer.validUntil?.toISOString(),
  };
  if (signer.kind === 'sigstore-key') return { ...terms, key: signer.key.id };
  return {
    ...terms,
    roots: fingerprints(signer.roots),
    intermediates: fingerprints(signer.intermediates),
    identities: signer.identities.map((identity) =>
      identity.kind === 'email' ? { email: identity.email } : { subject: identity.subject },
    ),
  };
}

const fingerprints = (certificates: readonly X509Certificate[]): string[] =>
  certificates.map(({ fingerprint256 }) => fingerprint256).sort();
