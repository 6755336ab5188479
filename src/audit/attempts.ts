/** What the attempt records of one trail say together, and whether they agree with each other. */
import type { RecordOf } from './record.js';

type Attempt = RecordOf<'attempt'>;
export type Sums = { denied: number; killed: number; continued: number };

type Kind = {
  /** The first record of a kind of attempt. */
  readonly first: Attempt;
  /** How many of its kind are in records of counts so far. */
  recorded: number;
};

/** Collects attempts in the order of the trail. */
export class AttemptLedger {
  readonly sums: Sums = { denied: 0, killed: 0, continued: 0 };
  readonly #kinds = new Map<number, Kind>();

  /** Takes the next attempt. Returns what contradicts the records before it, undefined where nothing does. */
  add(attempt: Attempt): string | undefined {
    this.sums[attempt.verdict] += attempt.count;
    if (attempt.same_as === null) {
      this.#kinds.set(attempt.seq, { first: attempt, recorded: 0 });
      return attempt.count === 1 && attempt.total === null ? undefined : 'counts attempts without saying of what kind';
    }
    const kind = this.#kinds.get(attempt.same_as);
    if (kind === undefined || !isSameKind(kind.first, attempt)) return 'counts attempts of a kind that is not there';
    kind.recorded += attempt.count;
    return attempt.total === kind.recorded ? undefined : 'counts another number of attempts than it sums up to';
  }

  /** The first record of the kind that `seq` began, and how many of it are in records of counts. */
  kindOf(seq: number): Kind | undefined {
    return this.#kinds.get(seq);
  }
}

function isSameKind(first: Attempt, counted: Attempt): boolean {
  return (
    first.call === counted.call &&
    first.number === counted.number &&
    first.architecture === counted.architecture &&
    first.verdict === counted.verdict &&
    first.errno === counted.errno &&
    first.rule === counted.rule &&
    first.severity === counted.severity &&
    first.technique === counted.technique &&
    first.pid === counted.pid
  );
}
