/**
 * The system calls of the ABIs beside x86-64, from the kernel's headers where
 * this machine has them and from a table where it does not
 * → generated/syscall-abis.ts
 */
import { readFileSync } from 'node:fs';
import { HEADER, root, writeChanged } from '../write-changed.mjs';
import { syscallTable } from './syscalls.mjs';

const HEADERS = '/usr/include/x86_64-linux-gnu/asm/';
/** Calls newer than the headers that not every ABI of x86 has. @see syscall_64.tbl, where x32 has what is "common" */
const NOT_OF_X86 = new Set(['uretprobe', 'uprobe']);
const NOT_OF_X32 = new Set(['uretprobe', 'uprobe', 'map_shadow_stack']);

const newer = JSON.parse(readFileSync(`${root}scripts/generate/newer-syscalls.json`, 'utf8')).calls;
const foreign = JSON.parse(readFileSync(`${root}scripts/generate/foreign-syscalls.json`, 'utf8'));

/** Lines such as `#define __NR_read 3` and `#define __NR_read (__X32_SYSCALL_BIT + 0)`. */
function readHeader(name, leaveOut) {
  const text = readFileSync(HEADERS + name, 'utf8');
  const table = new Map(
    [...text.matchAll(/^#define __NR_(\w+) (?:\(__X32_SYSCALL_BIT \+ )?(\d+)\)?$/gm)].map(([, call, nr]) => [
      call,
      Number(nr),
    ]),
  );
  if (table.size < 350) throw new Error(`${name} does not list the system calls`);
  for (const [call, [nr]] of Object.entries(newer)) if (!leaveOut.has(call)) table.set(call, nr);
  return table;
}

const tables = {
  x86_64: new Map(syscallTable),
  x86: readHeader('unistd_32.h', NOT_OF_X86),
  x32: readHeader('unistd_x32.h', NOT_OF_X32),
};
for (const [index, abi] of foreign.abis.entries())
  tables[abi] = new Map(
    Object.entries(foreign.calls)
      .map(([call, numbers]) => [call, numbers[index]])
      .filter(([, nr]) => nr !== null),
  );

const packed = (table) => [...table].map(([call, nr]) => `${call} ${nr}`).join(' ');
writeChanged(
  'generated/syscall-abis.ts',
  `/** ${HEADER} Name and number of every call, each ABI's as one text that is taken apart when it is needed. */
export const ABI_SYSCALLS = {
${Object.entries(tables)
  .map(([abi, table]) => `  ${abi}: '${packed(table)}',`)
  .join('\n')}
} as const;

/** The names of all calls that some ABI has. */
export const CALL_NAMES =
  '${[...new Set([...Object.keys(foreign.calls), ...Object.values(tables).flatMap((table) => [...table.keys()])])].sort().join(' ')}';
`,
);
