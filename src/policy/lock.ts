/** `lock`: places of a policy that what extends it may tighten, not loosen. */
import { schema } from '../../generated/policy-schema.js';
import type { Fault } from '../base/errors.js';
import { type Fold, tell } from './fold.js';
import { meantOr } from './hint.js';
import type { PolicyMeaning } from './policy.js';
import { faultAt, type Layer } from './read.js';
import type { Widening } from './widenings.js';

/** Tells locks on places that no policy has: a misspelt lock would lock nothing. */
export function checkLocks(fold: Fold): void {
  (fold.layer.file.lock ?? []).forEach((pointer, index) => {
    let here: unknown = schema;
    for (const step of pointer.split('/').slice(1)) {
      const known = propertiesOf(here);
      const next = Object.hasOwn(known, step) ? known[step] : undefined;
      if (next === undefined) {
        tell(fold, `/lock/${index}`, `no policy has a place ${pointer}`, meantOr(step, Object.keys(known)));
        return;
      }
      here = next;
    }
  });
}

function propertiesOf(place: unknown): Readonly<Record<string, unknown>> {
  if (typeof place !== 'object' || place === null || !('properties' in place)) return {};
  const { properties } = place;
  return typeof properties === 'object' && properties !== null ? (properties as Record<string, unknown>) : {};
}

/** The faults of `layer`: what it widens at a place that a parent locked. */
export function lockFaults(
  locks: PolicyMeaning['lock'],
  widenings: readonly Widening[],
  layer: Layer,
): readonly Fault[] {
  return widenings.flatMap(({ pointer, message }) => {
    const lock = locks.find((one) => isAtOrBelow(pointer, one.pointer) || isAtOrBelow(one.pointer, pointer));
    if (lock === undefined) return [];
    return [faultAt(layer, pointer, `${message}: ${lock.rule} locks ${lock.pointer}`, 'leave it as it is inherited')];
  });
}

const isAtOrBelow = (pointer: string, place: string): boolean => pointer === place || pointer.startsWith(`${place}/`);
