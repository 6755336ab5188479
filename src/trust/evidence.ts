/**
 * What the trust room is given: bytes, never paths. The image room reads a
 * layout (or a registry, or a folder of skopeo's) and hands over what it found.
 *
 * Everything here but `scope` and `descriptors`' own spelling comes from an
 * image that nobody has vouched for yet: an attacker chooses it.
 */
import type { Digest } from '../base/digest.js';

/** What a rule of the trust policy is chosen by: where the image was taken from. */
export type Scope = {
  readonly transport: 'registry' | 'oci' | 'oci-archive' | 'docker-archive' | 'dir';
  /** `registry.example/team/tool` without tag and digest, or the absolute path, without symbolic links, of the layout, archive or folder. */
  readonly name: string;
};

/** A descriptor as index.json, an image index or a list of referrers has it. @see image-spec descriptor.md */
export type SignatureDescriptor = {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
};

export type Evidence = {
  readonly scope: Scope;
  /**
   * The exact bytes of what the reference names, then of each index below it, and
   * last of the platform's manifest. Empty for what has no manifest (a plain root
   * file system): that can only be unsigned. The room computes the digests itself
   * and checks that each member lists the next.
   */
  readonly chain: readonly Uint8Array[];
  /**
   * All that may be or lead to a signature: every descriptor of the layout's
   * index.json; for a registry what the referrers and the tags `sha256-HEX` and
   * `sha256-HEX.sig` answered (a descriptor found by its tag carries the tag as
   * `org.opencontainers.image.ref.name`).
   */
  readonly descriptors: readonly SignatureDescriptor[];
  /**
   * The bytes of a blob, undefined where it does not exist or is larger than
   * `limitBytes`. Their digest need not have been checked: the room does that.
   */
  readonly readBlob: (digest: Digest, limitBytes: number) => Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Contents of the `signature-N` files of a folder that skopeo wrote (`dir:`). */
  readonly signatureFiles?: readonly Uint8Array[] | undefined;
};
