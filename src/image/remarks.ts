/** What unpacking changed or left out, in words for the trail and for people. */
import type { IdMap } from '../base/id-map.js';
import type { LayerReport } from '../store/unpacker.js';

const MOST_NAMES = 8;

/** One sentence for each kind of change; none where every layer was taken over as it is. */
export function remarksOf(reports: readonly LayerReport[], idMap: IdMap): readonly string[] {
  const sum = (pick: (report: LayerReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  const names = reports.flatMap(({ deviceNames }) => deviceNames);
  const remarks = [
    counted(
      sum(({ setid }) => setid),
      'setuid or setgid bit',
      'removed',
    ),
    withNames(
      counted(
        sum(({ devices }) => devices),
        'device node',
        'left out',
      ),
      names,
    ),
    counted(
      sum(({ capabilities }) => capabilities),
      'file capability',
      'left out',
    ),
    counted(
      sum(({ attributes }) => attributes),
      'extended attribute',
      'left out',
    ),
    counted(
      sum(({ outwardLinks }) => outwardLinks),
      'symbolic link',
      'kept although leading above the root',
    ),
    idMap.method === 'single' ? 'all files belong to one id, because this user has no subordinate ids' : undefined,
  ];
  return remarks.filter((remark) => remark !== undefined);
}

function counted(count: number, what: string, outcome: string): string | undefined {
  if (count === 0) return undefined;
  const many = what.endsWith('y') ? `${what.slice(0, -1)}ies` : `${what}s`;
  return `${count} ${count === 1 ? what : many} ${outcome}`;
}

/** Names come from the archive: written as JSON, so that no byte of them acts on a terminal. */
function withNames(remark: string | undefined, names: readonly string[]): string | undefined {
  if (remark === undefined || names.length === 0) return remark;
  const told = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name));
  return `${remark}: ${told.join(', ')}${names.length > MOST_NAMES ? ', …' : ''}`;
}
