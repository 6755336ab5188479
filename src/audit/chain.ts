/**
 * The chain of runs: which runs there were, in which order, and how each ended.
 * It shows what a trail alone cannot: that a whole run is gone, or its end.
 *
 * @see audit/FORMAT.md, "The chain of runs"
 */
import { type Line, MAX_LINE_BYTES } from './lines.js';
import { type ChainEntry, NO_HASH, readEntry } from './record.js';
import type { DamagedAt } from './trail.js';

export type ChainedRun = {
  readonly run: string;
  readonly openedAt: string;
  /** The hash of the opening entry: `prev` of the trail's first record. */
  readonly opening: string;
  /** What the closing entry says of the trail; undefined where there is none. */
  closing: { readonly records: number; readonly head: string; readonly closedAt: string } | undefined;
};

export type ChainState = {
  readonly entries: number;
  /** By run, in the order of opening. */
  readonly runs: ReadonlyMap<string, ChainedRun>;
  /** How often half an entry was found and cut off by the next writer. */
  readonly recovered: number;
  readonly torn: DamagedAt | undefined;
  readonly damage: DamagedAt | undefined;
};

type Cursor = { entries: number; head: string; recovered: number; readonly runs: Map<string, ChainedRun> };

/** Reads the chain as far as it is intact. */
export function readChain(lines: Iterable<Line>, file: string): ChainState {
  const at: Cursor = { entries: 0, head: NO_HASH, recovered: 0, runs: new Map() };
  for (const line of lines) {
    const place = (why: string): DamagedAt => ({ file, line: line.number, why });
    if (line.kind === 'torn')
      return { ...at, torn: place('ends without a newline, as a crash leaves it'), damage: undefined };
    if (line.kind === 'long')
      return { ...at, torn: undefined, damage: place(`is longer than ${MAX_LINE_BYTES} bytes`) };
    const read = readEntry(line);
    const why = read.kind === 'fault' ? read.why : contradiction(read.value, at);
    if (why !== undefined || read.kind === 'fault') return { ...at, torn: undefined, damage: place(why ?? '') };
    advance(at, read.value, read.hash);
  }
  return { ...at, torn: undefined, damage: undefined };
}

function contradiction(entry: ChainEntry, at: Cursor): string | undefined {
  if (entry.seq !== at.entries) return `has number ${entry.seq} where ${at.entries} must stand`;
  if (entry.prev !== at.head) return 'does not follow the line before it: one of the two was changed';
  if (entry.kind === 'recovered') return undefined;
  const known = at.runs.get(entry.run);
  if (entry.kind === 'opened') {
    if (known !== undefined) return `opens the run ${entry.run} a second time`;
    return entry.records === 0 && entry.head === NO_HASH ? undefined : 'opens a run that has records already';
  }
  if (known === undefined) return `closes the run ${entry.run}, which was not opened`;
  return known.closing === undefined ? undefined : `closes the run ${entry.run} a second time`;
}

function advance(at: Cursor, entry: ChainEntry, hash: string): void {
  at.entries += 1;
  at.head = hash;
  switch (entry.kind) {
    case 'recovered':
      at.recovered += 1;
      return;
    case 'opened':
      at.runs.set(entry.run, { run: entry.run, openedAt: entry.ts, opening: hash, closing: undefined });
      return;
    case 'closed': {
      const known = at.runs.get(entry.run);
      if (known !== undefined) known.closing = { records: entry.records, head: entry.head, closedAt: entry.ts };
    }
  }
}
