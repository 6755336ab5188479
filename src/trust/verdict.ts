/** Our answer about an image: it may be used, and who vouches for it. A refusal is a TrustError instead. */
import type { Digest } from '../base/digest.js';
import { type ErrorDetail, SandboxError } from '../base/errors.js';

export type SignatureFormat = 'sigstore-bundle' | 'cosign-classic';

export type Verdict =
  | {
      readonly kind: 'trusted';
      /** `key release (sha256:…)` or `certificate Ada <ada@example.org>, issued by CN=Team CA`. */
      readonly signer: string;
      readonly format: SignatureFormat;
      /** The scope of the rule that was satisfied, `default` for the policy's default rule. */
      readonly rule: string;
      /** What was signed: the platform's manifest or an index that lists it. */
      readonly signed: Digest;
      /** When the signer's certificate or the policy's trust in the key ends; undefined: never by itself. */
      readonly validUntil: Date | undefined;
      /** Signatures that were looked at before, and why each did not count. */
      readonly attempts: readonly Attempt[];
    }
  /** No signature: the policy names this very digest. */
  | { readonly kind: 'pinned'; readonly digest: Digest; readonly rule: string }
  /** Nobody vouches for the image; the policy, or the user by a flag, takes it all the same. To be shown and recorded. */
  | {
      readonly kind: 'unverified';
      readonly by: string;
      readonly why: string;
      readonly attempts: readonly Attempt[];
    };

/** One signature that was tried, or one signer of the policy that it was tried with. */
export type Attempt = {
  /** `sigstore-bundle sha256:…` */
  readonly candidate: string;
  readonly outcome: AttemptOutcome;
  /** One clause: what failed. */
  readonly reason: string;
};

export type AttemptOutcome =
  /** A good signature by a signer of the policy, of another image. */
  | 'other-image'
  /** A certificate, or a key's validity, is at fault. */
  | 'certificate'
  /** It names a signer of the policy, but does not verify; or bytes under a digest were altered. */
  | 'bad-signature'
  /** It cannot be a signature as it stands. */
  | 'malformed'
  /** No signer of the policy made it. */
  | 'unknown-key'
  /** By a signer of the policy, but it says something else than "this image is signed" (an attestation). */
  | 'other-statement';

export type TrustErrorCode =
  /** No signature at all was found for the image, and the policy asks for one. */
  | 'TRUST_UNSIGNED'
  /** Signed, but by no key or certificate authority of the policy. */
  | 'TRUST_UNKNOWN_KEY'
  /** Says to be by a signer of the policy, but is altered or malformed. */
  | 'TRUST_BAD_SIGNATURE'
  /** A good signature by a signer of the policy, for another image. */
  | 'TRUST_OTHER_IMAGE'
  /** By a certificate of the policy's authority that is expired, not yet valid, not for signing or for another identity. */
  | 'TRUST_CERTIFICATE'
  /** The policy refuses this scope, or pins other digests. */
  | 'TRUST_REJECTED'
  /** The trust policy or a key it names is at fault. */
  | 'TRUST_POLICY_INVALID'
  /** What the image room handed over does not hang together. */
  | 'TRUST_CHAIN_BROKEN'
  /** A private key, certificate or passphrase that was to sign cannot be used. */
  | 'TRUST_KEY_UNUSABLE'
  /** A file that would be overwritten. */
  | 'TRUST_FILE_EXISTS';

export class TrustError extends SandboxError<TrustErrorCode> {
  /** Every signature that was tried, and why it did not count. */
  readonly attempts: readonly Attempt[];

  constructor(code: TrustErrorCode, message: string, detail: ErrorDetail & { attempts?: readonly Attempt[] } = {}) {
    super(code, message, detail);
    this.attempts = detail.attempts ?? [];
  }
}
