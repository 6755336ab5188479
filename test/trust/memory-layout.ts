/** A layout in memory: what the image room would hand over, and what an attacker may do to it. */
import { generateKeyPairSync } from 'node:crypto';
import { type Digest, digestOf } from '../../src/base/digest.js';
import type { Evidence, Scope, SignatureDescriptor } from '../../src/trust/evidence.js';
import type { KeySigner, Rule, Signer, TrustPolicy } from '../../src/trust/policy.js';
import { publicKeyOf } from '../../src/trust/public-key.js';
import type { SignatureArtifact } from '../../src/trust/sign-image.js';
import type { SigningKey } from '../../src/trust/signing-key.js';

export const NOW = new Date('2026-11-21T12:00:00Z');
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

export type Json = { [key: string]: unknown };

export class MemoryLayout {
  readonly blobs = new Map<Digest, Uint8Array>();
  descriptors: SignatureDescriptor[] = [];

  put(content: Uint8Array | object, mediaType: string): SignatureDescriptor {
    const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  /** An image that differs by `name`. */
  image(name: string): SignatureDescriptor {
    const config = this.put({ architecture: 'amd64', os: 'linux', name }, 'application/vnd.oci.image.config.v1+json');
    const descriptor = this.put({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [] }, MANIFEST_TYPE);
    this.descriptors.push(descriptor);
    return descriptor;
  }

  index(...manifests: SignatureDescriptor[]): SignatureDescriptor {
    const descriptor = this.put({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }, INDEX_TYPE);
    this.descriptors.push(descriptor);
    return descriptor;
  }

  attach(artifact: SignatureArtifact): SignatureDescriptor {
    for (const { digest, bytes } of artifact.blobs) this.blobs.set(digest, bytes);
    this.descriptors.push(artifact.descriptor);
    return artifact.descriptor;
  }

  bytes(descriptor: SignatureDescriptor): Uint8Array {
    const bytes = this.blobs.get(descriptor.digest);
    if (bytes === undefined) throw new Error(`no blob ${descriptor.digest}`);
    return bytes;
  }

  json(descriptor: SignatureDescriptor): Json {
    return JSON.parse(Buffer.from(this.bytes(descriptor)).toString());
  }

  /** Puts a changed copy of a signature's manifest and of its first layer in the place of `artifact`, digests made right again. */
  forge(
    descriptor: SignatureDescriptor,
    change: { manifest?: (manifest: Json) => void; layer?: (bytes: Uint8Array) => Uint8Array | Json },
  ): void {
    const manifest = this.json(descriptor);
    const layers = manifest['layers'] as SignatureDescriptor[];
    const [first, ...rest] = layers;
    if (first === undefined) throw new Error('no layer');
    if (change.layer)
      manifest['layers'] = [{ ...first, ...this.put(change.layer(this.bytes(first)), first.mediaType) }, ...rest];
    change.manifest?.(manifest);
    const forged = { ...descriptor, ...this.put(manifest, descriptor.mediaType) };
    this.descriptors = this.descriptors.map((one) => (one.digest === descriptor.digest ? forged : one));
  }

  evidence(...chain: SignatureDescriptor[]): Evidence {
    return {
      scope: PLACE,
      chain: chain.map((descriptor) => this.bytes(descriptor)),
      descriptors: this.descriptors,
      readBlob: (digest, limit) => {
        const bytes = this.blobs.get(digest);
        return bytes !== undefined && bytes.length <= limit ? bytes : undefined;
      },
    };
  }
}

export const PLACE: Scope = { transport: 'oci', name: '/srv/images/app' };

export const KEY_KINDS = ['p256', 'p384', 'p521', 'ed25519', 'rsa2048', 'rsa3072'] as const;

export function newKey(kind: (typeof KEY_KINDS)[number] = 'p256'): SigningKey {
  const { privateKey, publicKey } = pairOf(kind);
  return { privateKey, publicKey: publicKeyOf(publicKey) };
}

function pairOf(kind: (typeof KEY_KINDS)[number]) {
  switch (kind) {
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'rsa2048':
    case 'rsa3072':
      return generateKeyPairSync('rsa', { modulusLength: Number(kind.slice(3)) });
    default:
      return generateKeyPairSync('ec', { namedCurve: `P-${kind.slice(1)}` });
  }
}

export function keySigner(key: SigningKey, terms: Partial<KeySigner> = {}): KeySigner {
  return {
    kind: 'sigstore-key',
    name: 'release',
    key: key.publicKey,
    formats: ['sigstore-bundle', 'cosign-classic'],
    validFrom: undefined,
    validUntil: undefined,
    ...terms,
  };
}

export function policyOf(rule: Rule | readonly Signer[], scopes: TrustPolicy['scopes'] = []): TrustPolicy {
  return {
    source: '/etc/trust.json',
    digest: digestOf(''),
    inputs: [],
    defaultRule: 'kind' in rule ? rule : { kind: 'signedBy', signers: rule, digests: undefined },
    scopes,
  };
}
