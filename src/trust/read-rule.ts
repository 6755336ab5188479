/** One rule of the trust policy's file, with its keys and certificates read and checked. */
import { X509Certificate } from 'node:crypto';
import type { Digest } from '../base/digest.js';
import type { TrustPolicyFile } from './load-policy.js';
import type { AuthoritySigner, Identity, Rule, Signer } from './policy.js';
import { publicKeyFromPem, refusalOf } from './public-key.js';
import type { SignatureFormat } from './verdict.js';

type RuleFile = TrustPolicyFile['default'];
type SignedByFile = Extract<RuleFile, { kind: 'signedBy' }>;
type SignerFile = SignedByFile['signers'][number];
type AuthorityFile = Extract<SignerFile, { kind: 'x509' }>;

/** Where faults go, and files come from. */
export type Reporter = {
  readonly fault: (pointer: string, message: string, hint?: string) => void;
  /** A path as the policy spells it. @throws where it cannot be read */
  readonly read: (path: string) => Uint8Array | undefined;
};

/** The rule; what is wrong with it goes to `reporter`, and the rule must then not be used. */
export function readRule(rule: RuleFile, at: string, reporter: Reporter): Rule {
  switch (rule.kind) {
    case 'reject':
      return { kind: 'reject', why: rule.why };
    case 'insecureAcceptAnything':
      return { kind: 'insecureAcceptAnything', why: rule.why };
    case 'digest':
      return { kind: 'digest', digests: rule.digests as readonly Digest[] };
    case 'signedBy':
      return {
        kind: 'signedBy',
        digests: rule.digests as readonly Digest[] | undefined,
        signers: readSigners(rule.signers, `${at}/signers`, reporter),
      };
  }
}

function readSigners(signers: readonly SignerFile[], at: string, reporter: Reporter): Signer[] {
  const names = new Set<string>();
  return signers.flatMap((signer, position) => {
    const here = `${at}/${position}`;
    if (names.has(signer.name)) reporter.fault(`${here}/name`, `"${signer.name}" is the name of two signers`);
    names.add(signer.name);
    const read = readSigner(signer, here, reporter);
    return read === undefined ? [] : [read];
  });
}

function readSigner(signer: SignerFile, at: string, reporter: Reporter): Signer | undefined {
  const terms = {
    name: signer.name,
    formats: (signer.formats ?? ['bundle', 'classic']).map(formatOf),
    validFrom: instantOf(signer.validFrom, `${at}/validFrom`, reporter),
    validUntil: instantOf(signer.validUntil, `${at}/validUntil`, reporter),
  };
  if (terms.validFrom && terms.validUntil && terms.validFrom >= terms.validUntil)
    reporter.fault(`${at}/validUntil`, 'is not later than validFrom');
  if (signer.kind === 'x509') return { kind: 'x509', ...terms, ...readAuthority(signer, at, reporter) };
  const pem = readPem(signer.key, `${at}/key`, reporter);
  if (pem === undefined) return undefined;
  try {
    return { kind: 'sigstore-key', ...terms, key: publicKeyFromPem(pem) };
  } catch (error) {
    reporter.fault(
      `${at}/key`,
      said(error),
      'sandbox trust key generate writes a key pair; name the file that ends in .pub',
    );
    return undefined;
  }
}

const formatOf = (name: 'bundle' | 'classic'): SignatureFormat =>
  name === 'bundle' ? 'sigstore-bundle' : 'cosign-classic';

function readAuthority(
  signer: AuthorityFile,
  at: string,
  reporter: Reporter,
): Pick<AuthoritySigner, 'roots' | 'intermediates' | 'identities'> {
  const read = (paths: readonly string[], name: string): X509Certificate[] =>
    paths.flatMap((path, position) => readCertificates(path, `${at}/${name}/${position}`, reporter));
  return {
    roots: read(signer.roots, 'roots'),
    intermediates: read(signer.intermediates ?? [], 'intermediates'),
    identities: signer.identities.map(
      ({ email, subject }): Identity =>
        email === undefined ? { kind: 'subject', subject: textsOf(subject ?? {}) } : { kind: 'email', email },
    ),
  };
}

const textsOf = (subject: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(subject).filter((pair): pair is [string, string] => pair[1] !== undefined));

function readCertificates(path: string, at: string, reporter: Reporter): X509Certificate[] {
  const blocks = readPem(path, at, reporter)?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (blocks === undefined) return [];
  if (blocks === null) {
    reporter.fault(at, 'holds no PEM block "CERTIFICATE"');
    return [];
  }
  return blocks.flatMap((block) => {
    try {
      const certificate = new X509Certificate(block);
      const refusal = certificate.ca ? refusalOf(certificate.publicKey) : 'is not the certificate of an authority';
      if (refusal === undefined) return [certificate];
      reporter.fault(at, refusal);
    } catch (error) {
      reporter.fault(at, `holds a certificate that cannot be read (${said(error)})`);
    }
    return [];
  });
}

/** The PEM text itself, or that of the file which is named. */
function readPem(value: string, at: string, reporter: Reporter): string | undefined {
  if (value.trimStart().startsWith('-----BEGIN ')) return value;
  try {
    const bytes = reporter.read(value);
    if (bytes !== undefined) return Buffer.from(bytes).toString('latin1');
    reporter.fault(at, `there is no file ${value}`, 'paths are relative to the trust policy');
  } catch (error) {
    reporter.fault(at, `${value} cannot be read (${said(error)})`);
  }
  return undefined;
}

function instantOf(value: string | undefined, at: string, reporter: Reporter): Date | undefined {
  if (value === undefined) return undefined;
  const instant = new Date(value);
  // A day that does not exist either fails here or comes back as another one.
  const isReal = !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(value.replace('Z', ''));
  if (!isReal) reporter.fault(at, `"${value}" is no date`);
  return isReal ? instant : undefined;
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));
