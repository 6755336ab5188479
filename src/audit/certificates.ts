/**
 * The certificates that receipts name: kept below the state folder under their
 * digest, one for each policy, kernel and version of the product.
 *
 * @see audit/FORMAT.md, "Certificates"; audit/certificate.schema.json
 */
import { join } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import type { schema } from '../../generated/certificate-schema.js';
import isCertificate from '../../generated/certificate-validator.js';
import { digestOf } from '../base/digest.js';
import type { Validator } from '../base/schema-faults.js';
import { readAll } from './lines.js';
import type { TrailRecord } from './record.js';

/** What a trail says of its filter. */
export type NamedProof = { readonly certificate: string; readonly filter: string; readonly policy: string };

const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Far more than one has. */
const MAX_BYTES = 1 << 20;
const conforms = isCertificate as Validator<FromSchema<typeof schema>>;

/** Where the certificate of that digest is kept. */
export const certificatePath = (state: string, digest: string): string =>
  join(state, 'certificates', `${digest.slice('sha256:'.length)}.json`);

/** Collects from the records of one trail, in their order, which certificate its filter has. */
export class ProofReader {
  named: NamedProof | undefined;
  #policy = '';

  read(record: TrailRecord): void {
    if (record.kind === 'opened') this.#policy = record.policy.digest;
    if (record.kind !== 'receipt') return;
    const entry = record.controls.find(({ control }) => control === 'proof');
    if (entry === undefined) return;
    const certificate = entry.requested.replace(/^certificate /, '');
    this.named = { certificate, filter: entry.effective.replace(/^filter /, ''), policy: this.#policy };
  }
}

/** Why the certificate of `proof` is not what the trail says, a sentence without its full stop; undefined where it is. */
export function lackOfCertificate(state: string, { certificate, filter, policy }: NamedProof): string | undefined {
  if (!DIGEST.test(certificate)) return 'its receipt names no certificate';
  const path = certificatePath(state, certificate);
  const bytes = readAll(path, MAX_BYTES);
  if (bytes === undefined) return `the certificate of its filter is not there: ${path}`;
  if (digestOf(bytes) !== certificate) return `the certificate of its filter was changed: ${path}`;
  const value = parsed(bytes);
  if (!conforms(value)) return `the certificate of its filter is not as its schema says: ${path}`;
  if (value.filter.digest !== filter) return `its certificate proves another filter: ${path}`;
  return value.policy.digest === policy ? undefined : `its certificate is of another policy: ${path}`;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
