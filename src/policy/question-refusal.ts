/** A question that `--why` cannot answer. */
import { PolicyError } from './errors.js';

/** The error that quotes `asked`, cut where it is too long for a line. */
export function questionRefusal(asked: string, what: string, hint: string): PolicyError {
  const shown = asked.length <= 80 ? asked : `${asked.slice(0, 80)}…`;
  return new PolicyError('POLICY_QUESTION', `--why: "${shown}" ${what}`, { hint });
}
