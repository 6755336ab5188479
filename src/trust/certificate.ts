/**
 * What a certificate says beyond what Node's X509Certificate tells: constraints,
 * usages, criticality, names, read as plain DER.
 *
 * node-forge only decodes here; every signature is checked by OpenSSL's code.
 * @see RFC 5280, sections 4.1 and 4.2
 */
import type { asn1 } from 'node-forge';
import { Malformed } from './encoding.js';

type Asn1 = asn1.Asn1;

/** The published types know only the older form of the second parameter. */
declare module 'node-forge' {
  namespace asn1 {
    function fromDer(bytes: string, options: { readonly strict: boolean; readonly decodeBitStrings: boolean }): Asn1;
  }
}

export type CertificateContent = {
  readonly signatureAlgorithm: string;
  /** Attribute (a name where it is well known, else its object identifier) and value, in their order. */
  readonly subject: readonly (readonly [string, string])[];
  readonly basicConstraints: { readonly authority: boolean; readonly pathLength: number | undefined } | undefined;
  /** Names of RFC 5280; undefined: the certificate does not restrict. */
  readonly keyUsage: readonly string[] | undefined;
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly emails: readonly string[];
  /** Extensions that restrict in ways not understood here: the certificate must not be used. */
  readonly notUnderstood: readonly string[];
};

export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

const ATTRIBUTES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'commonName',
  '2.5.4.6': 'country',
  '2.5.4.7': 'locality',
  '2.5.4.8': 'state',
  '2.5.4.10': 'organization',
  '2.5.4.11': 'organizationalUnit',
  '1.2.840.113549.1.9.1': 'email',
};
const EXTENSION = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  extendedKeyUsage: '2.5.29.37',
} as const;

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];
const EMAIL_CHOICE = 1;

/**
 * Reads a certificate's DER. The decoder is loaded on first use: most runs need no certificate.
 * @throws {Malformed}
 */
export async function readCertificate(der: Uint8Array): Promise<CertificateContent> {
  const { default: forge } = await import('node-forge');
  try {
    const text = Buffer.from(der).toString('latin1');
    return new Reader(forge.asn1).certificate(forge.asn1.fromDer(text, { strict: true, decodeBitStrings: false }));
  } catch (error) {
    if (error instanceof Malformed) throw error;
    throw new Malformed(`a certificate cannot be decoded (${error instanceof Error ? error.message : String(error)})`);
  }
}

class Reader {
  constructor(private readonly decoder: typeof asn1) {}

  certificate(whole: Asn1): CertificateContent {
    const [body, algorithm] = children(whole, 3);
    const fields = children(body, 7).filter((field) => field.tagClass === this.decoder.Class.UNIVERSAL);
    const version = children(body, 7).find((field) => isTagged(field, this.decoder, 0));
    const extensions = children(body, 7).find((field) => isTagged(field, this.decoder, 3));
    if (version === undefined || text(children(version, 1)[0]) !== '\x02')
      throw new Malformed('a certificate is not of version 3');
    if (extensions === undefined) throw new Malformed('a certificate has no extensions');
    // Universal fields in order: serial number, algorithm, issuer, validity, subject, public key.
    const inner = this.oid(children(fields[1], 1)[0]);
    const signatureAlgorithm = this.oid(children(algorithm, 1)[0]);
    if (inner !== signatureAlgorithm) throw new Malformed('a certificate names two signature algorithms');
    return { signatureAlgorithm, subject: this.name(fields[4]), ...this.extensions(children(extensions, 1)[0]) };
  }

  private name(name: Asn1 | undefined): [string, string][] {
    return children(name, 0).flatMap((set) =>
      children(set, 1).map((attribute): [string, string] => {
        const [type, value] = children(attribute, 2);
        const oid = this.oid(type);
        return [ATTRIBUTES[oid] ?? oid, this.readableText(value)];
      }),
    );
  }

  private readableText(value: Asn1 | undefined): string {
    const { UTF8, PRINTABLESTRING, IA5STRING } = this.decoder.Type;
    if (value === undefined || ![UTF8, PRINTABLESTRING, IA5STRING].includes(value.type))
      throw new Malformed('a certificate has a name in an old spelling');
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text(value), 'latin1'));
    } catch {
      throw new Malformed('a certificate has a name that is not UTF-8');
    }
  }

  private extensions(list: Asn1 | undefined): Omit<CertificateContent, 'signatureAlgorithm' | 'subject'> {
    const byOid = new Map<string, Asn1>();
    const notUnderstood: string[] = [];
    for (const extension of children(list, 1)) {
      const parts = children(extension, 2);
      const oid = this.oid(parts[0]);
      if (byOid.has(oid)) throw new Malformed(`a certificate has the extension ${oid} twice`);
      const isKnown = Object.values<string>(EXTENSION).includes(oid);
      const isCritical = parts.length === 3 && text(parts[1]) !== '\x00';
      // Name constraints restrict whether marked so or not, and are not evaluated here.
      if (oid === EXTENSION.nameConstraints || (isCritical && !isKnown)) notUnderstood.push(oid);
      const content = text(parts.at(-1));
      byOid.set(oid, isKnown ? this.decoder.fromDer(content, { strict: true, decodeBitStrings: false }) : extension);
    }
    return {
      notUnderstood,
      basicConstraints: this.basicConstraints(byOid.get(EXTENSION.basicConstraints)),
      keyUsage: keyUsages(byOid.get(EXTENSION.keyUsage)),
      extendedKeyUsage: this.extendedKeyUsages(byOid.get(EXTENSION.extendedKeyUsage)),
      emails: this.emails(byOid.get(EXTENSION.subjectAltName)),
    };
  }

  private basicConstraints(value: Asn1 | undefined): CertificateContent['basicConstraints'] {
    if (value === undefined) return undefined;
    const parts = children(value, 0);
    const { BOOLEAN, INTEGER } = this.decoder.Type;
    const authority = parts.some((part) => part.type === BOOLEAN && text(part) !== '\x00');
    const length = parts.find((part) => part.type === INTEGER);
    if (length === undefined) return { authority, pathLength: undefined };
    const bytes = text(length);
    if (bytes.length !== 1 || bytes.charCodeAt(0) > 0x7f)
      throw new Malformed('a certificate has an absurd path length');
    return { authority, pathLength: bytes.charCodeAt(0) };
  }

  private extendedKeyUsages(value: Asn1 | undefined): readonly string[] | undefined {
    return value === undefined ? undefined : children(value, 1).map((usage) => this.oid(usage));
  }

  private emails(value: Asn1 | undefined): readonly string[] {
    if (value === undefined) return [];
    return children(value, 1)
      .filter((name) => name.tagClass === this.decoder.Class.CONTEXT_SPECIFIC && name.type === EMAIL_CHOICE)
      .map(text);
  }

  private oid(value: Asn1 | undefined): string {
    if (value === undefined || value.type !== this.decoder.Type.OID)
      throw new Malformed('a certificate lacks an identifier');
    return this.decoder.derToOid(text(value));
  }
}

/** Names by the bits of a BIT STRING, whose first byte counts the unused ones. */
function keyUsages(value: Asn1 | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.from(text(value), 'latin1').subarray(1);
  return KEY_USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

const isTagged = (field: Asn1, decoder: typeof asn1, tag: number): boolean =>
  field.tagClass === decoder.Class.CONTEXT_SPECIFIC && field.type === tag;

function children(value: Asn1 | undefined, least: number): Asn1[] {
  if (value === undefined || typeof value.value === 'string')
    throw new Malformed('a certificate is not built as it must be');
  if (value.value.length < least) throw new Malformed('a certificate lacks a part');
  return value.value;
}

function text(value: Asn1 | undefined): string {
  if (value === undefined || typeof value.value !== 'string')
    throw new Malformed('a certificate is not built as it must be');
  return value.value;
}
