/** A filter on its way to the compiling process, and what comes back: JSON, 64-bit values as text. */
import { FilterError, type FilterErrorCode } from './errors.js';
import type { BpfProgram, Filter } from './filter.js';

const isText = (value: unknown): value is string => typeof value === 'string';

export const encodeFilter = (filter: Filter): string =>
  JSON.stringify(filter, (_, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value));

/** The filter that encodeFilter() wrote. */
export const decodeFilter = (text: string): Filter =>
  JSON.parse(text, (key, value: unknown) =>
    (key === 'value' || key === 'mask') && isText(value) ? BigInt(value) : value,
  ) as Filter;

/** The answer of the compiling process: what `compile` returns or the FilterError it throws. Other failures pass. */
export function encodeOutcome(compile: () => BpfProgram): string {
  try {
    return JSON.stringify({ program: Buffer.from(compile()).toString('base64') });
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const { code, message, hint, why, call } = error;
    return JSON.stringify({ error: { code, message, hint, why, call } });
  }
}

type Told = { code: FilterErrorCode; message: string; hint?: string; why?: string; call?: string };
type Outcome = { program: string } | { error: Told };

/** @throws {FilterError} what the compiling process reported */
export function decodeOutcome(text: Uint8Array): BpfProgram {
  const outcome = JSON.parse(Buffer.from(text).toString()) as Outcome;
  if ('error' in outcome) throw new FilterError(outcome.error.code, outcome.error.message, outcome.error);
  return new Uint8Array(Buffer.from(outcome.program, 'base64')) as BpfProgram;
}
