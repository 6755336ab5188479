/**
 * Launches that need no image and no policy file: a small root with one static
 * program, a policy written out here, an installed launcher, and a user
 * without privilege who runs it.
 *
 *   const ground = launchGround({ subordinateIds: true });
 *   const plan = ground.plan(['mark']);
 *   ground.user.run(plan.command)
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LaunchPlan } from '../../generated/plan-layout.js';
import { installationRoot } from '../../src/base/installation.js';
import type { HostFacts } from '../../src/host/facts.js';
import type { RootFs } from '../../src/image/rootfs.js';
import { encodePlan } from '../../src/launch/encode.js';
import { planLaunch } from '../../src/launch/plan.js';
import { identifyPrograms } from '../../src/launch/programs.js';
import type { CompiledPolicy } from '../../src/policy/compiled.js';
import { keepCertificate } from '../../src/run/certificate.js';
import { handPolicy } from './hand-policy.js';
import { type Product, stageProduct, type TestUser, testUser } from './user.js';

export type GroundOptions = {
  readonly subordinateIds: boolean;
  /** Gives the user groups of the version 1 hierarchies, as an administrator would. Needs root. */
  readonly cgroups?: boolean;
};

export type PlanOptions = {
  readonly policy?: Partial<CompiledPolicy>;
  readonly interactive?: boolean;
  readonly terminal?: boolean;
  /** Written over what planLaunch() decided. */
  readonly overrides?: Partial<LaunchPlan>;
};

export type WrittenPlan = {
  readonly plan: LaunchPlan;
  readonly file: string;
  /** Runs the launcher with the plan at its descriptor 3. */
  readonly command: readonly string[];
};

export type LaunchGround = {
  readonly user: TestUser;
  readonly product: Product;
  readonly host: HostFacts;
  readonly stateDirectory: string;
  /** Readable and writable for everybody, seen by the workload as /shared. */
  readonly shared: string;
  /** Folders of the version 1 hierarchies that were made for the user. */
  readonly cgroupFolders: readonly string[];
  /** Writes a plan that runs tiny_workload with these arguments. */
  readonly plan: (workload: readonly string[], options?: PlanOptions) => WrittenPlan;
  readonly remove: () => void;
};

const V1_CONTROLLERS = ['memory', 'pids', 'cpu'] as const;

/** @throws where {@link userRequirement} names a requirement */
export function launchGround(options: GroundOptions): LaunchGround {
  const user = testUser(options);
  const product = stageProduct();
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-ground-'));
  chmodSync(folder, 0o755);
  const layer = makeRoot(join(folder, 'root'));
  const shared = makeFolder(join(folder, 'shared'), 0o777);
  const cgroupFolders = options.cgroups === true ? makeCgroups(user) : [];
  const stateDirectory = join(user.home, 'state');
  mkdirSync(stateDirectory, { mode: 0o700 });
  chownSync(stateDirectory, user.uid, user.gid);
  const host = measureAs(user, product);
  giveToUser(layer, host);
  const rootFs = rootOf(layer, host);
  let written = 0;
  return {
    user,
    product,
    host,
    stateDirectory,
    shared,
    cgroupFolders,
    plan(workload, { policy = {}, interactive = false, terminal = false, overrides = {} } = {}) {
      const whole = { ...handPolicy(shared), ...policy };
      keepCertificate(stateDirectory, whole.certificate);
      const plan = {
        ...planLaunch({
          productVersion: '0.1.0',
          policy: whole,
          rootFs,
          host,
          options: {
            command: ['/bin/tiny_workload', ...workload],
            entrypoint: undefined,
            environment: [],
            workingDirectory: undefined,
            user: undefined,
            hostname: undefined,
            interactive,
            terminal,
            messagesAsJson: false,
          },
          stateDirectory,
          programs: identifyPrograms(product.folder),
        }),
        ...overrides,
      };
      written += 1;
      const file = join(folder, `plan-${written}`);
      writeFileSync(file, encodePlan(plan));
      return { plan, file, command: launchCommand(product, file) };
    },
    remove() {
      user.remove();
      product.remove();
      for (const group of cgroupFolders) spawnSync('rmdir', [group]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The shell only opens the plan; the launcher takes its place. */
export const launchCommand = (product: Product, plan: string): readonly string[] => [
  '/bin/sh',
  '-c',
  'exec "$1" 3 3<"$2"',
  'launch',
  join(product.folder, 'build/native/launcher'),
  plan,
];

function makeFolder(path: string, mode: number): string {
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

function makeRoot(root: string): string {
  for (const folder of ['', 'bin', 'tmp', 'proc', 'dev', 'etc', 'srv']) makeFolder(join(root, folder), 0o755);
  copyFileSync(join(installationRoot, 'build/native/test/tiny_workload'), join(root, 'bin/tiny_workload'));
  chmodSync(join(root, 'bin/tiny_workload'), 0o755);
  return root;
}

/** An unpacked image belongs to the ids that the sandbox will have. */
function giveToUser(layer: string, { idMap }: HostFacts): void {
  if (process.getuid?.() !== 0) return;
  spawnSync('chown', ['-R', `${idMap.uid[0]?.outer ?? 0}:${idMap.gid[0]?.outer ?? 0}`, layer]);
}

/** What an administrator does for a user on a host with version 1 hierarchies; none where there are none. */
function makeCgroups(user: TestUser): readonly string[] {
  const made: string[] = [];
  for (const controller of V1_CONTROLLERS) {
    const folder = `/sys/fs/cgroup/${controller}/sandbox-${user.uid}`;
    if (spawnSync('mkdir', [folder]).status !== 0) continue;
    spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
    made.push(folder);
  }
  return made;
}

/** Facts differ by user: they are measured by a process of the user's. */
function measureAs(user: TestUser, product: Product): HostFacts {
  const module = join(product.folder, 'build/src/host/measure.js');
  const script = `const { measureHost } = await import(${JSON.stringify(module)}); console.log(JSON.stringify(measureHost()));`;
  const { status, stdout, stderr } = user.run(['node', '--input-type=module', '-e', script]);
  if (status !== 0) throw new Error(`measuring the host: ${stderr}`);
  return JSON.parse(stdout.toString()) as HostFacts;
}

const rootOf = (layer: string, host: HostFacts): RootFs => ({
  reference: 'dir:small-root',
  digest: undefined,
  layers: [layer],
  idMap: host.idMap,
  configuration: {
    environment: [],
    entrypoint: [],
    command: [],
    workingDirectory: '/',
    user: undefined,
    stopSignal: 15,
  },
  trust: { kind: 'unsigned', by: '--allow-unsigned' },
  remarks: [],
});
