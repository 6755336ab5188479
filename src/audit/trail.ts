/**
 * One trail, line by line: each record must be what the writer could have
 * written after the one before it. Nothing but the bytes is looked at.
 *
 * @see audit/FORMAT.md, "Verifying"
 */
import { AttemptLedger } from './attempts.js';
import { type Line, MAX_LINE_BYTES } from './lines.js';
import { NO_HASH, type RecordOf, readRecord, type TrailRecord } from './record.js';

/** Where a file stops being what was written, and why. `line` is 1-based. */
export type DamagedAt = { readonly file: string; readonly line: number; readonly why: string };

export type TrailState = {
  /** Records that are intact, from the first on. */
  readonly records: number;
  /** The hash of the last of them; zeros where there is none. */
  readonly head: string;
  /** `prev` of the first one: the hash of the chain's opening entry. */
  readonly opening: string | undefined;
  readonly closed: RecordOf<'closed'> | undefined;
  /** The file ends in half a line: what a crash leaves. */
  readonly torn: DamagedAt | undefined;
  readonly damage: DamagedAt | undefined;
  readonly ledger: AttemptLedger;
};

type Cursor = {
  records: number;
  head: string;
  opening: string | undefined;
  mono: bigint;
  closed: RecordOf<'closed'> | undefined;
};

/** Reads a trail of the run `run` as far as it is intact; `visit` sees each intact record. */
export function readTrail(
  lines: Iterable<Line>,
  run: string,
  file: string,
  visit: (record: TrailRecord) => void = () => undefined,
): TrailState {
  const at: Cursor = { records: 0, head: NO_HASH, opening: undefined, mono: 0n, closed: undefined };
  const ledger = new AttemptLedger();
  const end = (torn?: DamagedAt, damage?: DamagedAt): TrailState => ({
    records: at.records,
    head: at.head,
    opening: at.opening,
    closed: at.closed,
    torn,
    damage,
    ledger,
  });
  for (const line of lines) {
    const place = (why: string): DamagedAt => ({ file, line: line.number, why });
    if (line.kind === 'torn') return end(place('ends without a newline, as a crash leaves it'));
    if (line.kind === 'long') return end(undefined, place(`is longer than ${MAX_LINE_BYTES} bytes`));
    const read = readRecord(line);
    const why = read.kind === 'fault' ? read.why : contradiction(read.value, at, run, ledger);
    if (why !== undefined || read.kind === 'fault') return end(undefined, place(why ?? ''));
    advance(at, read.value, read.hash);
    visit(read.value);
  }
  return end();
}

function advance(at: Cursor, record: TrailRecord, hash: string): void {
  if (at.records === 0) at.opening = record.prev;
  at.records += 1;
  at.head = hash;
  at.mono = BigInt(record.mono);
  if (record.kind === 'closed') at.closed = record;
}

/** What the writer would not have written here. */
function contradiction(record: TrailRecord, at: Cursor, run: string, ledger: AttemptLedger): string | undefined {
  if (record.run !== run) return `belongs to another run, ${record.run}`;
  if (record.seq !== at.records) return `has number ${record.seq} where ${at.records} must stand`;
  if (at.records > 0 && record.prev !== at.head)
    return 'does not follow the line before it: one of the two was changed';
  if (at.closed !== undefined) return 'stands after the record that closed the trail';
  if ((record.kind === 'opened') !== (at.records === 0))
    return 'must be the first record, and only the first, to be "opened"';
  if (BigInt(record.mono) < at.mono) return 'is older than the record before it';
  if (record.kind === 'attempt') return ledger.add(record);
  return record.kind === 'closed' ? wrongSums(record, ledger) : undefined;
}

function wrongSums(closed: RecordOf<'closed'>, ledger: AttemptLedger): string | undefined {
  const { sums } = ledger;
  const said = closed.attempts;
  if (closed.records !== closed.seq + 1) return `closes ${closed.records} records where there are ${closed.seq + 1}`;
  if (said.denied !== sums.denied || said.killed !== sums.killed || said.continued !== sums.continued)
    return 'closes with another number of attempts than the records hold';
  return undefined;
}
