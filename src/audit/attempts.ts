/** What the attempt records of one trail say together, and whether they agree with each other. */

import type { RecordOf } from './record.js';
import { spell } from './spelling.js';

type Attempt = RecordOf<'attempt'>;
export type Sums = { denied: number; killed: number; continued: number };

/** What the records of one kind of attempt have in common. */
export type KindOfAttempt = Pick<
  Attempt,
  'call' | 'number' | 'architecture' | 'verdict' | 'errno' | 'rule' | 'severity' | 'technique' | 'pid'
>;

/** One record that counts may refer to. A trail may have many: nothing of them is kept but this. */
type Referable = { readonly kind: KindOfAttempt; recorded: number };

/** Collects attempts in the order of the trail. */
export class AttemptLedger {
  readonly sums: Sums = { denied: 0, killed: 0, continued: 0 };
  readonly #kinds = new Map<string, KindOfAttempt>();
  readonly #records = new Map<number, Referable>();

  /** Takes the next attempt. Returns what contradicts the records before it, undefined where nothing does. */
  add(attempt: Attempt): string | undefined {
    this.sums[attempt.verdict] += attempt.count;
    const kind = this.#kindOf(attempt);
    if (attempt.same_as === null) {
      this.#records.set(attempt.seq, { kind, recorded: 0 });
      return attempt.count === 1 && attempt.total === null ? undefined : 'counts attempts without saying of what kind';
    }
    const first = this.#records.get(attempt.same_as);
    if (first?.kind !== kind) return 'counts attempts of a kind that is not there';
    first.recorded += attempt.count;
    return attempt.total === first.recorded ? undefined : 'counts another number of attempts than it sums up to';
  }

  /** The kind that the record `seq` began, and how many of it are in records of counts. */
  find(seq: number): Readonly<Referable> | undefined {
    return this.#records.get(seq);
  }

  /** The same object for the same kind. */
  #kindOf(attempt: Attempt): KindOfAttempt {
    const { call, number, architecture, verdict, errno, rule, severity, technique, pid } = attempt;
    const kind = { call, number, architecture, verdict, errno, rule, severity, technique, pid };
    const key = spell(kind);
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    this.#kinds.set(key, kind);
    return kind;
  }
}
