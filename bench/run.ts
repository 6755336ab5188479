/**
 * How long it takes to run a program that does nothing: `sandbox run` of a signed
 * image under `strict`, beside what Debian packages. Runs are interleaved, and the
 * ratio is taken within each round, for machines drift.
 *
 *   npm run bench [-- ROUNDS]
 *
 * bwrap and ours run as an unprivileged user; crun, runc and podman as root, where
 * they are installed and the bench is root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTar } from '../test/support/tar.js';
import { writeLayout } from '../test/support/tiny-image.js';
import { stageProduct, testUser } from '../test/support/user.js';

type Contender = { readonly name: string; readonly command: string; readonly asUser: boolean };

const ROUNDS = Number(process.argv[2] ?? 15);
const RUNS_A_ROUND = 20;

const work = mkdtempSync(join(tmpdir(), 'sandbox-bench-'));
chmodSync(work, 0o755);
const product = stageProduct();
const user = testUser({ subordinateIds: true });
try {
  const contenders = [...ours(), ...bubblewrap(), ...runtimes()];
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) measure(contender);
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of contenders) times.get(contender.name)?.push(measure(contender));
  }
  report(times);
} finally {
  user.remove();
  product.remove();
  rmSync(work, { recursive: true, force: true });
}

/** A static program that returns at once, as a folder and as a signed image. */
function makeProgram(): { readonly root: string; readonly layout: string } {
  const root = join(work, 'root');
  const layout = join(user.home, 'layout');
  for (const folder of ['proc', 'dev', 'tmp', 'bin']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(work, 'nothing.c'), 'int main(void) { return 0; }\n');
  execFileSync('cc', ['-O2', '-static', '-o', join(root, 'bin/nothing'), join(work, 'nothing.c')]);
  const program = readFileSync(join(root, 'bin/nothing'));
  const archive = makeTar([
    { name: 'bin', type: 'folder' },
    { name: 'bin/nothing', type: 'file', mode: 0o755, data: program },
  ]);
  user.run(['mkdir', '-p', layout]);
  writeLayout(layout, [{ tag: 'app', layers: [{ tar: archive }], config: { Cmd: ['/bin/nothing'] } }]);
  return { root, layout };
}

function ours(): readonly Contender[] {
  const { layout } = makeProgram();
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, user.home]);
  const key = join(user.home, 'key');
  const trust = join(user.home, 'trust.json');
  requireSuccess([product.program, 'trust', 'key', 'generate', '--out', key]);
  requireSuccess([product.program, 'image', 'sign', '--key', `${key}.key`, `oci:${layout}:app`]);
  const signer = { kind: 'sigstore-key', name: 'bench', key: `${key}.pub` };
  writeFileSync(trust, JSON.stringify({ apiVersion: 1, default: { kind: 'signedBy', signers: [signer] } }));
  const command = `${product.program} run --profile strict --trust ${trust} oci:${layout}:app`;
  const plans = `${user.environment['XDG_STATE_HOME']}/sandbox/plans`;
  return [
    { name: 'sandbox run', command, asUser: true },
    { name: 'sandbox run, no plan kept', command: `rm -rf ${plans}; ${command}`, asUser: true },
  ];
}

function bubblewrap(): readonly Contender[] {
  const options = '--unshare-all --proc /proc --dev /dev --tmpfs /tmp';
  return [
    { name: 'bwrap --unshare-all', command: `bwrap --ro-bind ${work}/root / ${options} /bin/nothing`, asUser: true },
  ];
}

function runtimes(): readonly Contender[] {
  if (process.getuid?.() !== 0) return [];
  const bundle = join(work, 'bundle');
  mkdirSync(bundle);
  const root = join(work, 'root');
  const found: Contender[] = [];
  for (const name of ['crun', 'runc']) {
    if (!isInstalled(name)) continue;
    if (!existsSync(join(bundle, 'config.json'))) writeBundle(name, bundle, root);
    // Debian's crun refuses a machine that has both versions of control groups mounted.
    const alone = name === 'crun' && existsSync('/sys/fs/cgroup/unified');
    const command = `${name} run -b ${bundle} bench-$$-$i`;
    const wrapped = `unshare -m sh -c 'umount /sys/fs/cgroup/unified; for i in $(seq ${RUNS_A_ROUND}); do ${command}; done'; break`;
    found.push({ name: `${name} run`, command: alone ? wrapped : command, asUser: false });
  }
  if (isInstalled('podman')) {
    const command = `podman run --rm --network none --rootfs ${root}:O /bin/nothing`;
    if (spawnSync('sh', ['-c', command]).status === 0) found.push({ name: 'podman run', command, asUser: false });
  }
  return found;
}

function writeBundle(runtime: string, bundle: string, root: string): void {
  execFileSync(runtime, ['spec'], { cwd: bundle });
  const file = join(bundle, 'config.json');
  const specification = JSON.parse(readFileSync(file, 'utf8'));
  specification.process.terminal = false;
  specification.process.args = ['/bin/nothing'];
  specification.process.rlimits = [];
  specification.root = { path: root, readonly: true };
  writeFileSync(file, JSON.stringify(specification));
}

function isInstalled(name: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
  if (!found) process.stdout.write(`${name} is not installed and left out\n`);
  return found;
}

function requireSuccess(command: readonly string[]): void {
  const { status, stderr } = user.run(command);
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}

/** Milliseconds a run, over one round. */
function measure({ name, command, asUser }: Contender): number {
  const script = `for i in $(seq ${RUNS_A_ROUND}); do ${command}; done`;
  const started = process.hrtime.bigint();
  const outcome = asUser ? user.run(['sh', '-c', script]) : spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  const elapsed = Number(process.hrtime.bigint() - started) / 1e6;
  if (outcome.status !== 0) throw new Error(`${name} ended with ${outcome.status}: ${outcome.stderr}`);
  return elapsed / RUNS_A_ROUND;
}

function report(times: ReadonlyMap<string, readonly number[]>): void {
  const own = times.get('sandbox run') ?? [];
  process.stdout.write(`${ROUNDS} rounds of ${RUNS_A_ROUND} runs each; medians\n`);
  for (const [name, list] of times) {
    const ratio = median(list.map((value, round) => (own[round] ?? Number.NaN) / value));
    process.stdout.write(`${median(list).toFixed(1).padStart(8)} ms  ours/this ${ratio.toFixed(2)}  ${name}\n`);
  }
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
