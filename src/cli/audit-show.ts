/** `sandbox audit show`: the records of one run, aligned for people or as they are. */

import type { RecordOf, TrailRecord } from '../audit/record.js';
import { findRun } from '../audit/runs.js';
import { spell } from '../audit/spelling.js';
import { loadChain, type RunVerdict, verifyRun } from '../audit/verify.js';
import { columns, oneLine } from './columns.js';
import type { CliContext } from './context.js';

/**
 * Prints the records of `wanted` as far as they are intact. Returns whether that is all that was written;
 * what is not is told on standard error.
 *
 * @throws {AuditError} AUDIT_NO_RUN AUDIT_AMBIGUOUS_RUN AUDIT_UNREADABLE
 */
export function showRun(state: string, wanted: string, json: boolean, context: CliContext): boolean {
  const chain = loadChain(state);
  const run = findRun(state, chain, wanted);
  const rows: string[][] = [];
  let opened: RecordOf<'opened'> | undefined;
  const verdict = verifyRun(state, run, chain, (record) => {
    if (json) {
      context.stdout(`${spell(record)}\n`);
      return;
    }
    if (record.kind === 'opened') {
      opened = record;
      context.stdout(describeOpened(record));
    } else {
      rows.push(...rowsOf(record, opened));
    }
  });
  if (json) context.stdout(countedLines(verdict));
  else context.stdout(columns([...rows, ...countedRows(verdict)]));
  context.stderr(describeDoubt(verdict));
  return verdict.intact;
}

function describeOpened(record: RecordOf<'opened'>): string {
  const { image, policy, command } = record;
  const left = command.left_out === 0 ? '' : ` (${command.left_out} more)`;
  const rows = [
    ['run', record.run],
    ['opened', `${record.ts} by ${record.user}`],
    ['image', `${image.reference}${image.digest === null ? '' : ` ${image.digest}`}`],
    ['signed', image.signed ? `yes, ${image.signer ?? ''}` : `no: ${image.signer ?? 'let through'}`],
    ['policy', `${policy.name} ${policy.digest}`],
    ['command', command.arguments.join(' ') + left],
    ['environment', record.environment.names.join(' ')],
    ['product', `sandbox ${record.product}, kernel ${record.kernel}`],
    ...record.programs.map(({ name, digest }) => ['program', `${name} ${digest}`]),
    ...record.remarks.texts.map((text) => ['remark', text]),
  ];
  return `${columns(rows.map((row) => row.map(oneLine)))}\n`;
}

function rowsOf(record: TrailRecord, opened: RecordOf<'opened'> | undefined): string[][] {
  const at = sinceOpening(record, opened);
  switch (record.kind) {
    case 'opened':
      return [];
    case 'receipt':
      return record.controls.map(({ control, requested, effective, how, ok }) => [
        at,
        ok ? 'effective' : 'NOT EFFECTIVE',
        oneLine(`${control}: ${control === 'proof' ? `${requested}, ` : ''}${effective} (${how})`),
      ]);
    case 'attempt':
      return [[at, record.verdict, oneLine(describeAttempt(record))]];
    case 'lifecycle':
      return [[at, oneLine(record.event), oneLine(record.detail ?? '')]];
    case 'closed':
      return [[at, 'closed', oneLine(describeClosed(record))]];
  }
}

/** Seconds and milliseconds on the steady clock. */
function sinceOpening(record: TrailRecord, opened: RecordOf<'opened'> | undefined): string {
  const milliseconds = (BigInt(record.mono) - BigInt(opened?.mono ?? record.mono)) / 1_000_000n;
  return `+${milliseconds / 1000n}.${String(milliseconds % 1000n).padStart(3, '0')}`;
}

function describeAttempt(record: RecordOf<'attempt'>): string {
  const call = record.call ?? `call ${record.number}`;
  const abi = record.architecture === 'x86_64' ? '' : ` [${record.architecture}]`;
  const answer = record.errno === null ? '' : ` = ${record.errno}`;
  const technique = record.technique === null ? '' : ` ${record.technique}`;
  const count = record.count === 1 ? '' : `${record.count} times `;
  const who = `pid ${record.pid ?? record.tid ?? '?'}${record.inner_pid === null ? '' : ` (inside ${record.inner_pid})`}`;
  const program = record.executable === null ? '' : ` ${record.executable}`;
  const list =
    record.same_as === null
      ? `(${record.arguments.map(describeArgument).join(', ')})`
      : ` as in record ${record.same_as}`;
  return `${count}${call}${list}${abi}${answer}  ${who}${program}  rule ${record.rule}  ${record.severity}${technique}`;
}

function describeArgument({ name, value, advisory }: RecordOf<'attempt'>['arguments'][number]): string {
  return `${name}=${advisory === null ? value : JSON.stringify(advisory)}`;
}

function describeClosed({ status, signal, attempts, records }: RecordOf<'closed'>): string {
  const { denied, killed, continued } = attempts;
  return `${signal ?? `exit ${status}`}; ${denied} denied, ${killed} killed, ${continued} continued; ${records} records`;
}

const countedRows = ({ counted }: RunVerdict): string[][] =>
  counted.map(({ kind, first, count }) => [
    '',
    kind.verdict,
    `${count} times ${kind.call ?? kind.number}, counted like record ${first}`,
  ]);

/** Not records: what the table of counts of an unclosed run holds beyond them. */
function countedLines({ run, counted }: RunVerdict): string {
  return counted
    .map(({ kind, first, count }) => `${spell({ kind: 'counted', run, call: kind.call, same_as: first, count })}\n`)
    .join('');
}

function describeDoubt({ run, live, damage, missing }: RunVerdict): string {
  if (damage !== undefined)
    return `sandbox: AUDIT_DAMAGED: ${oneLine(damage.file)}:${damage.line}: ${damage.why}\n  to do: sandbox audit verify ${run} says what can still be believed\n`;
  return live ? '' : missing.map((why) => `sandbox: not complete: ${oneLine(why)}\n`).join('');
}
