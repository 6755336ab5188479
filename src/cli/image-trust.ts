/** `sandbox image sign` and `sandbox image verify`. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { digestOf } from '../base/digest.js';
import { readSmallFile } from '../base/small-file.js';
import { addSignature } from '../image/add-signature.js';
import { requireDigest } from '../image/checked.js';
import { ImageError } from '../image/errors.js';
import { hashBlob } from '../image/files.js';
import { type Image, type LayeredImage, loadImage } from '../image/load.js';
import type { SignatureDescriptor } from '../trust/evidence.js';
import { loadTrustPolicy } from '../trust/load-policy.js';
import type { TrustPolicy } from '../trust/policy.js';
import { publicKeyFromPem } from '../trust/public-key.js';
import { classicTag, type SignerCertificates, signAsBundle, signAsClassic } from '../trust/sign-image.js';
import { certificatesFromPem, type SigningKey, signingKeyFromPem } from '../trust/signing-key.js';
import { TrustError, type Verdict } from '../trust/verdict.js';
import { verifyImage } from '../trust/verify-image.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';
import { imageGroup } from './image.js';
import { passphraseFrom, readKeyText } from './key-files.js';

type SignOptions = {
  readonly key: string;
  readonly certificate?: string;
  readonly format: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
};
type VerifyOptions = { readonly trust?: string; readonly key?: readonly string[]; readonly json?: boolean };

/** Adds `image sign` and `image verify` to the group that `addImageCommands` makes. */
export function addImageTrustCommands(program: Command, context: CliContext): void {
  const image = imageGroup(program);
  image
    .command('sign <image>')
    .description('Sign an image in an OCI layout; the signature is put into the layout.')
    .requiredOption('--key <file>', 'private key, PKCS #8 PEM')
    .option('--certificate <file>', "the key's certificate, and those between it and the authority")
    .option('--format <format>', 'bundle (cosign v3 and later) or classic (cosign v1 and v2)', 'bundle')
    .option('--passphrase-file <file>', 'its first line opens the key (else SANDBOX_PASSPHRASE)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  sandbox image sign --key release.key oci:build/app:1.4')
    .action((name: string, options: SignOptions) => sign(context, name, options));
  image
    .command('verify <image>')
    .description('Check every digest of an image, and its signatures against the trust policy.')
    .option('--trust <file>', 'this trust policy')
    .option('--key <file>', 'trust this public key and nobody else (may be given more than once)', collect)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  sandbox image verify oci:app:1.4\n  sandbox image verify --key release.pub oci:app',
    )
    .action((name: string, options: VerifyOptions) => verify(context, name, options));
}

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value];

function sign(context: CliContext, name: string, options: SignOptions): void {
  if (options.format !== 'bundle' && options.format !== 'classic')
    throw new TrustError('TRUST_KEY_UNUSABLE', `--format ${options.format} is not known`, {
      hint: 'bundle or classic',
    });
  const passphrase = passphraseFrom(context, options.passphraseFile, 'SANDBOX_PASSPHRASE');
  const key = signingKeyFromPem(readKeyText(context, options.key), passphrase);
  const certificates =
    options.certificate === undefined ? undefined : certificatesFromPem(readKeyText(context, options.certificate), key);
  const image = loadImage(name, context.workingDirectory);
  try {
    const subject = subjectOf(image);
    const artifact =
      options.format === 'bundle'
        ? signAsBundle(subject, key, certificates, new Date())
        : signClassic(image, subject, key, certificates);
    addSignature(image.scope.name, artifact);
    const signed = { image: subject.digest, signature: artifact.descriptor.digest, key: key.publicKey.id };
    context.stdout(
      options.json
        ? `${JSON.stringify(signed)}\n`
        : `signed ${signed.image}\nsignature ${signed.signature}\nkey ${signed.key}\n`,
    );
  } finally {
    image.close();
  }
}

/** What the reference names, the index where there is one: as cosign signs. */
function subjectOf(image: Image): Pick<SignatureDescriptor, 'mediaType' | 'digest' | 'size'> {
  const [outermost] = image.evidence.chain;
  if (image.scope.transport !== 'oci' || outermost === undefined)
    throw new ImageError('IMAGE_UNSUPPORTED', `${image.reference} cannot be signed in place`, {
      why: 'a signature is stored in an OCI layout, beside the image',
      hint: `make one first: skopeo copy ${image.reference} oci:DIR:TAG`,
    });
  const digest = digestOf(outermost);
  const listed = image.evidence.descriptors.find((descriptor) => descriptor.digest === digest);
  if (listed === undefined) throw new ImageError('IMAGE_NOT_FOUND', `index.json does not list ${digest}`);
  return { mediaType: listed.mediaType, digest, size: outermost.length };
}

const MANIFEST_LIMIT = 4 << 20;

function signClassic(
  image: Image,
  subject: Pick<SignatureDescriptor, 'digest'>,
  key: SigningKey,
  certificates: SignerCertificates,
): ReturnType<typeof signAsClassic> {
  const tag = classicTag(subject.digest);
  const existing = image.evidence.descriptors.find(
    ({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === tag,
  );
  const bytes = existing && image.evidence.readBlob(existing.digest, MANIFEST_LIMIT);
  return signAsClassic(subject.digest, key, certificates, bytes instanceof Uint8Array ? bytes : undefined);
}

async function verify(context: CliContext, name: string, options: VerifyOptions): Promise<void> {
  const image = loadImage(name, context.workingDirectory);
  try {
    const policy =
      options.key === undefined ? policyInForce(context, options.trust) : policyOfKeys(context, options.key);
    const verdict = await verifyImage(image.evidence, policy, { now: new Date(), allowUnsigned: false });
    if (image.kind === 'layered') checkLayers(image);
    const told = { image: name, policy: policy.source, policyDigest: policy.digest, ...verdict };
    context.stdout(options.json ? `${JSON.stringify(told)}\n` : printable(`${sentenceOf(verdict)}\n`));
  } finally {
    image.close();
  }
}

function policyInForce(context: CliContext, trust: string | undefined): TrustPolicy {
  const flag = trust === undefined ? undefined : resolve(context.workingDirectory, trust);
  return loadTrustPolicy({ flag, configDirectory: context.directories.config }, readSmallFile);
}

function policyOfKeys(context: CliContext, files: readonly string[]): TrustPolicy {
  const signers = files.map((file) => ({
    kind: 'sigstore-key' as const,
    name: file,
    key: keyFrom(context, file),
    formats: ['sigstore-bundle', 'cosign-classic'] as const,
    validFrom: undefined,
    validUntil: undefined,
  }));
  const digest = digestOf(signers.map(({ key }) => key.id).join('\n'));
  return {
    source: '--key',
    digest,
    inputs: files,
    defaultRule: { kind: 'signedBy', signers, digests: undefined },
    scopes: [],
  };
}

function keyFrom(context: CliContext, file: string): ReturnType<typeof publicKeyFromPem> {
  try {
    return publicKeyFromPem(readKeyText(context, file));
  } catch (cause) {
    if (cause instanceof TrustError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TrustError('TRUST_KEY_UNUSABLE', `${file} is no public key`, { cause, why });
  }
}

/** Every layer against its digest; loading has checked index, manifest and configuration. @throws {ImageError} */
function checkLayers(image: LayeredImage): void {
  for (const [at, layer] of image.layers.entries()) {
    const blob = layer.open();
    if (blob === undefined)
      throw new ImageError(
        'IMAGE_NOT_FOUND',
        `layer ${at} (${layer.digest ?? layer.diffId}) is missing from the image`,
      );
    try {
      requireDigest(hashBlob(blob), layer.digest ?? layer.diffId, `layer ${at}`);
    } finally {
      blob.close();
    }
  }
}

function sentenceOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'trusted':
      return `trusted: signed by ${verdict.signer}\nsignature: ${verdict.format} of ${verdict.signed}\nrule: ${verdict.rule}`;
    case 'pinned':
      return `trusted: ${verdict.digest} is pinned\nrule: ${verdict.rule}`;
    case 'unverified':
      return `not verified, but accepted by ${verdict.by}: ${verdict.why}`;
  }
}
