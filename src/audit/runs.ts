/** Which runs there are: found by a part of their name, and each in a few words. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ChainState } from './chain.js';
import { AuditError } from './errors.js';
import { linesOf, MAX_LINE_BYTES, readChunks } from './lines.js';
import { type RecordOf, readRecord, type TrailRecord } from './record.js';
import { isLive, trailPath } from './state-folder.js';
import { allRuns } from './verify.js';

export type RunSummary = {
  readonly run: string;
  /** `live`: being written; `closed`; `interrupted`: neither; `unreadable`: no trail, or none of ours. */
  readonly state: 'live' | 'closed' | 'interrupted' | 'unreadable';
  readonly opened: RecordOf<'opened'> | undefined;
  readonly closed: RecordOf<'closed'> | undefined;
};

/**
 * The run that `wanted` names: `latest`, a whole name, or the beginning of one alone.
 *
 * @throws {AuditError} AUDIT_NO_RUN AUDIT_AMBIGUOUS_RUN AUDIT_UNREADABLE
 */
export function findRun(state: string, chain: ChainState, wanted: string): string {
  const runs = allRuns(state, chain);
  if (wanted === 'latest') {
    const latest = [...chain.runs.keys()].at(-1) ?? runs.at(-1);
    if (latest === undefined)
      throw new AuditError('AUDIT_NO_RUN', 'there is no run yet', { hint: 'sandbox run makes one' });
    return latest;
  }
  const found = runs.filter((run) => run.startsWith(wanted.toUpperCase()));
  const [first, second] = found;
  if (first === undefined || wanted === '')
    throw new AuditError('AUDIT_NO_RUN', `there is no run ${wanted}`, { hint: 'sandbox audit list shows the runs' });
  if (second !== undefined)
    throw new AuditError('AUDIT_AMBIGUOUS_RUN', `${found.length} runs begin with ${wanted}`, {
      hint: `give more of the name: ${first}, ${second}${found.length > 2 ? ' …' : ''}`,
    });
  return first;
}

/** A run by its first and its last record, which are read and not verified. @throws {AuditError} AUDIT_UNREADABLE */
export function summariseRun(state: string, run: string): RunSummary {
  const path = trailPath(state, run);
  const first = firstRecord(path);
  const opened = first?.kind === 'opened' ? first : undefined;
  if (opened === undefined) return { run, state: 'unreadable', opened, closed: undefined };
  const last = lastRecord(path);
  const closed = last?.kind === 'closed' ? last : undefined;
  if (closed !== undefined) return { run, state: 'closed', opened, closed };
  return { run, state: isLive(state, run) ? 'live' : 'interrupted', opened, closed };
}

function firstRecord(path: string): TrailRecord | undefined {
  for (const line of linesOf(readChunks(path) ?? [])) {
    const read = line.kind === 'whole' ? readRecord(line) : undefined;
    return read?.kind === 'value' ? read.value : undefined;
  }
  return undefined;
}

function lastRecord(path: string): TrailRecord | undefined {
  const lines = tailOf(path).toString('latin1').split('\n');
  const text = lines.at(-1) === '' ? lines.at(-2) : undefined;
  const read = readRecord({ bytes: Buffer.from(text ?? '', 'latin1'), number: 0, kind: 'whole' });
  return read.kind === 'value' ? read.value : undefined;
}

function tailOf(path: string): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, 2 * MAX_LINE_BYTES));
    return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, size - buffer.length));
  } finally {
    closeSync(descriptor);
  }
}
