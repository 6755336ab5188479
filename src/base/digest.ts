/** Digests as the OCI image specification spells them, SHA-256 only. */
import { createHash } from 'node:crypto';

export type Digest = `sha256:${string}`;

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** Whether `text` is a digest in its one accepted spelling. @see image-spec descriptor.md, "Digests" */
export function isDigest(text: string): text is Digest {
  return PATTERN.test(text);
}

/** The SHA-256 digest of `bytes`. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The 64 hexadecimal digits of a digest, for use as a file name. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
