/**
 * What takes too long for every change: many runs, many kills, many faults, and
 * minutes of fuzzing. Ends with a line of figures for each part.
 *
 *   npm run soak [-- PART ...]     all parts, or those named: runs, kills, faults, fuzz
 */
import { type Part, parts } from './parts.js';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0)
  throw new Error(`no such part: ${unknown.join(', ')}; there are ${parts.map(nameOf).join(', ')}`);

const lines: string[] = [];
for (const part of parts.filter(({ name }) => wanted.length === 0 || wanted.includes(name)))
  lines.push(await soak(part));
process.stdout.write(`\n${lines.join('\n')}\n`);

async function soak(part: Part): Promise<string> {
  const begun = Date.now();
  process.stdout.write(`${part.name}: ${part.about}\n`);
  const { figures, faults } = await part.run();
  for (const fault of faults) process.stdout.write(`  ${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
  const seconds = Math.round((Date.now() - begun) / 1000);
  return `${faults.length === 0 ? 'ok    ' : 'FAILED'} ${part.name}: ${figures}, ${faults.length} faults, ${seconds} s`;
}

function nameOf({ name }: Part): string {
  return name;
}
