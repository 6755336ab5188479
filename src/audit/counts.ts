/**
 * The table of counts that a supervisor left behind: attempts that it counted
 * and had not written as records when it was killed.
 *
 * @see audit/FORMAT.md, "The table of counts"; native/trail/counts.h
 */
import type { AttemptLedger, KindOfAttempt } from './attempts.js';

const MAGIC = 'sandbox counts 1';
const HEADER_BYTES = 64;
const SLOT_BYTES = 64;
const MAX_SLOTS = 4096;
const RUN_LENGTH = 26;

export type Counted = {
  readonly kind: KindOfAttempt;
  /** `seq` of the first record of the kind. */
  readonly first: number;
  /** Attempts of this kind that are in no record. */
  readonly count: number;
};

export type CountsRead =
  | { readonly kind: 'counts'; readonly counted: readonly Counted[] }
  | { readonly kind: 'damaged'; readonly why: string };

/** What the table of an unclosed run adds to its records. An empty file adds nothing. */
export function readCounts(bytes: Uint8Array, run: string, ledger: AttemptLedger): CountsRead {
  const counted: Counted[] = [];
  if (bytes.length === 0) return { kind: 'counts', counted };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number, length: number): string => Buffer.from(bytes.subarray(at, at + length)).toString('latin1');
  if (bytes.length < HEADER_BYTES || text(0, MAGIC.length) !== MAGIC) return damaged('is not a table of counts');
  if (text(24, RUN_LENGTH) !== run) return damaged('belongs to another run');
  const slots = view.getUint32(20, true);
  if (
    view.getUint32(16, true) !== SLOT_BYTES ||
    slots > MAX_SLOTS ||
    bytes.length !== HEADER_BYTES + slots * SLOT_BYTES
  )
    return damaged('has another size than it says');
  for (let slot = 0; slot < slots; slot += 1) {
    const at = HEADER_BYTES + slot * SLOT_BYTES;
    const first = view.getBigUint64(at, true);
    const total = view.getBigUint64(at + 32, true);
    if (first === 0n || total === 0n) continue;
    const found = first <= BigInt(Number.MAX_SAFE_INTEGER) ? ledger.find(Number(first)) : undefined;
    if (found === undefined || found.kind.number !== view.getUint32(at + 12, true))
      return damaged(`counts attempts like record ${first}, which is not there`);
    if (total < BigInt(found.recorded) || total > BigInt(Number.MAX_SAFE_INTEGER))
      return damaged(`counts fewer attempts like record ${first} than the records hold`);
    const count = Number(total) - found.recorded;
    if (count > 0) counted.push({ kind: found.kind, first: Number(first), count });
  }
  return { kind: 'counts', counted };
}

const damaged = (why: string): CountsRead => ({ kind: 'damaged', why });
