/** Ten minutes of fuzzing for each target, all at a time. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import type { Part } from './parts.js';

const SECONDS = 600;
type Target = { readonly program: string; readonly seeds: string | undefined; readonly options: readonly string[] };
const TARGETS: readonly Target[] = [
  { program: 'plan_fuzz', seeds: 'plan-seeds.js', options: ['-max_len=8192'] },
  { program: 'unpack_fuzz', seeds: 'fuzz-seeds.js', options: [] },
  { program: 'prove_fuzz', seeds: undefined, options: ['-max_len=4096'] },
];

export const fuzzPart: Part = {
  name: 'fuzz',
  about: `${TARGETS.map(({ program }) => program).join(', ')}, ${SECONDS} seconds each`,
  async run() {
    const made = spawnSync('make', ['-s', '-C', join(installationRoot, 'native'), 'fuzz'], { encoding: 'utf8' });
    if (made.status !== 0) return { figures: 'not built', faults: [made.stderr] };
    const outcomes = await Promise.all(TARGETS.map(fuzz));
    return {
      figures: outcomes.map(({ figures }) => figures).join('; '),
      faults: outcomes.flatMap(({ faults }) => faults),
    };
  },
};

async function fuzz({ program, seeds, options }: Target) {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-soak-'));
  const corpus = join(folder, 'corpus');
  mkdirSync(corpus);
  const seeded = join(folder, 'seeds');
  if (seeds === undefined) mkdirSync(seeded);
  else spawnSync(process.execPath, [join(installationRoot, 'build/test/support', seeds), seeded]);
  const child = spawn(
    join(installationRoot, 'build/native-fuzz', program),
    [`-max_total_time=${SECONDS}`, `-artifact_prefix=${folder}/`, ...options, corpus, seeded],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-20_000)));
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  rmSync(folder, { recursive: true, force: true });
  const runs = /Done (\d+) runs/.exec(text)?.[1] ?? 'unknown';
  return { figures: `${program} ${runs} inputs`, faults: status === 0 ? [] : [`${program}: ${text.slice(-3000)}`] };
}
