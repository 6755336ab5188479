/**
 * Runs the suites of test/vm/suites in machines with Debian's kernels and ends with one plain line.
 *
 *   node build/test/vm/run.js [--kernel 6.1|6.12] [PART-OF-A-SUITE ...]
 *
 * One machine for each kernel and suite. Where no machine can be had, every suite counts as skipped and what is
 * missing is said.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHECKOUT, makeDisk, PRODUCT } from './disk.js';
import { KERNEL_NAMES, type KernelName } from './kernels.js';
import { type Ended, runInMachine } from './machine.js';
import { prepareKernels } from './prepare.js';

/** Twenty times what it takes where nothing else runs. */
const SUITE_LIMIT_MS = 1_800_000;

/** Suites that need another kernel command line. */
const PARAMETERS: Readonly<Record<string, string>> = { 'no-apparmor': 'apparmor=0' };

type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

const words = process.argv.slice(2);
const only = words[0] === '--kernel' ? words.splice(0, 2)[1] : undefined;
const suites = readdirSync(fileURLToPath(new URL('./suites', import.meta.url)))
  .flatMap((file) => (file.endsWith('.js') ? [file.slice(0, -3)] : []))
  .filter((name) => words.length === 0 || words.some((part) => name.includes(part)))
  .sort();
const lacks = prepareKernels();
const folder = mkdtempSync(join(tmpdir(), 'sandbox-vm-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
const disk = lacks.size < KERNEL_NAMES.length ? makeDisk(folder) : '';
const kernels = KERNEL_NAMES.filter((name) => only === undefined || name === only);
const outcomes = (await Promise.all(kernels.map(runSuites))).flat();

const sum = (pick: (counts: Counts) => number): number => outcomes.reduce((total, one) => total + pick(one), 0);
const failed = sum((one) => one.failed);
process.stdout.write(`${sum((one) => one.skipped)} skipped\n`);
process.stdout.write(`${sum((one) => one.passed)} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;

/** One machine after the other; those of the other kernel run at the same time. */
async function runSuites(kernel: KernelName): Promise<Counts[]> {
  const counts: Counts[] = [];
  for (const suite of suites) counts.push(await runSuite(kernel, suite));
  return counts;
}

async function runSuite(kernel: KernelName, suite: string): Promise<Counts> {
  const lack = lacks.get(kernel);
  if (lack !== undefined) {
    process.stdout.write(`SKIP ${suite} on ${kernel}: ${lack}\n`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const started = Date.now();
  const command = `SANDBOX_TEST_PATIENCE=5 SANDBOX_TEST_PRODUCT=${PRODUCT} exec node ${CHECKOUT}/build/test/vm/suites/${suite}.js`;
  const parameters = PARAMETERS[suite] ?? '';
  const ended = await runInMachine({ kernel, disk, command, parameters, timeoutMs: SUITE_LIMIT_MS });
  const counts = countsOf(ended);
  const seconds = Math.round((Date.now() - started) / 1000);
  const verdict = counts.failed === 0 ? 'ok    ' : 'FAILED';
  process.stdout.write(`${verdict} ${suite} on ${kernel} (${counts.passed} passed, ${seconds} s)\n`);
  if (counts.failed > 0) process.stdout.write(`${ended.output}\n${ended.errors}\n${ended.console}\n`);
  for (const line of ended.output.split('\n')) if (line.startsWith('SKIP ')) process.stdout.write(`${line}\n`);
  return counts;
}

/** As test/run.ts counts: a suite that did not end well, or ran no test, has failed. */
function countsOf({ status, output }: Ended): Counts {
  const count = (word: string): number =>
    [...output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce((n, match) => n + Number(match[1]), 0);
  const [total, passed, skipped] = [count('Total'), count('Passed'), count('Skipped')];
  const clean = status === 0 && total + skipped > 0 && total === passed;
  return { passed, failed: clean ? 0 : Math.max(1, total - passed), skipped };
}
