/** How an image is not what it should be. */
import { SandboxError } from '../base/errors.js';

export type ImageErrorCode =
  /** The reference cannot be read, or names a transport that does not exist yet. */
  | 'IMAGE_REFERENCE_INVALID'
  | 'IMAGE_TRANSPORT_UNSUPPORTED'
  /** There is no such file, folder, tag or digest. */
  | 'IMAGE_NOT_FOUND'
  /** The reference fits more than one image. */
  | 'IMAGE_AMBIGUOUS'
  /** A part of the image is not what the specification says, or beyond its bounds. */
  | 'IMAGE_MALFORMED'
  /** Bytes are not those that the digest or the size names. */
  | 'IMAGE_DIGEST_MISMATCH'
  /** No image for linux/amd64, or a kind of layer that is not known. */
  | 'IMAGE_PLATFORM_MISSING'
  | 'IMAGE_UNSUPPORTED'
  /** A layer's archive breaks a rule. */
  | 'IMAGE_UNPACK_REFUSED'
  /** A layer's archive cannot be read or written out. */
  | 'IMAGE_UNPACK_FAILED'
  /** The configuration names a user that the image does not have. */
  | 'IMAGE_USER_UNKNOWN'
  /** An image that is not in the store. */
  | 'IMAGE_UNKNOWN';

export class ImageError extends SandboxError<ImageErrorCode> {}
