/**
 * An unprivileged user and an installed product to run as that user: what is
 * said to work without root is tested without root.
 *
 *   const product = stageProduct();
 *   test.needs(userRequirement({ subordinateIds: true }), 'runs', () => {
 *     const user = testUser({ subordinateIds: true });
 *     user.run([product.program, 'doctor']).status
 *
 * As root a user of its own is made each time; a test run without root uses the user it has.
 * Both are removed at the end of the process, also without remove().
 */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { measureHost } from '../../src/host/measure.js';
import { createAccount, endProcesses, removeAccount } from './account.js';
import { patient } from './patience.js';

const LIMIT_MS = patient(180_000);

export type Product = { readonly folder: string; readonly program: string; readonly remove: () => void };

export type Outcome = {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
};

export type RunOptions = {
  readonly input?: string | Uint8Array;
  /** Added to the user's clean environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** 180,000 unless told. */
  readonly timeoutMs?: number;
};

export type TestUser = {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Mode 0700, below the folder for temporary files; the XDG directories are inside. */
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a command to its end. */
  readonly run: (command: readonly string[], options?: RunOptions) => Outcome;
  /** Starts a command and leaves it to the caller; standard streams are pipes unless told otherwise. */
  readonly start: (
    command: readonly string[],
    options?: Pick<RunOptions, 'environment' | 'workingDirectory'> & Pick<SpawnOptions, 'stdio' | 'detached'>,
  ) => ChildProcess;
  /** Ends the user's processes and removes files, account and subordinate ids. */
  readonly remove: () => void;
};

const root = process.getuid?.() === 0;

const LARGEST_OUTPUT = 256 * 1024 * 1024;
const removals = new Set<() => void>();
process.on('exit', () => {
  for (const remove of removals) {
    try {
      remove();
    } catch (error) {
      process.stdout.write(`what a test made could not be removed: ${error}\n`);
      process.exitCode = 1;
    }
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

/** Why such a user cannot be had here; undefined: it can. For `test.needs`. */
export function userRequirement(wanted: { readonly subordinateIds: boolean }): string | undefined {
  if (root) return undefined;
  const { method } = measureHost().idMap;
  if (wanted.subordinateIds && method !== 'subordinate') return 'a user with subordinate ids (see sandbox doctor)';
  if (!wanted.subordinateIds && method !== 'single') return 'root, to make a user without subordinate ids';
  return undefined;
}

/**
 * Copies the built product to a folder of its own that every user may read; in a test machine, where a copy takes
 * a minute, the one that SANDBOX_TEST_PRODUCT names is used.
 */
export function stageProduct(): Product {
  const staged = process.env['SANDBOX_TEST_PRODUCT'];
  if (staged !== undefined) return productAt(staged, () => undefined);
  return copyProduct();
}

const productAt = (folder: string, remove: () => void): Product => ({
  folder,
  program: join(folder, 'bin/sandbox'),
  remove,
});

function copyProduct(): Product {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-stage-'));
  chmodSync(folder, 0o755);
  const staged = spawnSync(join(installationRoot, 'scripts/stage'), [join(folder, 'product')], { encoding: 'utf8' });
  if (staged.status !== 0) throw new Error(`scripts/stage: ${staged.stderr}`);
  const remove = once(() => rmSync(folder, { recursive: true, force: true }));
  return productAt(join(folder, 'product'), remove);
}

/** A user without any privilege, in a clean environment. @throws where {@link userRequirement} names a requirement */
export function testUser(wanted: { readonly subordinateIds: boolean }): TestUser {
  const requirement = userRequirement(wanted);
  if (requirement !== undefined) throw new Error(`this test needs ${requirement}`);
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-user-'));
  chmodSync(folder, 0o755);
  const home = join(folder, 'home');
  const account = root ? createAccount(home, wanted.subordinateIds) : { ...userInfo(), name: userInfo().username };
  for (const name of ['home', 'home/run', 'home/tmp']) makeOwn(join(folder, name), account.uid, account.gid);
  const environment = cleanEnvironment(account.name, home, folder);
  const identity = root ? { uid: account.uid, gid: account.gid } : {};
  const settings = (options: Pick<RunOptions, 'environment' | 'workingDirectory'> = {}) => ({
    ...identity,
    cwd: options.workingDirectory ?? home,
    env: { ...environment, ...options.environment },
  });
  return {
    name: account.name,
    uid: account.uid,
    gid: account.gid,
    home,
    environment,
    run([file = '', ...rest], options = {}) {
      const ended = spawnSync(file, rest, {
        ...settings(options),
        input: options.input ?? '',
        timeout: options.timeoutMs ?? LIMIT_MS,
        killSignal: 'SIGKILL',
        maxBuffer: LARGEST_OUTPUT,
      });
      if (ended.error !== undefined && ended.pid === 0) throw ended.error;
      return { status: ended.status, signal: ended.signal, stdout: ended.stdout, stderr: ended.stderr.toString() };
    },
    start([file = '', ...rest], { stdio = 'pipe', detached = false, ...options } = {}) {
      return spawn(file, rest, { ...settings(options), stdio, detached });
    },
    remove: once(() => {
      if (root) endProcesses(account);
      removeFolder(folder);
      if (root) removeAccount(account.name);
    }),
  };
}

/** Nothing of the caller's environment but the path to the tools. */
function cleanEnvironment(name: string, home: string, folder: string): Readonly<Record<string, string>> {
  return {
    PATH: [nodeFolder(folder), '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'].join(':'),
    HOME: home,
    USER: name,
    LOGNAME: name,
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
    TMPDIR: join(home, 'tmp'),
    XDG_DATA_HOME: join(home, '.local/share'),
    XDG_STATE_HOME: join(home, '.local/state'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_RUNTIME_DIR: join(home, 'run'),
  };
}

/** Where any user finds this Node: its own folder, or a copy where that is closed to others. */
function nodeFolder(folder: string): string {
  const node = process.execPath;
  const asNobody = root ? { uid: 65534, gid: 65534 } : {};
  if (spawnSync(node, ['--version'], { ...asNobody, cwd: '/' }).status === 0) return dirname(node);
  const copy = join(folder, 'node');
  copyFileSync(node, copy, constants.COPYFILE_FICLONE);
  chmodSync(copy, 0o755);
  return folder;
}

function makeOwn(path: string, uid: number, gid: number): void {
  mkdirSync(path, { mode: 0o700 });
  if (root) chownSync(path, uid, gid);
}

/** Without root, files of subordinate ids can be removed only by someone whose namespace has them. */
function removeFolder(folder: string): void {
  if (!root && isExecutable('/usr/bin/unshare')) {
    spawnSync('/usr/bin/unshare', ['--map-root-user', '--map-auto', 'rm', '-rf', folder]);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `remove`, done at most once, and at the end of the process if nobody did it before. */
function once(remove: () => void): () => void {
  const wrapped = (): void => {
    if (removals.delete(wrapped)) remove();
  };
  removals.add(wrapped);
  return wrapped;
}
