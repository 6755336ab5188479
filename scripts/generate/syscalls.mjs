/**
 * The system calls of x86-64, name and number, from the kernel's header and
 * the list of calls newer than it → generated/syscalls.ts
 *
 * Other generators import `syscallTable`: there is one table.
 */
import { readFileSync } from 'node:fs';
import { HEADER, root, writeChanged } from '../write-changed.mjs';

const UNISTD = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';

/** [name, number] of every call, by number. */
export const syscallTable = readTable();

function readTable() {
  const table = new Map(
    [...readFileSync(UNISTD, 'utf8').matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(([, name, nr]) => [
      name,
      Number(nr),
    ]),
  );
  if (table.get('read') !== 0 || table.size < 350) throw new Error(`${UNISTD} does not list the system calls`);
  const newer = JSON.parse(readFileSync(`${root}scripts/generate/newer-syscalls.json`, 'utf8')).calls;
  for (const [name, [nr]] of Object.entries(newer)) {
    if ((table.get(name) ?? nr) !== nr) throw new Error(`${name} is ${table.get(name)} in ${UNISTD}, not ${nr}`);
    table.set(name, nr);
  }
  const sorted = [...table].sort((a, b) => a[1] - b[1]);
  if (new Set(table.values()).size !== table.size) throw new Error('two system calls have one number');
  return sorted;
}

writeChanged(
  'generated/syscalls.ts',
  `/** ${HEADER} The system calls of x86-64 by number. */
export const SYSCALLS: readonly (readonly [name: string, nr: number])[] = [
${syscallTable.map(([name, nr]) => `  ['${name}', ${nr}],`).join('\n')}
];
`,
);
