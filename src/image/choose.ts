/** Which of several images is meant: by tag, digest or platform. */
import { ImageError } from './errors.js';
import { type Descriptor, type Index, isImageDescriptor } from './manifest.js';
import type { Choice, Reference } from './reference.js';

export const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';
/** What `cosign save` calls the image itself; its signatures have other kinds. */
const KIND = 'kind';
const IMAGE_KINDS = ['dev.cosignproject.cosign/image', 'dev.cosignproject.cosign/imageIndex'];
const SIGNATURE_TAG = /^sha256-[0-9a-f]{64}(\.(sig|att|sbom))?$/;
const OS = 'linux';
const ARCHITECTURE = 'amd64';
const MOST_NAMED = 10;

/**
 * The one descriptor of a layout's index that the reference means. `isReferrer`
 * looks into a manifest, for those whose descriptor does not tell.
 *
 * @throws {ImageError} IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS
 */
export function chooseImage(
  index: Index,
  reference: Reference,
  isReferrer: (descriptor: Descriptor) => boolean,
): Descriptor {
  const images = distinct(index.manifests.filter(isImageDescriptor));
  const chosen = images.filter((descriptor) => matches(descriptor, reference.choice));
  const [first, ...more] = chosen.length > 1 ? chosen.filter((descriptor) => !isReferrer(descriptor)) : chosen;
  if (first === undefined) throw notFound(reference, images);
  if (more.length > 0) throw ambiguous(reference, [first, ...more]);
  return first;
}

function matches(descriptor: Descriptor, choice: Choice): boolean {
  const name = descriptor.annotations[REF_NAME];
  switch (choice.kind) {
    case 'digest':
      return descriptor.digest === choice.digest;
    case 'tag':
      return name === choice.tag || descriptor.annotations[CONTAINERD_NAME] === choice.tag;
    case 'only':
      return isImageKind(descriptor) && !SIGNATURE_TAG.test(name ?? '') && descriptor.artifactType === undefined;
  }
}

function isImageKind({ annotations }: Descriptor): boolean {
  const kind = annotations[KIND];
  return kind === undefined || !kind.startsWith('dev.cosignproject.cosign/') || IMAGE_KINDS.includes(kind);
}

/**
 * The entry of an image index for this machine. Attestations (`unknown/unknown`)
 * and other platforms are passed over; an index with a single entry needs no platform.
 *
 * @throws {ImageError} IMAGE_PLATFORM_MISSING
 */
export function choosePlatform(index: Index): Descriptor {
  const images = index.manifests.filter(isImageDescriptor);
  const fitting = images.find(({ platform }) => platform?.os === OS && platform.architecture === ARCHITECTURE);
  if (fitting !== undefined) return fitting;
  const [only, ...more] = images.filter(({ platform }) => platform === undefined);
  if (only !== undefined && more.length === 0) return only;
  const offered = images.map(({ platform }) => (platform ? `${platform.os}/${platform.architecture}` : 'none said'));
  throw platformMissing(offered.length === 0 ? 'nothing' : [...new Set(offered)].slice(0, MOST_NAMED).join(', '));
}

/** @throws {ImageError} IMAGE_PLATFORM_MISSING */
export function requirePlatform(os: string, architecture: string): void {
  if (os !== OS || architecture !== ARCHITECTURE) throw platformMissing(`${os}/${architecture}`);
}

const platformMissing = (offered: string): ImageError =>
  new ImageError('IMAGE_PLATFORM_MISSING', `the image is not for ${OS}/${ARCHITECTURE}`, {
    why: `it offers: ${offered}`,
    hint: 'get the variant for this machine, for instance by: skopeo copy --override-os linux --override-arch amd64 …',
  });

/** Entries for the same image under several names count as one where only the image matters. */
function distinct(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  const seen = new Set<string>();
  return descriptors.filter((descriptor) => {
    const key = `${descriptor.digest} ${descriptor.annotations[REF_NAME] ?? ''}`;
    return !seen.has(key) && seen.add(key);
  });
}

function notFound(reference: Reference, images: readonly Descriptor[]): ImageError {
  const what =
    reference.choice.kind === 'tag' ? `no image is tagged ${JSON.stringify(reference.choice.tag)}` : 'no such image';
  return new ImageError('IMAGE_NOT_FOUND', `${reference.text}: ${what} there`, { hint: offer(reference, images) });
}

function ambiguous(reference: Reference, images: readonly Descriptor[]): ImageError {
  return new ImageError('IMAGE_AMBIGUOUS', `${reference.text} fits ${images.length} images`, {
    hint: offer(reference, images),
  });
}

function offer(reference: Reference, images: readonly Descriptor[]): string {
  const names = images.slice(0, MOST_NAMED).map(({ digest, annotations }) => {
    const name = annotations[REF_NAME];
    return `${reference.transport}:${reference.path}${name === undefined ? `@${digest}` : `:${name}`}`;
  });
  return names.length === 0 ? 'it holds no image at all' : `there is: ${names.join(' ')}`;
}
