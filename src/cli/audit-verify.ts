/** `sandbox audit verify`: the three answers, and for each `no` the first reason. */
import { NOT_ANCHORED, type RunVerdict, type Verdict } from '../audit/verify.js';
import { oneLine } from './columns.js';

/** What `--json` prints. */
export function jsonOfVerdict(verdict: Verdict): object {
  return {
    intact: verdict.intact,
    complete: verdict.complete,
    anchored: verdict.anchored,
    notAnchored: NOT_ANCHORED,
    chain: { ...verdict.chain, damage: verdict.chain.damage ?? null },
    runs: verdict.runs.map((run) => ({
      ...run,
      damage: run.damage ?? null,
      counted: run.counted.map(({ kind, first, count }) => ({ sameAs: first, call: kind.call, count })),
    })),
  };
}

/** The lines for people. */
export function describeVerdict(verdict: Verdict): string {
  const { chain, runs } = verdict;
  const lines = [
    `intact    ${yesNo(verdict.intact)}`,
    `complete  ${yesNo(verdict.complete)}`,
    `anchored  no (${NOT_ANCHORED})`,
    `chain     ${chain.entries} entries`,
  ];
  if (chain.damage !== undefined)
    lines.push(`  changed: ${oneLine(chain.damage.file)}:${chain.damage.line}: ${chain.damage.why}`);
  for (const why of chain.missing) lines.push(`  not complete: ${oneLine(why)}`);
  for (const run of runs) lines.push(...describeRun(run, runs.length === 1));
  lines.push(`${runs.length} run${runs.length === 1 ? '' : 's'} verified`);
  return `${lines.join('\n')}\n`;
}

/** A run that is as it should be needs a line only where it was asked for alone. */
function describeRun(run: RunVerdict, alone: boolean): string[] {
  if (run.complete && !alone) return [];
  const lines = [`${run.run}  ${run.records} records intact${run.live ? ', live' : ''}`];
  if (run.damage !== undefined)
    lines.push(`  changed: ${oneLine(run.damage.file)}:${run.damage.line}: ${run.damage.why}`);
  for (const why of run.missing) lines.push(`  not complete: ${oneLine(why)}`);
  return lines;
}

const yesNo = (answer: boolean): string => (answer ? 'yes' : 'no');
