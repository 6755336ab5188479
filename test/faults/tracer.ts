/**
 * Runs a plan under the fault tracer (native/test/fault_tracer): records which
 * system calls our processes make between main and the workload's exec, and
 * repeats the run with one of them failing, doing nothing, or being the moment
 * at which one of our processes is killed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { allSyscalls } from '../../src/seccomp/syscalls.js';
import type { LaunchGround } from '../support/launch.js';

export type Role = 'supervisor' | 'keeper' | 'mapper' | 'init' | 'workload';

/** One call of one process: the `occurrence`th of its kind since main. */
export type Call = {
  readonly role: Role;
  readonly name: string;
  readonly number: number;
  readonly occurrence: number;
  /** As 64-bit numbers. */
  readonly arguments: readonly bigint[];
  readonly result: bigint;
  /** A path or a parameter's name among its arguments. */
  readonly text: string;
};

export type Fault =
  /** The call is not made and returns this: an errno below 0, or what success would have returned. */
  { readonly kind: 'return'; readonly value: bigint } | { readonly kind: 'kill'; readonly victim: Role };

export type Outcome = {
  readonly call: Call;
  readonly fault: Fault;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the call was made at all: how often a process waits differs from run to run. */
  readonly hit: boolean;
  readonly executed: boolean;
  /** Processes that were alive long after the supervisor's end. */
  readonly left: number;
};

/** It does not return where it succeeds, and so is in no record. */
const LAST_CALL: Call = {
  role: 'workload',
  name: 'execve',
  number: 59,
  occurrence: 1,
  arguments: [],
  result: 0n,
  text: '',
};

const TRACER = join(installationRoot, 'build/native/test/fault_tracer');
/** What a guard takes away must be there first: mounts that spread (as under systemd), descriptors of the caller. */
const UNSHARE = '/usr/bin/unshare';
const SHARED_MOUNTS = ['--mount', '--propagation', 'shared'];
const INHERITED = openSync('/dev/null', 'r');
const SECCOMP_IOCTL_NOTIF_SEND = 0xc0182101n;
const NAMES = new Map(allSyscalls.map(({ name, nr }) => [nr, name]));

type Traced = Omit<Outcome, 'call' | 'fault'> & { readonly log: readonly string[] };

/** Every call that supervisor, keeper, init and workload made before the workload's program ran. */
export async function recordCalls(ground: LaunchGround, command: readonly string[]): Promise<readonly Call[]> {
  const { log, status, stderr } = await trace(ground, ['record', '-', '0', '0', '0'], command);
  const end = log.indexOf('executed');
  if (end === -1) throw new Error(`the workload did not run: ${status} ${stderr}`);
  return [...beforeExec(log.slice(0, end).flatMap((line) => parseCall(line))), LAST_CALL];
}

/** The supervisor's second answer lets the workload execute: what it does next may come first in the log. */
function beforeExec(calls: readonly Call[]): readonly Call[] {
  const answers = calls.filter(
    ({ role, name, arguments: [, request] }) =>
      role === 'supervisor' && name === 'ioctl' && request === SECCOMP_IOCTL_NOTIF_SEND,
  );
  const last = answers[1];
  if (last === undefined) return calls;
  const end = calls.indexOf(last);
  return calls.filter((call, index) => call.role !== 'supervisor' || index <= end);
}

export async function injectFault(
  ground: LaunchGround,
  command: readonly string[],
  call: Call,
  fault: Fault,
): Promise<Outcome> {
  const where = [call.role, String(call.number), String(call.occurrence)];
  const what = fault.kind === 'return' ? String(fault.value) : fault.victim;
  const { log: _, ...traced } = await trace(ground, [fault.kind, ...where, what], command);
  return { call, fault, ...traced };
}

/** Does `work` for each of `list`, two at a time. */
export async function twoAtATime<Item, Result>(
  list: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const queue = [...list];
  const done: Result[] = [];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) done.push(await work(item));
  };
  await Promise.all([worker(), worker()]);
  return done;
}

export const spellCall = (call: Call): string =>
  `${call.role} ${call.name}#${call.occurrence}(${call.arguments.map((value) => `0x${value.toString(16)}`).join(', ')}) ${call.text}`;

function parseCall(line: string): Call[] {
  const match = /^call (\w+) (\d+) (\d+) ([0-9a-f ]+) = (-?\d+) (\S*)$/.exec(line);
  if (match === null) return [];
  const [, role = '', number = '', occurrence = '', values = '', result = '', text = ''] = match;
  const nr = Number(number);
  return [
    {
      role: role as Role,
      name: NAMES.get(nr) ?? String(nr),
      number: nr,
      occurrence: Number(occurrence),
      arguments: values.split(' ').map((value) => BigInt(`0x${value}`)),
      result: BigInt(result),
      text,
    },
  ];
}

function trace(ground: LaunchGround, fault: readonly string[], command: readonly string[]): Promise<Traced> {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-faults-'));
  const file = join(folder, 'log');
  const { uid, gid, environment, home } = ground.user;
  return new Promise((resolve, reject) => {
    const child = spawn(UNSHARE, [...SHARED_MOUNTS, TRACER, String(uid), String(gid), file, ...fault, ...command], {
      env: { ...environment },
      cwd: home,
      stdio: ['pipe', 'pipe', 'pipe', INHERITED, INHERITED],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => {
      const log = readFileSync(file, 'utf8').split('\n');
      rmSync(folder, { recursive: true });
      const left = log.map((line) => /^left (\d+)/.exec(line)?.[1]).find((count) => count !== undefined);
      resolve({
        status,
        stdout,
        stderr,
        log,
        hit: log.some((line) => line.startsWith('hit ')),
        executed: log.includes('executed'),
        left: Number(left ?? 0),
      });
    });
  });
}
