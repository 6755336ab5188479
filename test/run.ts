/**
 * Runs every test file in a process of its own and ends with one plain line.
 *
 *   node build/test/run.js [PART-OF-A-PATH ...]
 *
 * A file that declares no test, runs no suite, or outlives its limit has failed.
 * Files below test/system and test/faults run one after another; the others two at a time.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const checkout = fileURLToPath(new URL('../..', import.meta.url));
/** Each test has a limit of its own; this one is for what hangs outside of tests. */
const FILE_LIMIT_MS = 1_800_000;
/** For a file that is told to end to remove what it has made, and for what it wrote to be read. */
const END_LIMIT_MS = 30_000;

type Outcome = {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly text: string;
};

const wanted = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();
const alone = files.filter((name) => /^(system|faults)\//.test(name));
const together = files.filter((name) => !alone.includes(name));

const outcomes = [...(await runAll(together, 2)), ...(await runAll(alone, 1))];
const sum = (pick: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + pick(outcome), 0);
const failed = sum((outcome) => outcome.failed);
for (const outcome of outcomes)
  if (outcome.failed > 0) process.stdout.write(`\nFAILED ${outcome.file}\n${outcome.text}\n`);
for (const outcome of outcomes)
  for (const line of outcome.text.split('\n')) if (line.startsWith('SKIP ')) process.stdout.write(`${line}\n`);
process.stdout.write(`${sum((outcome) => outcome.skipped)} skipped\n`);
process.stdout.write(`${sum((outcome) => outcome.passed)} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && outcomes.length > 0 ? 0 : 1;

async function runAll(names: readonly string[], width: number): Promise<Outcome[]> {
  const queue = [...names];
  const done: Outcome[] = [];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) done.push(await runFile(name));
  };
  await Promise.all(Array.from({ length: width }, worker));
  return done;
}

function runFile(name: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(here, name)], {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0', LC_ALL: 'C.UTF-8' },
    });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const timers = [
      setTimeout(() => child.kill('SIGTERM'), FILE_LIMIT_MS),
      setTimeout(() => child.kill('SIGKILL'), FILE_LIMIT_MS + END_LIMIT_MS),
    ];
    const started = Date.now();
    child.on('exit', () => {
      // A process that it left behind can hold its streams open for ever.
      const streams = [child.stdout, child.stderr];
      timers.push(setTimeout(() => streams.map((stream) => stream.destroy()), END_LIMIT_MS));
    });
    child.on('close', (code, signal) => {
      for (const timer of timers) clearTimeout(timer);
      const count = (word: string): number =>
        [...text.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce((n, m) => n + Number(m[1]), 0);
      const total = count('Total');
      const passed = count('Passed');
      const skipped = count('Skipped');
      const clean = code === 0 && total + skipped > 0 && total === passed;
      const failures = clean ? 0 : Math.max(1, total - passed);
      if (signal !== null) text += `\nended by ${signal}`;
      const file = relative(process.cwd(), join(here, name));
      process.stdout.write(`${clean ? 'ok    ' : 'FAILED'} ${name} (${passed} passed, ${Date.now() - started} ms)\n`);
      if (!clean) process.stdout.write(`${text}\n`);
      resolve({ file, passed, failed: failures, skipped, text });
    });
  });
}
