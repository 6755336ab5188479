/** The records of a trail and the entries of the chain: their types, and a line as one of them. */
import { createHash } from 'node:crypto';
import type { FromSchema } from 'json-schema-to-ts';
import { schema as chainSchema } from '../../generated/audit-chain-schema.js';
import isEntryShaped from '../../generated/audit-chain-validator.js';
import { schema as eventSchema } from '../../generated/audit-event-schema.js';
import isRecordShaped from '../../generated/audit-event-validator.js';
import type { Validator } from '../base/schema-faults.js';
import type { Line } from './lines.js';
import { isInOrder, readSpelled, type SchemaNode } from './spelling.js';

export type TrailRecord = FromSchema<typeof eventSchema>;
export type RecordOf<Kind extends TrailRecord['kind']> = Extract<TrailRecord, { kind: Kind }>;
export type ChainEntry = FromSchema<typeof chainSchema>;

export type Read<Value> =
  | { readonly kind: 'value'; readonly value: Value; readonly hash: string }
  | { readonly kind: 'fault'; readonly why: string };

export const NO_HASH = '0'.repeat(64);

/** What the next line names as `prev`. */
export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The record of one whole line. */
export const readRecord = (line: Line): Read<TrailRecord> =>
  readAs(line, isRecordShaped as Validator<TrailRecord>, eventSchema.oneOf);

/** The chain's entry of one whole line. */
export const readEntry = (line: Line): Read<ChainEntry> =>
  readAs(line, isEntryShaped as Validator<ChainEntry>, chainSchema.oneOf);

type Branch = SchemaNode & { readonly properties: { readonly kind: { readonly const: string } } };

function readAs<Value extends { readonly kind: string }>(
  line: Line,
  isShaped: Validator<Value>,
  branches: readonly Branch[],
): Read<Value> {
  const spelled = readSpelled(line.bytes);
  if (spelled.kind === 'fault') return spelled;
  const { value } = spelled;
  if (!isShaped(value)) {
    const first = isShaped.errors?.[0];
    return { kind: 'fault', why: `is not as its schema says: ${first?.instancePath || '/'} ${first?.message ?? ''}` };
  }
  const branch = branches.find(({ properties }) => properties.kind.const === value.kind);
  if (branch === undefined || !isInOrder(value, branch))
    return { kind: 'fault', why: 'has its fields in another order' };
  return { kind: 'value', value, hash: hashOf(line.bytes) };
}
