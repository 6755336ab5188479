/** Measures every attempt and writes audit/attempts.tsv: `node build/test/attempts/write-table.js`, as root. */
import { writeFileSync } from 'node:fs';
import { listAttempts } from '../support/probe.js';
import { measureAttempts, recordedAttempts } from './measure.js';
import { formatTable, rowOf, tableFile, verdictOf } from './table.js';

const measurement = await measureAttempts();
const recorded = recordedAttempts(measurement);
const places = { ...measurement, strict: measurement.strict.results };
const rows = listAttempts().map((attempt) => rowOf(attempt, places, recorded));
writeFileSync(tableFile, formatTable(rows));
for (const place of ['strict', 'bwrap', 'outside', 'root'] as const) {
  const counts = ['denied', 'allowed', 'unsupported', 'error'].map(
    (verdict) => `${verdict} ${rows.filter((row) => verdictOf(row[place]) === verdict).length}`,
  );
  process.stdout.write(`${place}: ${counts.join(', ')}\n`);
}
