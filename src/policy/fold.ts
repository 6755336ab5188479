/** What the modules that add one layer to a policy share: the layer, its faults, the origin of its rules. */
import type { Fault } from '../base/errors.js';
import { MAX_FAULTS } from '../base/json-file.js';
import type { MountFlags } from './compiled.js';
import { type PolicyErrorCode, refuseFaults } from './errors.js';
import type { Origin } from './policy.js';
import { faultAt, type Layer } from './read.js';

export type Fold = {
  readonly layer: Layer;
  readonly faults: Fault[];
  /** Those of `faults` that time alone has made. */
  readonly expired: Set<Fault>;
  /** Alternatives of conditions that the file may still have. */
  room: number;
  /** The day as 2026-11-21: what expired before it is refused. */
  readonly today: string;
};

type Written = {
  readonly why: string;
  readonly owner?: string | undefined;
  readonly ticket?: string | undefined;
  readonly expires?: string | undefined;
};

/** Tells a fault of this layer. @throws {PolicyError} POLICY_INVALID at the hundredth: looking for more takes time */
export function tell(fold: Fold, pointer: string, message: string, hint?: string): void {
  fold.faults.push(faultAt(fold.layer, pointer, message, hint));
  if (fold.faults.length >= MAX_FAULTS) refuseFaults(codeOf(fold), fold.faults);
}

/** What the faults of a layer are called together. */
export const codeOf = ({ faults, expired }: Fold): PolicyErrorCode =>
  faults.length === expired.size ? 'POLICY_EXPIRED' : 'POLICY_INVALID';

/** Tells a fault where `day` has passed, or is none. */
export function tellExpired(fold: Fold, pointer: string, day: string, message: string, hint: string): void {
  if (!isDay(fold, pointer, day) || day >= fold.today) return;
  const fault = faultAt(fold.layer, pointer, `${message} expired on ${day}`, hint);
  fold.expired.add(fault);
  fold.faults.push(fault);
}

/** The origin of what stands at `pointer`; an expired entry is a fault. */
export function originOf(fold: Fold, pointer: string, entry: Written): Origin {
  const { why, owner, ticket, expires } = entry;
  if (expires !== undefined)
    tellExpired(fold, `${pointer}/expires`, expires, 'this exception', 'renew it with its owner, or remove it');
  return { rule: `${fold.layer.name}#${pointer}`, why, owner, ticket, expires };
}

/** Whether the calendar has the day; the schema has looked at its form alone. One that it has not is a fault. */
export function isDay(fold: Fold, pointer: string, day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  const isReal = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
  if (!isReal) tell(fold, pointer, `there is no day ${day}`, 'write a day of the calendar');
  return isReal;
}

/** More conditions than this have no room in a filter, which has 4096 instructions; the compiler takes seconds for more. */
export const MAX_CONDITIONS = 1024;

const UNITS: Readonly<Record<string, bigint>> = { B: 1n, KiB: 1024n, MiB: 1024n ** 2n, GiB: 1024n ** 3n };

/** Bytes of a size as the schema spells it; undefined: `unlimited`. */
export function bytesOf(text: string): bigint | undefined {
  if (text === 'unlimited') return undefined;
  const [, number = '0', unit = 'B'] = /^([0-9]+)([A-Za-z]*)$/.exec(text) ?? [];
  return BigInt(number) * (UNITS[unit] ?? 1n);
}

export function mountFlagsOf(flags: readonly string[]): MountFlags {
  return { noexec: flags.includes('noexec'), nosuid: flags.includes('nosuid'), nodev: flags.includes('nodev') };
}
