/**
 * Finds the signatures of one image among all that its layout or registry lists.
 *
 * Everything here is hostile input. What is read is bounded in number and size,
 * and no blob counts whose bytes are not those of its digest.
 */
import { type Digest, digestOf, hexOf } from '../base/digest.js';
import { candidateFromBundle, isBundleType } from './bundle.js';
import type { Candidate } from './candidate.js';
import { candidateFromFile, candidateFromPayload, isSigstoreFile } from './classic.js';
import { arrayOf, decodeJson, digestIn, type JsonObject, Malformed, OtherStatement, objectOf } from './encoding.js';
import type { Evidence, SignatureDescriptor } from './evidence.js';
import { SIMPLE_SIGNING_MEDIA_TYPE } from './simple-signing.js';
import type { Attempt, AttemptOutcome, SignatureFormat } from './verdict.js';

/** Real ones have some 10 kB. A parser spends seconds and hundreds of megabytes on a few MiB of brackets. */
export const LIMITS = {
  manifestBytes: 1 << 20,
  signatureBytes: 512 << 10,
  totalBytes: 4 << 20,
  /** Listed manifests that are opened to see whether they refer to the image. */
  manifests: 100,
  /** Signatures that are tried. */
  candidates: 16,
} as const;

const INDEX_TYPES: readonly unknown[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const COSIGN_SAVE_SIGNATURES = 'dev.cosignproject.cosign/sigs';
const COSIGN_SAVE_OTHER = /^dev\.cosignproject\.cosign\/(image|imageIndex|atts)$/;

export type Found = {
  readonly candidates: readonly Candidate[];
  readonly attempts: readonly Attempt[];
  /** What was seen and left aside, to be said when nothing else explains a refusal. */
  readonly remarks: readonly string[];
  /** Signatures of what is not here at all: the image may have been changed after it was signed. */
  readonly orphans: readonly string[];
};

/** A fault of one signature: it becomes an attempt, and the search goes on. */
class Unusable extends Error {
  readonly outcome: AttemptOutcome;
  constructor(outcome: AttemptOutcome, message: string) {
    super(message);
    this.outcome = outcome;
  }
}

/** All candidates for the image whose manifests are `chain`, by digest. */
export async function findCandidates(evidence: Evidence, chain: ReadonlyMap<Digest, Uint8Array>): Promise<Found> {
  const search = new Search(evidence, chain);
  await search.run();
  return search;
}

class Search implements Found {
  readonly candidates: Candidate[] = [];
  readonly attempts: Attempt[] = [];
  readonly remarks: string[] = [];
  readonly orphans: string[] = [];
  private bytesLeft: number = LIMITS.totalBytes;
  private readonly seen = new Set<Digest>();

  constructor(
    private readonly evidence: Evidence,
    private readonly chain: ReadonlyMap<Digest, Uint8Array>,
  ) {}

  async run(): Promise<void> {
    this.readSignatureFiles();
    const listed = [...this.evidence.descriptors];
    for (const index of listed.filter((d) => INDEX_TYPES.includes(d.mediaType) && this.isTagged(d, '')))
      listed.push(...(await this.referrersIn(index)));
    const manifests = listed
      .filter((d) => !INDEX_TYPES.includes(d.mediaType) && !this.chain.has(d.digest))
      .sort((a, b) => this.rank(a) - this.rank(b));
    if (manifests.length > LIMITS.manifests)
      this.remarks.push(`only ${LIMITS.manifests} of ${manifests.length} listed manifests were opened`);
    for (const descriptor of manifests.slice(0, LIMITS.manifests)) {
      if (this.seen.has(descriptor.digest)) continue;
      this.seen.add(descriptor.digest);
      await this.readManifest(descriptor);
    }
  }

  /** Likely signatures first, so that a crowd of others cannot hide them. */
  private rank(descriptor: SignatureDescriptor): number {
    if (this.isTagged(descriptor, '.sig') || isBundleType(descriptor.artifactType)) return 0;
    return descriptor.annotations?.['kind'] === COSIGN_SAVE_SIGNATURES ? 1 : 2;
  }

  /** Whether it carries the tag `sha256-HEX` plus `ending` of a digest of the image, alone or after a repository's name. */
  private isTagged(descriptor: SignatureDescriptor, ending: string): boolean {
    const name = descriptor.annotations?.['org.opencontainers.image.ref.name'] ?? '';
    const tag = name.slice(name.lastIndexOf(':') + 1);
    return [...this.chain.keys()].some((digest) => tag === `sha256-${hexOf(digest)}${ending}`);
  }

  /** Whether it is listed, or may be part of an index that is. */
  private mayBeHere(subject: Digest): boolean {
    return this.evidence.descriptors.some((d) => d.digest === subject || INDEX_TYPES.includes(d.mediaType));
  }

  private readSignatureFiles(): void {
    for (const [at, bytes] of (this.evidence.signatureFiles ?? []).entries()) {
      const label = `signature-${at + 1}`;
      if (!isSigstoreFile(bytes)) {
        this.remarks.push(`${label} is not made by cosign (OpenPGP signatures are not verified)`);
      } else if (bytes.length > LIMITS.signatureBytes) {
        this.fail(label, new Unusable('malformed', 'it is too large'));
      } else {
        this.add('cosign-classic', label, () => candidateFromFile(bytes, label));
      }
    }
  }

  private async referrersIn(index: SignatureDescriptor): Promise<SignatureDescriptor[]> {
    try {
      const list = objectOf(decodeJson(await this.read(index, LIMITS.manifestBytes), 'the list'), 'the list');
      return arrayOf(list['manifests'], 'manifests', LIMITS.manifests).map((member) => descriptorIn(member));
    } catch (error) {
      this.fail(`list of referrers ${index.digest}`, error);
      return [];
    }
  }

  private async readManifest(descriptor: SignatureDescriptor): Promise<void> {
    const kind = descriptor.annotations?.['kind'] ?? '';
    if (COSIGN_SAVE_OTHER.test(kind)) return;
    const isNamed = kind === COSIGN_SAVE_SIGNATURES || this.isTagged(descriptor, '.sig');
    try {
      const bytes = await this.read(descriptor, LIMITS.manifestBytes);
      const manifest = objectOf(decodeJson(bytes, 'the manifest'), 'the manifest');
      const subject = subjectOf(manifest);
      if (subject !== undefined ? this.chain.has(subject) : isNamed)
        await this.readLayers(manifest, descriptor, subject);
      else if (subject !== undefined && isBundleType(manifest['artifactType']) && !this.mayBeHere(subject))
        this.orphans.push(`${descriptor.digest} is the signature of ${subject}, which is not here`);
    } catch (error) {
      // A listed manifest that may concern another image is only worth a remark.
      if (isNamed || isBundleType(descriptor.artifactType)) this.fail(`signature manifest ${descriptor.digest}`, error);
      else if (error instanceof Unusable || error instanceof Malformed)
        this.remarks.push(`${descriptor.digest} could not be read: ${error.message}`);
      else throw error;
    }
  }

  private async readLayers(
    manifest: JsonObject,
    from: SignatureDescriptor,
    subject: Digest | undefined,
  ): Promise<void> {
    const attached = subject === undefined ? undefined : this.chain.get(subject);
    let used = false;
    for (const member of arrayOf(manifest['layers'], 'layers', LIMITS.manifests)) {
      const layer = descriptorIn(member);
      if (layer.mediaType === SIMPLE_SIGNING_MEDIA_TYPE) {
        const label = `cosign-classic ${layer.digest}`;
        const annotations = layer.annotations ?? {};
        await this.addBlob('cosign-classic', label, layer, (bytes) => candidateFromPayload(bytes, annotations, label));
        used = true;
      } else if (attached !== undefined && isBundleType(layer.mediaType)) {
        const label = `sigstore-bundle ${layer.digest}`;
        await this.addBlob('sigstore-bundle', label, layer, (bytes) => candidateFromBundle(bytes, label, attached));
        used = true;
      }
    }
    if (!used)
      this.remarks.push(`${from.digest} (${String(manifest['artifactType'])}) is not a signature that is read here`);
  }

  private async addBlob(
    format: SignatureFormat,
    label: string,
    layer: SignatureDescriptor,
    parse: (bytes: Uint8Array) => Candidate,
  ): Promise<void> {
    try {
      const bytes = await this.read(layer, LIMITS.signatureBytes);
      this.add(format, label, () => parse(bytes));
    } catch (error) {
      this.fail(label, error);
    }
  }

  private add(format: SignatureFormat, label: string, parse: () => Candidate): void {
    if (this.candidates.length >= LIMITS.candidates) {
      const remark = `of the signatures only the first ${LIMITS.candidates} were tried`;
      if (!this.remarks.includes(remark)) this.remarks.push(remark);
      return;
    }
    try {
      this.candidates.push(parse());
    } catch (error) {
      this.fail(label.startsWith(format) ? label : `${format} ${label}`, error);
    }
  }

  /** The blob's bytes, certain to be those of its digest. @throws {Unusable} */
  private async read(descriptor: SignatureDescriptor, limitBytes: number): Promise<Uint8Array> {
    const limit = Math.min(limitBytes, this.bytesLeft);
    if (descriptor.size > limit) throw new Unusable('malformed', 'it is too large');
    const bytes = await this.evidence.readBlob(descriptor.digest, limit);
    if (bytes === undefined || bytes.length > limit)
      throw new Unusable('malformed', 'it is listed, but missing or too large');
    this.bytesLeft -= bytes.length;
    if (digestOf(bytes) !== descriptor.digest)
      throw new Unusable('bad-signature', `its bytes were altered: they have the digest ${digestOf(bytes)}`);
    return bytes;
  }

  private fail(candidate: string, error: unknown): void {
    if (error instanceof Unusable) this.attempts.push({ candidate, outcome: error.outcome, reason: error.message });
    else if (error instanceof Malformed) this.attempts.push({ candidate, outcome: 'malformed', reason: error.message });
    else if (error instanceof OtherStatement) this.remarks.push(`${candidate}: ${error.message}`);
    else throw error;
  }
}

function subjectOf(manifest: JsonObject): Digest | undefined {
  if (manifest['subject'] === undefined) return undefined;
  return digestIn(objectOf(manifest['subject'], 'subject')['digest'], 'subject.digest');
}

function descriptorIn(value: unknown): SignatureDescriptor {
  const member = objectOf(value, 'a descriptor');
  const { mediaType, size, artifactType } = member;
  if (typeof mediaType !== 'string') throw new Malformed('a descriptor has no mediaType');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new Malformed('a descriptor has no size');
  const annotations = Object.entries(objectOf(member['annotations'] ?? {}, 'annotations'));
  return {
    mediaType,
    size,
    digest: digestIn(member['digest'], 'digest'),
    artifactType: typeof artifactType === 'string' ? artifactType : undefined,
    annotations: Object.fromEntries(
      annotations.filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
    ),
  };
}
