/** `sandbox audit list`: one line, or one JSON object, a run. */
import type { RunSummary } from '../audit/runs.js';
import { columns, oneLine } from './columns.js';

/** What `--json` prints of one run. */
export function jsonOfSummary({ run, state, opened, closed }: RunSummary): object {
  return {
    run,
    state,
    opened: opened?.ts ?? null,
    closed: closed?.ts ?? null,
    status: closed?.status ?? null,
    signal: closed?.signal ?? null,
    policy: opened?.policy ?? null,
    image: opened?.image ?? null,
    command: opened?.command.arguments ?? null,
    user: opened?.user ?? null,
    attempts: closed?.attempts ?? null,
    records: closed?.records ?? null,
  };
}

/** The table for people. */
export function describeSummary(summaries: readonly RunSummary[]): string {
  if (summaries.length === 0) return 'no runs yet\n';
  const rows = summaries.map(({ run, state, opened, closed }) => [
    run,
    opened?.ts.slice(0, 19).replace('T', ' ') ?? '-',
    endOf(state, closed),
    closed === undefined ? '-' : String(closed.attempts.denied + closed.attempts.killed),
    oneLine(opened?.policy.name ?? '-'),
    oneLine(opened?.image.reference ?? '-'),
    oneLine(opened?.command.arguments.join(' ') ?? '-'),
  ]);
  return columns([['RUN', 'OPENED (UTC)', 'END', 'REFUSED', 'POLICY', 'IMAGE', 'COMMAND'], ...rows]);
}

function endOf(state: RunSummary['state'], closed: RunSummary['closed']): string {
  if (closed === undefined) return state;
  return closed.signal ?? `exit ${closed.status}`;
}
