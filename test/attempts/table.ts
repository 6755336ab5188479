/** audit/attempts.tsv: what each attempt meets, read and written. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import type { Attempt, Result, Results, Verdict } from '../support/probe.js';
import { seenFromOutside } from '../support/probe.js';

export const tableFile = join(installationRoot, 'audit/attempts.tsv');

/** Where the probe was run. `root` is the host's root without a sandbox: attempts that are harmless even so. */
export type Measured = {
  readonly strict: Results;
  readonly bwrap: Results;
  readonly outside: Results;
  readonly root: Results | undefined;
};
export type Row = {
  readonly id: string;
  readonly category: string;
  readonly call: string;
  readonly what: string;
  /** A verdict, and the errno where there was one; `-` where it was not run. */
  readonly strict: string;
  readonly bwrap: string;
  readonly outside: string;
  readonly root: string;
  /** `seccomp` where the refusal is a record of the trail, else empty. */
  readonly recorded: string;
  readonly note: string;
};

const COLUMNS = ['id', 'category', 'call', 'what', 'strict', 'bwrap', 'outside', 'root', 'recorded', 'note'] as const;
export const PROVES_NOTHING = 'proves nothing: allowed nowhere';

/** Attempts that `strict` allows on purpose, and why. Everything else has to be stopped. */
export const meantToBeAllowed: ReadonlyMap<string, string> = new Map([
  ['cred.state.dumpable', 'exec makes every process dumpable again; none of its own can be reached by another id'],
  ['seccomp.filter', 'a process may tighten itself; recorded'],
  ['seccomp.filter.prctl', 'a process may tighten itself; recorded'],
  ['seccomp.filter.log', 'a process may tighten itself; recorded'],
  ['seccomp.filter.tsync', 'a process may tighten itself; recorded'],
  ['seccomp.filter.spec-allow', 'a process may tighten itself; recorded'],
]);

/** Attempts that `strict` stops where the user has a cgroup to put the run into, and allows where there is none. */
export const boundedByCgroup: ReadonlyMap<string, string> = new Map([
  ['limits.memory-shared', "without a cgroup only each process's private memory is bounded, as the receipt says"],
]);

export const verdictOf = (cell: string): Verdict | '-' => cell.split(' ', 1)[0] as Verdict | '-';

export function readTable(): readonly Row[] {
  const [, ...lines] = readFileSync(tableFile, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(COLUMNS.map((column, index) => [column, cells[index] ?? ''])) as Row;
  });
}

export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => row[column]).join('\t'));
  return `${[COLUMNS.join('\t'), ...lines].join('\n')}\n`;
}

/** One row: what an attempt met in each place. `recorded` are the attempts with a record of their own. */
export function rowOf(attempt: Attempt, measured: Measured, recorded: ReadonlySet<string>): Row {
  const { id, category, call, what } = attempt;
  const outside = measured.outside.get(id);
  const seen = (results: Results | undefined): Result | undefined => {
    const result = results?.get(id);
    return result === undefined ? undefined : seenFromOutside(result, outside);
  };
  const [strict, bwrap, root] = [seen(measured.strict), seen(measured.bwrap), seen(measured.root)];
  const reachable = [bwrap, root, outside].some((result) => result?.verdict === 'allowed');
  const unsupported = [strict, bwrap, outside].every((result) => result?.verdict === 'unsupported');
  const note =
    strict?.verdict === 'allowed'
      ? (meantToBeAllowed.get(id) ?? boundedByCgroup.get(id) ?? '')
      : reachable
        ? ''
        : unsupported
          ? 'proves nothing: not to be had on the machine where this was measured'
          : PROVES_NOTHING;
  return {
    id,
    category,
    call,
    what,
    strict: cell(strict),
    bwrap: cell(bwrap),
    outside: cell(outside === undefined ? undefined : seenFromOutside(outside, outside)),
    root: cell(root),
    recorded: recorded.has(id) ? 'seccomp' : '',
    note,
  };
}

/** A verdict, and the errno where there was one; `-` where it was not run. */
export function cell(result: Result | undefined): string {
  if (result === undefined) return '-';
  return result.errno === '' ? result.verdict : `${result.verdict} ${result.errno}`;
}
