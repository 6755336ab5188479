/** Hints for names that are not known. */
import { nearestName } from '../base/nearest.js';

/** "did you mean …" where a known name is near; else what is known, as far as a line holds it. */
export function meantOr(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (known.length === 0) return 'nothing is known here';
  const shown = known.slice(0, 24).join(', ');
  return known.length > 24 ? `known are ${shown} and ${known.length - 24} more` : `known: ${shown}`;
}
