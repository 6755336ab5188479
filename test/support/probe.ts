/**
 * Runs the probe program (native/probe) in three places: without a sandbox,
 * under bwrap, and in ours; and says what each attempt met there.
 *
 * Outside, everything that an attempt could reach is put within reach: an
 * abstract socket with a listener, a neighbour process of the same user, an
 * open descriptor, names in the environment. An attempt that is denied even
 * so proves nothing about a sandbox.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { patient } from './patience.js';
import type { Outcome, TestUser } from './user.js';

export const probeProgram = join(installationRoot, 'build/native/probe');

export type Verdict = 'denied' | 'allowed' | 'unsupported' | 'error';
/** One line of the probe. `pid` is the process that made the attempt, as the probe sees it. */
export type Result = {
  readonly id: string;
  readonly verdict: Verdict;
  readonly errno: string;
  readonly detail: string;
  readonly pid: number;
};
export type Results = ReadonlyMap<string, Result>;
export type Attempt = {
  readonly id: string;
  readonly category: string;
  readonly call: string;
  readonly what: string;
  readonly neverAsRoot: boolean;
};
/** What lies within reach outside; `environment` is what every run is started with. */
export type Surroundings = {
  readonly environment: Readonly<Record<string, string>>;
  /** A copy of the probe that the user owns, so that only a sandbox keeps it from being overwritten. */
  readonly program: string;
  readonly remove: () => Promise<void>;
};

const RUN_LIMIT_MS = patient(500_000);
/** More than `strict` gives, and less than would keep the machine busy; in ours the probe's own, larger bounds hold. */
const BOUNDS = { PROBE_MAX_MB: '512', PROBE_MAX_FILES: '5000', PROBE_MAX_PROCESSES: '256', PROBE_MAX_FDS: '4096' };
/** One name of each list that the probe looks for. None of them is a secret. */
const BAIT = {
  PROBE_API_TOKEN: 'bait',
  SSH_AUTH_SOCK: '/nowhere',
  GITHUB_ACTIONS: 'bait',
  https_proxy: 'http://192.0.2.1',
  LD_LIBRARY_PATH: '/nowhere',
};

/** Every attempt that the probe knows, in its order. */
export function listAttempts(): readonly Attempt[] {
  const { stdout } = spawnSync(probeProgram, ['--list'], { encoding: 'utf8' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [id = '', category = '', call = '', what = '', who] = line.split('\t');
      return { id, category, call, what, neverAsRoot: who === 'never-as-root' };
    });
}

/** Puts within reach what attempts look for. The listener lives in this process, the neighbour as the user. */
export async function layOut(user: TestUser): Promise<Surroundings> {
  const name = `probe-${process.pid}-${Date.now()}`;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(`\0${name}`, resolve);
  });
  const neighbour = user.start(['sleep', '3600'], { stdio: 'ignore', detached: true });
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-probe-'));
  const program = join(folder, 'probe');
  copyFileSync(probeProgram, program);
  chmodSync(folder, 0o755);
  chmodSync(program, 0o755);
  if (process.getuid?.() === 0) chownSync(program, user.uid, user.gid);
  return {
    environment: { ...BAIT, ...BOUNDS, PROBE_ABSTRACT: name },
    program,
    async remove() {
      neighbour.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Without a sandbox, as the user. */
export function runOutside(user: TestUser, surroundings: Surroundings): Results {
  return runHere(user, surroundings, [surroundings.program]);
}

/**
 * Under `bwrap --unshare-all` with what its users usually add: the host's root
 * read-only, a new /proc, a minimal /dev and an empty /tmp.
 */
export function runUnderBwrap(user: TestUser, surroundings: Surroundings): Results {
  const options = ['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'];
  const probe = ['--ro-bind', surroundings.program, '/tmp/probe', '/tmp/probe'];
  return runHere(user, surroundings, ['bwrap', ...options, ...probe]);
}

/** Without a sandbox, as root: of the attempts that are harmless even so. `undefined` where there is no root. */
export function runAsRoot(): Results | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const harmless = listAttempts().filter(({ neverAsRoot }) => !neverAsRoot);
  const only = harmless.map(({ id }) => id).join(',');
  const { stdout } = spawnSync(probeProgram, ['--only', only], { encoding: 'utf8', timeout: RUN_LIMIT_MS });
  return parseResults(stdout);
}

/** The calls that this kernel lacks: nothing filtered them, and they said ENOSYS. For the probe's `--lacking`. */
export function lackingCalls(outside: Results): readonly string[] {
  return [...outside.values()].filter(({ errno }) => errno === 'ENOSYS').map(({ id }) => id);
}

/** What the probe printed. @throws {Error} where a line is none of its own */
export function parseResults(text: string): Results {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const result = JSON.parse(line) as Result;
      return [result.id, result];
    }),
  );
}

/**
 * What an attempt met, seen from outside: what is absent inside is denied where it is there outside, and a call that
 * the kernel lacks is unsupported everywhere.
 */
export function seenFromOutside(inside: Result, outside: Result | undefined): Result {
  if (inside.verdict === 'denied' && inside.errno === 'ENOSYS' && outside?.errno === 'ENOSYS') {
    return { ...inside, verdict: 'unsupported', detail: 'the kernel lacks it' };
  }
  const hidden = inside.verdict === 'unsupported' && inside.errno !== 'ENOSYS' && outside?.verdict !== 'unsupported';
  return hidden && outside !== undefined ? { ...inside, verdict: 'denied', detail: 'there outside, not here' } : inside;
}

/** Fails with what the run said where it did not end by itself or did not answer every attempt. */
export function checkComplete(ended: Outcome, results: Results): Results {
  const missing = listAttempts().filter(({ id }) => !results.has(id));
  if (ended.status === 0 && missing.length === 0) return results;
  throw new Error(
    `the probe ended with ${ended.signal ?? ended.status}, ${missing.length} attempts unanswered\n${ended.stderr}`,
  );
}

/** A command line that runs `command` with a descriptor open that nobody asked for. */
export const withExtraDescriptor = (command: readonly string[]): readonly string[] => [
  'sh',
  '-c',
  'exec 9</dev/null; exec "$@"',
  'sh',
  ...command,
];

/** The one attempt that needs a terminal is made on one, and the rest without. */
function runHere(user: TestUser, { environment }: Surroundings, command: readonly string[]): Results {
  const options = { environment, timeoutMs: RUN_LIMIT_MS };
  const ended = user.run(withExtraDescriptor(command), options);
  const results = new Map(checkComplete(ended, parseResults(ended.stdout.toString())));
  const line = [...command, '--only', 'tty.controlling'].join(' ');
  const typescript = join(user.home, 'typescript');
  user.run(['script', '--quiet', '--command', line, typescript], options);
  const onTerminal = readFileSync(typescript, 'utf8').match(/^\{.*\}/m)?.[0];
  for (const [id, result] of parseResults(onTerminal ?? '')) results.set(id, result);
  return results;
}
