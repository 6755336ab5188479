/** One fault for each call of a launch, and what was wrong with the outcomes. */
import { constants } from 'node:os';
import type { LaunchGround, WrittenPlan } from '../support/launch.js';
import { silentSuccess } from './guards.js';
import { judge, type PlanKind, unusedReasons } from './judge.js';
import { type Call, injectFault, twoAtATime } from './tracer.js';

export type ErrorName = keyof typeof constants.errno;

export type Sweep = {
  readonly ground: LaunchGround;
  readonly plan: WrittenPlan;
  readonly kind: PlanKind;
  readonly calls: readonly Call[];
};

/** By call, the argument that says what is done; the others count through a loop. */
const LOOPED: Readonly<Record<string, number>> = { prctl: 0, fcntl: 1, rt_sigaction: 5 };
/** They return nothing that anybody could look at. */
const CANNOT_FAIL = new Set(['sched_yield', 'exit_group']);

/** Each call fails once with `name`, but those that did so by themselves. */
export async function sweepErrors({ ground, plan, kind, calls }: Sweep, name: ErrorName): Promise<readonly string[]> {
  const value = -BigInt(constants.errno[name]);
  const list = calls.filter((call) => !CANNOT_FAIL.has(call.name) && call.result !== value);
  const used = new Set<string>();
  const outcomes = await twoAtATime(list, (call) => injectFault(ground, plan.command, call, { kind: 'return', value }));
  const faults = outcomes.map((outcome) => judge('error', kind, outcome, used)).filter((fault) => fault !== undefined);
  return [...faults, ...missed(outcomes), ...unused(kind, unusedReasons('error', used, name))];
}

/** Each guard does nothing once. */
export async function sweepGuards({ ground, plan, kind, calls }: Sweep): Promise<readonly string[]> {
  const guards = calls.filter((call) => silentSuccess(call) !== undefined);
  const used = new Set<string>();
  const outcomes = await twoAtATime(guards, (call) =>
    injectFault(ground, plan.command, call, { kind: 'return', value: silentSuccess(call) ?? 0n }),
  );
  const faults = outcomes.map((outcome) => judge('no-op', kind, outcome, used)).filter((fault) => fault !== undefined);
  return [...faults, ...missed(outcomes), ...unused(kind, unusedReasons('no-op', used))];
}

/** Loops make one kind of call many times: the first two and the last two stand for all. */
export function withoutMiddles(list: readonly Call[]): readonly Call[] {
  const kinds = new Map<string, Call[]>();
  for (const call of list) {
    const kind = [call.role, call.name, call.arguments[LOOPED[call.name] ?? -1] ?? call.occurrence].join(' ');
    kinds.set(kind, [...(kinds.get(kind) ?? []), call]);
  }
  return [...kinds.values()].flatMap((calls) =>
    calls.length > 4 ? [...calls.slice(0, 2), ...calls.slice(-2)] : calls,
  );
}

/** Made as often as it takes until something comes: how often differs from run to run, with the load of the machine. */
const WAITS = new Set(['poll', 'sched_yield', 'nanosleep', 'clock_nanosleep', 'futex']);

/** A call that does not come again was not tried; of one that waits, it is enough that it did come. */
function missed(outcomes: readonly { readonly hit: boolean; readonly call: Call }[]): readonly string[] {
  const kindOf = ({ role, name }: Call): string => `${role} ${name}`;
  const met = new Set(outcomes.filter(({ hit }) => hit).map(({ call }) => kindOf(call)));
  const names = outcomes
    .filter(({ hit, call }) => !hit && !(WAITS.has(call.name) && met.has(kindOf(call))))
    .map(({ call }) => `${kindOf(call)}#${call.occurrence}`);
  return names.length < outcomes.length / 50 ? [] : [`calls that did not come again: ${names.join(', ')}`];
}

const unused = (kind: PlanKind, reasons: readonly string[]): readonly string[] =>
  kind !== 'usual' ? [] : reasons.map((reason) => `is listed as harmless and never was: ${reason}`);
