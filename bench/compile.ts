/**
 * What compiling and proving a policy takes on top of Node's start: `strict`, and
 * a policy of every call the edition knows with 100 rules on arguments. Each round
 * times `node -e 0` beside it, and the difference is taken within the round.
 *
 *   node build/bench/compile.js [ROUNDS]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../src/base/installation.js';
import { EDITIONS, editionOf } from '../src/policy/editions.js';

const ROUNDS = Number(process.argv[2] ?? 20);
const sandbox = join(installationRoot, 'bin/sandbox');
const folder = mkdtempSync(join(tmpdir(), 'sandbox-bench-'));

try {
  const many = join(folder, 'many.json');
  writeFileSync(many, JSON.stringify(manyRules()));
  for (const [name, limit] of [
    ['strict', 150],
    [many, 500],
  ] as const) {
    const starts: number[] = [];
    const over: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const start = time(process.execPath, ['-e', '0']);
      starts.push(start);
      over.push(time(sandbox, ['policy', 'compile', name, '--out', join(folder, 'out')]) - start);
    }
    const figures = `${range(over)} over node -e 0, which took ${range(starts)} (wanted: ${limit} ms)`;
    process.stdout.write(`${name === many ? 'many rules' : name}: ${figures}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function range(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const [least = Number.NaN] = sorted;
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return `least ${least.toFixed(0)} ms, median ${median.toFixed(0)} ms`;
}

function time(file: string, words: readonly string[]): number {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(file, words, { encoding: 'utf8' });
  const elapsed = Number(process.hrtime.bigint() - started) / 1e6;
  if (status !== 0) throw new Error(`${file} ${words.join(' ')}: ${stderr}`);
  return elapsed;
}

/** Every call, of which four with 100 rules on their arguments. */
function manyRules(): object {
  const [baseline = ''] = EDITIONS.slice(-1);
  const why = 'made for a measurement of time';
  const conditional = ['ioctl', 'prctl', 'fcntl', 'socket'];
  const calls = [...(editionOf(baseline)?.known ?? [])].filter((name) => !conditional.includes(name));
  const value = (index: number): string => `0x${(index * 3 + 1).toString(16)}`;
  const rules = Array.from({ length: 100 }, (_, index) => {
    const one = { anyOf: [value(index)] };
    const where = [
      { ioctl: [{ request: one }] },
      { prctl: [{ option: one }] },
      { fcntl: [{ command: one }] },
      { socket: [{ family: { anyOf: [value(index % 40)] }, type: { anyOf: [value(index % 7)] }, protocol: one }] },
    ][index % 4];
    return { calls: [conditional[index % 4]], where, why };
  });
  const answer = (errno: string): object => ({ errno, why });
  return {
    apiVersion: 1,
    name: 'many-rules',
    version: '1.0.0',
    syscalls: {
      baseline,
      onDeny: answer('EPERM'),
      onUnknown: answer('ENOSYS'),
      onForeign: answer('ENOSYS'),
      allow: [{ calls, why }, ...rules],
    },
  };
}
