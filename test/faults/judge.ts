/**
 * What a launch with a fault in it may end in: refused with the step named, or
 * one of the harmless outcomes that test/faults/harmless.json lists.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';
import { type Call, type Outcome, spellCall } from './tracer.js';

export type Mode = 'error' | 'no-op';
/** usual: subordinate ids and pipes; single: a map of one id; terminal: a terminal and a writable root. */
export type PlanKind = 'usual' | 'single' | 'terminal';

type Harmless = {
  readonly mode: Mode;
  /** Only with this kind of plan. */
  readonly plan?: PlanKind;
  readonly role: Call['role'];
  readonly call: string;
  readonly arguments?: Readonly<Record<string, string>>;
  readonly text?: string;
  readonly errors?: readonly string[];
  /** Whether the call is made differs from run to run. */
  readonly rare?: boolean;
  readonly outcome?: 'ran' | 'not executable' | 'ended' | 'waits' | 'any';
  readonly reason: string;
};

const REFUSED = 125;
const ENDED_BY_TRACER = 124;
const NOT_EXECUTABLE = new Set<number | null>([126, 127]);
const NAMED = /^sandbox: (LAUNCH_\w+: step [\w-]+ failed|CONTROL_NOT_EFFECTIVE: the control [\w-]+|RUN_SUPERVISE: )/m;

const listed: readonly Harmless[] = (
  JSON.parse(readFileSync(join(installationRoot, 'test/faults/harmless.json'), 'utf8')) as {
    calls: readonly Harmless[];
  }
).calls;

/** What is wrong with the outcome; undefined: nothing. Notes in `used` which entry of the list excused it. */
export function judge(mode: Mode, plan: PlanKind, outcome: Outcome, used: Set<string>): string | undefined {
  if (!outcome.hit) return undefined;
  if (outcome.left > 0 && excuseFor(mode, plan, outcome)?.outcome !== 'waits')
    return describe(outcome, `${outcome.left} processes were left`);
  if (isRefused(outcome)) return undefined;
  const excuse = excuseFor(mode, plan, outcome);
  if (excuse === undefined) return describe(outcome, 'was neither refused nor is it listed as harmless');
  used.add(excuse.reason);
  return undefined;
}

const excuseFor = (mode: Mode, plan: PlanKind, outcome: Outcome): Harmless | undefined =>
  listed.find((entry) => isMeant(entry, mode, plan, outcome) && isAllowed(entry, outcome));

/** Entries of the list for `mode`, and for this error, that excused nothing though they can in every plan. */
export const unusedReasons = (mode: Mode, used: ReadonlySet<string>, error?: string): readonly string[] =>
  listed
    .filter(
      (entry) => entry.mode === mode && entry.plan === undefined && entry.rare !== true && !used.has(entry.reason),
    )
    .filter(({ errors }) => errors === undefined || (error !== undefined && errors.includes(error)))
    .map((entry) => `${entry.role} ${entry.call}: ${entry.reason}`);

const isRefused = ({ status, stdout, stderr, executed }: Outcome): boolean =>
  status === REFUSED && stdout === '' && !executed && NAMED.test(stderr);

function isMeant(entry: Harmless, mode: Mode, plan: PlanKind, { call, fault }: Outcome): boolean {
  if (entry.plan !== undefined && entry.plan !== plan) return false;
  if (entry.mode !== mode || entry.role !== call.role || entry.call !== call.name) return false;
  if (entry.text !== undefined && !new RegExp(entry.text).test(call.text)) return false;
  if (
    entry.errors !== undefined &&
    !entry.errors.some((name) => fault.kind === 'return' && fault.value === -number(name))
  )
    return false;
  return Object.entries(entry.arguments ?? {}).every(
    ([index, value]) => call.arguments[Number(index)] === BigInt(value),
  );
}

const number = (name: string): bigint => BigInt((constants.errno as Record<string, number>)[name] ?? 0);

function isAllowed(entry: Harmless, { status, stdout, executed }: Outcome): boolean {
  const ran = status === 0 && /^the workload ran\r?\n$/.test(stdout);
  const refused = NOT_EXECUTABLE.has(status) && stdout === '' && !executed;
  switch (entry.outcome ?? 'ran') {
    case 'ran':
      return ran;
    case 'not executable':
      return refused;
    case 'ended':
      return status !== 0;
    case 'waits':
      return status === ENDED_BY_TRACER && !executed;
    case 'any':
      return ran || refused;
  }
}

const describe = ({ call, fault, status, executed, stderr }: Outcome, why: string): string =>
  `${spellCall(call)} ${fault.kind === 'return' ? `returning ${fault.value}` : `killing ${fault.victim}`}: ${why}; ` +
  `status ${status}${executed ? ', the workload ran' : ''}: ${stderr.trim().split('\n')[0]}`;
