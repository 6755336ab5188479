/** One signature that may count, whatever its format: what was signed, by whom it says, and what it claims. */
import type { Digest } from '../base/digest.js';
import type { SignatureFormat } from './verdict.js';

export type Candidate = {
  /** How messages call it: `sigstore-bundle sha256:…`. */
  readonly label: string;
  readonly format: SignatureFormat;
  /** Exactly the bytes under the signature. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** The id that the maker gave for the key; never a reason to trust, only to say more about a failure. */
  readonly keyHint: string | undefined;
  /** DER, the signer's first; empty where it carries none. */
  readonly certificates: readonly Uint8Array[];
  /**
   * The digest that it vouches for. To be asked only after the signature has been verified.
   * @throws {Malformed | OtherStatement}
   */
  readonly claim: () => Digest;
};
