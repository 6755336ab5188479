/** `lock`: places of a policy that what extends it may tighten, not loosen. */
import { POLICY_PLACES } from '../../generated/policy-places.js';
import type { Fault } from '../base/errors.js';
import { type Fold, tell } from './fold.js';
import { meantOr } from './hint.js';
import type { PolicyMeaning } from './policy.js';
import { faultAt, type Layer } from './read.js';
import type { Widening } from './widenings.js';

/** Tells locks on places that no policy has: a misspelt lock would lock nothing. */
export function checkLocks(fold: Fold): void {
  (fold.layer.file.lock ?? []).forEach((pointer, index) => {
    let here = POLICY_PLACES;
    for (const step of pointer.split('/').slice(1)) {
      const next = Object.hasOwn(here, step) ? here[step] : undefined;
      if (next === undefined) {
        tell(fold, `/lock/${index}`, `no policy has a place ${pointer}`, meantOr(step, Object.keys(here)));
        return;
      }
      here = next;
    }
  });
}

/** The faults of `layer`: what it widens at a place that a parent locked. */
export function lockFaults(
  locks: PolicyMeaning['lock'],
  widenings: readonly Widening[],
  layer: Layer,
): readonly Fault[] {
  return widenings.flatMap(({ pointer, message }) => {
    const lock = lockAt(locks, pointer);
    if (lock === undefined) return [];
    return [faultAt(layer, pointer, `${message}: ${lock.rule} locks ${lock.pointer}`, 'leave it as it is inherited')];
  });
}

/** The lock that holds what stands at `pointer`, or a part of it. */
export function lockAt(locks: PolicyMeaning['lock'], pointer: string): PolicyMeaning['lock'][number] | undefined {
  return locks.find((one) => isAtOrBelow(pointer, one.pointer) || isAtOrBelow(one.pointer, pointer));
}

const isAtOrBelow = (pointer: string, place: string): boolean => pointer === place || pointer.startsWith(`${place}/`);
