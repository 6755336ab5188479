/** What the modules that add one layer to a policy share: the layer, its faults, the origin of its rules. */
import type { Fault } from '../base/errors.js';
import type { MountFlags } from './compiled.js';
import type { Origin } from './policy.js';
import { faultAt, type Layer } from './read.js';

export type Fold = {
  readonly layer: Layer;
  readonly faults: Fault[];
  /** The day as 2026-11-21: what expired before it is refused. */
  readonly today: string;
};

type Written = {
  readonly why: string;
  readonly owner?: string | undefined;
  readonly ticket?: string | undefined;
  readonly expires?: string | undefined;
};

/** Tells a fault of this layer. */
export function tell(fold: Fold, pointer: string, message: string, hint?: string): void {
  fold.faults.push(faultAt(fold.layer, pointer, message, hint));
}

/** The origin of what stands at `pointer`; an expired entry is a fault. */
export function originOf(fold: Fold, pointer: string, entry: Written): Origin {
  const { why, owner, ticket, expires } = entry;
  if (expires !== undefined && expires < fold.today)
    tell(fold, `${pointer}/expires`, `this exception expired on ${expires}`, 'renew it with its owner, or remove it');
  return { rule: `${fold.layer.name}#${pointer}`, why, owner, ticket, expires };
}

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
