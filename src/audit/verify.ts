/**
 * What can be said of a run's trail, three things apart: intact (no byte was
 * changed, as far as it goes), complete (nothing is missing from its end),
 * anchored (somebody else saw its hash; not possible before checkpoints exist).
 *
 * @see audit/FORMAT.md, "Verifying"
 */
import { lackOfCertificate, ProofReader } from './certificates.js';
import { type ChainedRun, type ChainState, readChain } from './chain.js';
import { type Counted, type CountsRead, readCounts } from './counts.js';
import { linesOf, readAll, readChunks } from './lines.js';
import type { TrailRecord } from './record.js';
import { chainPath, countsPath, isLive, runFolders, trailPath } from './state-folder.js';
import { type DamagedAt, readTrail, type TrailState } from './trail.js';

/** More than any table of counts has. */
const MAX_COUNTS_BYTES = 1 << 20;

export const NOT_ANCHORED = 'this version makes no checkpoints that could be anchored outside';

export type RunVerdict = {
  readonly run: string;
  readonly intact: boolean;
  readonly complete: boolean;
  readonly anchored: false;
  /** A supervisor is writing the trail now. */
  readonly live: boolean;
  /** Records that are intact. */
  readonly records: number;
  /** Why it is not intact: where the first fault is. */
  readonly damage: DamagedAt | undefined;
  /** Why it is not complete, in sentences without their full stop. */
  readonly missing: readonly string[];
  /** Attempts that were counted, answered and not yet written when the supervisor ended. */
  readonly counted: readonly Counted[];
};

export type ChainVerdict = {
  readonly intact: boolean;
  readonly complete: boolean;
  readonly entries: number;
  readonly damage: DamagedAt | undefined;
  readonly missing: readonly string[];
};

export type Verdict = {
  readonly intact: boolean;
  readonly complete: boolean;
  readonly anchored: false;
  readonly chain: ChainVerdict;
  readonly runs: readonly RunVerdict[];
};

/** The chain of the state folder; empty where there is none. @throws {AuditError} AUDIT_UNREADABLE */
export function loadChain(state: string): ChainState {
  const path = chainPath(state);
  return readChain(linesOf(readChunks(path) ?? []), path);
}

/** All runs of the state folder and of its chain, oldest first. @throws {AuditError} AUDIT_UNREADABLE */
export function allRuns(state: string, chain: ChainState): string[] {
  return [...new Set([...chain.runs.keys(), ...runFolders(state)])].sort();
}

/** Everything below the state folder. @throws {AuditError} AUDIT_UNREADABLE */
export function verifyAll(state: string): Verdict {
  const chain = loadChain(state);
  const verdict = verifyChain(chain);
  const runs = allRuns(state, chain).map((run) => verifyRun(state, run, chain));
  return {
    intact: verdict.intact && runs.every(({ intact }) => intact),
    complete: verdict.complete && runs.every(({ complete }) => complete),
    anchored: false,
    chain: verdict,
    runs,
  };
}

/** What can be said of the chain alone. */
export function verifyChain(chain: ChainState): ChainVerdict {
  const missing = chain.torn === undefined ? [] : [`${chain.torn.file} ${chain.torn.why}`];
  return {
    intact: chain.damage === undefined,
    complete: chain.damage === undefined && missing.length === 0,
    entries: chain.entries,
    damage: chain.damage,
    missing,
  };
}

/**
 * One run, against its chain; `visit` sees each intact record.
 *
 * @throws {AuditError} AUDIT_UNREADABLE
 */
export function verifyRun(
  state: string,
  run: string,
  chain: ChainState,
  visit?: (record: TrailRecord) => void,
): RunVerdict {
  const file = trailPath(state, run);
  /** Before the trail: what is counted then is of a kind that the trail has. */
  const counts = readAll(countsPath(state, run), MAX_COUNTS_BYTES);
  const chunks = readChunks(file);
  const proof = new ProofReader();
  const trail = readTrail(linesOf(chunks ?? []), run, file, (record) => {
    proof.read(record);
    visit?.(record);
  });
  const lack = proof.named === undefined ? undefined : lackOfCertificate(state, proof.named);
  const open = trail.closed === undefined || chain.runs.get(run)?.closing === undefined;
  const live = open && isLive(state, run);
  return judgeRun({ run, file, exists: chunks !== undefined, trail, counts, live, lack }, chain);
}

export type RunFiles = {
  readonly run: string;
  /** The trail's name in messages, and whether there is such a file. */
  readonly file: string;
  readonly exists: boolean;
  readonly trail: TrailState;
  /** The table of counts. */
  readonly counts: Uint8Array | undefined;
  readonly live: boolean;
  /** What is wrong with the certificate of its filter, in words. */
  readonly lack?: string | undefined;
};

/** What a run's files, already read, prove together with the chain. */
export function judgeRun(files: RunFiles, chain: ChainState): RunVerdict {
  const { run, trail, counts, live } = files;
  const chained = chain.runs.get(run);
  const damage = trail.damage ?? againstChain(files, chained, chain);
  const rest: CountsRead =
    trail.closed === undefined && counts !== undefined
      ? readCounts(counts, run, trail.ledger)
      : { kind: 'counts', counted: [] };
  const missing = damage === undefined ? whatIsMissing(trail, chained, chain, live, rest) : [];
  if (files.lack !== undefined && damage === undefined) missing.push(files.lack);
  return {
    run,
    intact: damage === undefined,
    complete: damage === undefined && missing.length === 0,
    anchored: false,
    live,
    records: trail.records,
    damage,
    missing,
    counted: rest.kind === 'counts' ? rest.counted : [],
  };
}

/** Where trail and chain contradict each other. A chain that is damaged itself contradicts nothing. */
function againstChain(
  { trail, file, exists }: RunFiles,
  chained: ChainedRun | undefined,
  chain: ChainState,
): DamagedAt | undefined {
  const at = (line: number, why: string): DamagedAt => ({ file, line, why });
  if (chained === undefined) {
    if (chain.damage !== undefined || trail.records === 0) return undefined;
    return at(1, 'is in no entry of the chain of runs');
  }
  if (!exists) return at(1, 'is gone, although the chain of runs has it');
  if (trail.opening !== undefined && trail.opening !== chained.opening)
    return at(1, 'does not start at its entry in the chain of runs');
  const { closing } = chained;
  if (closing === undefined) return undefined;
  if (trail.closed === undefined) return at(trail.records + 1, 'was cut off after it had been closed');
  if (trail.records !== closing.records || trail.head !== closing.head || trail.closed.ts !== closing.closedAt)
    return at(trail.records, 'is not the record that the chain of runs closes with');
  return trail.torn === undefined ? undefined : { ...trail.torn, why: 'stands after the record that closed the trail' };
}

function whatIsMissing(
  trail: TrailState,
  chained: ChainedRun | undefined,
  chain: ChainState,
  live: boolean,
  rest: CountsRead,
): string[] {
  const missing: string[] = [];
  if (chained === undefined && chain.damage !== undefined)
    missing.push('the chain of runs is damaged before the entry of this run, so that its end cannot be compared');
  if (chained === undefined && chain.damage === undefined) missing.push('it was never entered into the chain of runs');
  if (trail.torn !== undefined) missing.push(`line ${trail.torn.line} ${trail.torn.why}`);
  if (trail.closed === undefined)
    missing.push(
      live ? 'the run is still live' : 'no record closes it: its supervisor was killed or the machine stopped',
    );
  else if (chained !== undefined && chained.closing === undefined && !live)
    missing.push('no entry of the chain of runs closes it');
  if (rest.kind === 'damaged' && !live) missing.push(`the table of counts ${rest.why}`);
  if (rest.kind === 'counts')
    for (const { kind, first, count } of rest.counted)
      missing.push(`${count} attempts like record ${first} (${kind.call ?? kind.number}) are counted in no record`);
  return missing;
}
