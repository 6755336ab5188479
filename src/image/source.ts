/** Where the blobs of one image lie, whatever the transport. */
import type { Digest } from '../base/digest.js';
import type { OpenBlob } from '../store/unpacker.js';
import type { Scope, SignatureDescriptor } from '../trust/evidence.js';
import type { Descriptor } from './manifest.js';

/** To be closed by whoever opened it. */
export type OpenedBlob = OpenBlob & { readonly close: () => void };

export type Source = {
  readonly scope: Scope;
  /** The index or manifest that was chosen, already held against its descriptor. */
  readonly root: Buffer;
  /** Everything listed beside it that may be or lead to a signature. */
  readonly descriptors: readonly SignatureDescriptor[];
  readonly signatureFiles: readonly Uint8Array[];
  /** The blob of this digest, not checked; undefined where the source has none. */
  readonly open: (digest: Digest) => OpenedBlob | undefined;
  /** Whether the digests of its layers are over their compressed bytes; false: over the archive in them (the DiffID). */
  readonly hasLayerDigests: boolean;
  /** Paths that were read so far, for whoever wants to know later whether anything changed. */
  readonly files: () => readonly string[];
  readonly close: () => void;
};

export const asSignatureDescriptor = (descriptor: Descriptor): SignatureDescriptor => ({
  mediaType: descriptor.mediaType,
  digest: descriptor.digest,
  size: descriptor.size,
  artifactType: descriptor.artifactType,
  annotations: descriptor.annotations,
});
