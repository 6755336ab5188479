/** Measures every attempt in machines and writes audit/attempts-kernels.tsv: `node build/test/vm/write-attempts.js`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatKernelTable, heardMeetings, kernelTableFile, type Meetings } from '../attempts/kernel-table.js';
import { CHECKOUT, makeDisk, PRODUCT } from './disk.js';
import { KERNEL_NAMES, type KernelName } from './kernels.js';
import { runInMachine } from './machine.js';
import { prepareKernels } from './prepare.js';

const LIMIT_MS = 1_800_000;

for (const [kernel, lack] of prepareKernels()) throw new Error(`kernel ${kernel} needs ${lack}`);
const folder = mkdtempSync(join(tmpdir(), 'sandbox-vm-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const disk = makeDisk(folder);
const measured = await Promise.all(
  KERNEL_NAMES.map(async (kernel) => [kernel, await measureOn(kernel)] satisfies [KernelName, Meetings]),
);
writeFileSync(kernelTableFile, formatKernelTable(new Map(measured)));

async function measureOn(kernel: KernelName): Promise<Meetings> {
  const command = `SANDBOX_TEST_PATIENCE=5 SANDBOX_TEST_PRODUCT=${PRODUCT} exec node ${CHECKOUT}/build/test/vm/suites/attempts.js`;
  const { output, errors } = await runInMachine({ kernel, disk, command, timeoutMs: LIMIT_MS });
  const meetings = heardMeetings(output);
  if (meetings.size === 0) throw new Error(`${kernel}: no attempt was answered\n${output}\n${errors}`);
  return meetings;
}
