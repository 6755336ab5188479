/** audit/attempts-kernels.tsv: what each attempt meets on the kernels that the test machines boot. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { type Results, seenFromOutside } from '../support/probe.js';
import { cell } from './table.js';

export const kernelTableFile = join(installationRoot, 'audit/attempts-kernels.tsv');

/** What one attempt met on one kernel; cells as those of the other table. */
export type Meeting = { readonly strict: string; readonly outside: string };

/** By attempt, on one kernel. */
export type Meetings = ReadonlyMap<string, Meeting>;

export const meetingsOf = (strict: Results, outside: Results): Meetings =>
  new Map(
    [...strict].map(([id, result]) => [
      id,
      { strict: cell(seenFromOutside(result, outside.get(id))), outside: cell(outside.get(id)) },
    ]),
  );

/** A line an attempt, whose id is the first column; the others are `PLACE KERNEL`. */
export function formatKernelTable(kernels: ReadonlyMap<string, Meetings>): string {
  const ids = [...new Set([...kernels.values()].flatMap((meetings) => [...meetings.keys()]))];
  const head = ['id', ...[...kernels.keys()].flatMap((kernel) => [`strict ${kernel}`, `outside ${kernel}`])];
  const rows = ids.map((id) => [
    id,
    ...[...kernels.values()].flatMap((meetings) => {
      const { strict = '-', outside = '-' } = meetings.get(id) ?? {};
      return [strict, outside];
    }),
  ]);
  return `${[head, ...rows].map((cells) => cells.join('\t')).join('\n')}\n`;
}

/** @throws {Error} where the table has no such kernel */
export function readKernelTable(kernel: string): Meetings {
  const [head = [], ...rows] = readFileSync(kernelTableFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  const [strict, outside] = [head.indexOf(`strict ${kernel}`), head.indexOf(`outside ${kernel}`)];
  if (strict === -1 || outside === -1) throw new Error(`${kernelTableFile} has no columns of ${kernel}`);
  return new Map(
    rows.map((cells) => [cells[0] ?? '', { strict: cells[strict] ?? '-', outside: cells[outside] ?? '-' }]),
  );
}

const MARK = 'met\t';

/** How a machine tells its host. */
export const tellMeetings = (meetings: Meetings): string =>
  [...meetings].map(([id, { strict, outside }]) => `${MARK}${id}\t${strict}\t${outside}\n`).join('');

/** What a machine has told among other output. */
export const heardMeetings = (output: string): Meetings =>
  new Map(
    output
      .split('\n')
      .filter((line) => line.startsWith(MARK))
      .map((line) => {
        const [id = '', strict = '-', outside = '-'] = line.slice(MARK.length).split('\t');
        return [id, { strict, outside }];
      }),
  );
