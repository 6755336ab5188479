/**
 * Decisions over `struct seccomp_data`, in one form for each meaning.
 *
 * A decision is a binary decision diagram over the 512 bits of the structure
 * with numbers at its leaves: each node asks one bit, no way asks a bit twice,
 * the bits are always asked in the same order, and no two nodes are the same.
 * So two decisions of one space are equal for every one of the 2^512 calls
 * exactly if they are the same node. Whatever is loop-free can be turned into
 * one: programs, filters, policies.
 *
 * @see R. Bryant, Graph-Based Algorithms for Boolean Function Manipulation, 1986
 */
import { FilterError } from './errors.js';

/** A node of one DecisionSpace. */
export type Decision = number & { readonly brand: 'decision' };

/** Below every bit. */
export const LEAF_LEVEL = 512;
const MOST_NODES = 1 << 20;
const FIRST_NODES = 1 << 12;
/** Steps of choose() and combine(): some seconds' worth. */
const MOST_STEPS = 20_000_000;

/** Nodes that share their parts. Decisions of different spaces cannot be compared. */
export class DecisionSpace {
  #count = 0;
  #levels = new Int32Array(FIRST_NODES);
  #lows = new Int32Array(FIRST_NODES);
  #highs = new Int32Array(FIRST_NODES);
  /** Open addressing: the number of a node and one, or 0. */
  #table = new Int32Array(FIRST_NODES * 2);
  /** Results of choose() by its arguments, two for each node there is room for; an older one makes room. */
  #kept = new Int32Array(FIRST_NODES * 2 * 4);
  #steps = 0;
  readonly #mostNodes: number;

  readonly no: Decision;
  readonly yes: Decision;

  constructor(mostNodes = MOST_NODES) {
    this.#mostNodes = mostNodes;
    this.no = this.leaf(0);
    this.yes = this.leaf(1);
  }

  /** The decision that is `value` (32 bits, unsigned) for every call. */
  leaf(value: number): Decision {
    return this.#shared(LEAF_LEVEL, value | 0, -1);
  }

  /** The value of a leaf; undefined for a decision that asks something. */
  valueOf(decision: Decision): number | undefined {
    return this.#levels[decision] === LEAF_LEVEL ? (this.#lows[decision] ?? 0) >>> 0 : undefined;
  }

  /** `low` where the bit at `level` is 0 and `high` where it is 1; both ask only bits below it. */
  ask(level: number, low: Decision, high: Decision): Decision {
    return low === high ? low : this.#shared(level, low, high);
  }

  /** The bit that is asked first; LEAF_LEVEL where none is. */
  levelOf(decision: Decision): number {
    return this.#levels[decision] ?? LEAF_LEVEL;
  }

  /** `decision` where the bit at `level` is 0 (1 for `highOf`); no bit above it may be asked. */
  lowOf(decision: Decision, level: number): Decision {
    return this.#levels[decision] === level ? (this.#lows[decision] as Decision) : decision;
  }

  highOf(decision: Decision, level: number): Decision {
    return this.#levels[decision] === level ? (this.#highs[decision] as Decision) : decision;
  }

  /** `whenYes` where `condition` (of which the leaves are `yes` and `no`) holds, and `whenNo` elsewhere. */
  choose(condition: Decision, whenYes: Decision, whenNo: Decision): Decision {
    if (condition === this.yes || whenYes === whenNo) return whenYes;
    if (condition === this.no) return whenNo;
    const known = this.#keptAt(condition, whenYes, whenNo);
    if (known !== undefined) return known;
    this.#countStep();
    const level = Math.min(this.levelOf(condition), this.levelOf(whenYes), this.levelOf(whenNo));
    const low = this.choose(this.lowOf(condition, level), this.lowOf(whenYes, level), this.lowOf(whenNo, level));
    const high = this.choose(this.highOf(condition, level), this.highOf(whenYes, level), this.highOf(whenNo, level));
    const chosen = this.ask(level, low, high);
    this.#keep(condition, whenYes, whenNo, chosen);
    return chosen;
  }

  #keptAt(condition: Decision, whenYes: Decision, whenNo: Decision): Decision | undefined {
    const kept = this.#kept;
    const slot = (hash(condition, whenYes, whenNo) & (kept.length / 4 - 1)) * 4;
    const isIt = kept[slot] === condition && kept[slot + 1] === whenYes && kept[slot + 2] === whenNo;
    return isIt ? (kept[slot + 3] as Decision) : undefined;
  }

  /** In the table as it is now: it may have grown since it was asked. */
  #keep(condition: Decision, whenYes: Decision, whenNo: Decision, chosen: Decision): void {
    const kept = this.#kept;
    const slot = (hash(condition, whenYes, whenNo) & (kept.length / 4 - 1)) * 4;
    kept[slot] = condition;
    kept[slot + 1] = whenYes;
    kept[slot + 2] = whenNo;
    kept[slot + 3] = chosen;
  }

  #countStep(): void {
    if (++this.#steps > MOST_STEPS) throw tooComplex('distinctions that multiply');
  }

  /** For every call the value that `combination` makes of what `a` and `b` say. */
  combine(a: Decision, b: Decision, combination: (a: number, b: number) => number): Decision {
    const known = new Map<number, Decision>();
    const visit = (x: Decision, y: Decision): Decision => {
      const key = x * MOST_NODES + y;
      const before = known.get(key);
      if (before !== undefined) return before;
      this.#countStep();
      const level = Math.min(this.levelOf(x), this.levelOf(y));
      const made =
        level === LEAF_LEVEL
          ? this.leaf(combination(this.valueOf(x) ?? 0, this.valueOf(y) ?? 0))
          : this.ask(
              level,
              visit(this.lowOf(x, level), this.lowOf(y, level)),
              visit(this.highOf(x, level), this.highOf(y, level)),
            );
      known.set(key, made);
      return made;
    };
    return visit(a, b);
  }

  /** The value for the call whose bit at `level` is `bitAt(level)`. */
  evaluate(decision: Decision, bitAt: (level: number) => boolean): number {
    let here = decision;
    for (let level = this.levelOf(here); level !== LEAF_LEVEL; level = this.levelOf(here))
      here = bitAt(level) ? this.highOf(here, level) : this.lowOf(here, level);
    return this.valueOf(here) ?? 0;
  }

  #shared(level: number, low: number, high: number): Decision {
    const mask = this.#table.length - 1;
    let slot = hash(level, low, high) & mask;
    for (let entry = this.#table[slot] ?? 0; entry !== 0; entry = this.#table[slot] ?? 0) {
      const node = entry - 1;
      if (this.#levels[node] === level && this.#lows[node] === low && this.#highs[node] === high)
        return node as Decision;
      slot = (slot + 1) & mask;
    }
    if (this.#count === this.#levels.length) {
      this.#grow();
      return this.#shared(level, low, high);
    }
    const node = this.#count++;
    this.#levels[node] = level;
    this.#lows[node] = low;
    this.#highs[node] = high;
    this.#table[slot] = node + 1;
    return node as Decision;
  }

  #grow(): void {
    const size = this.#levels.length * 2;
    if (size > this.#mostNodes) throw tooComplex(`more than ${this.#mostNodes / 2} distinctions`);
    const wider = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(size);
      grown.set(old);
      return grown;
    };
    this.#levels = wider(this.#levels);
    this.#lows = wider(this.#lows);
    this.#highs = wider(this.#highs);
    this.#kept = new Int32Array(size * 2 * 4);
    this.#table = new Int32Array(size * 2);
    const mask = this.#table.length - 1;
    for (let node = 0; node < this.#count; node++) {
      let slot = hash(this.#levels[node] ?? 0, this.#lows[node] ?? 0, this.#highs[node] ?? 0) & mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
      this.#table[slot] = node + 1;
    }
  }
}

/** A refusal, not a guess: what cannot be told exactly is not told. */
export function tooComplex(why: string): FilterError {
  return new FilterError('FILTER_TOO_COMPLEX', 'the filter is too complex to be told exactly', {
    why: `it makes ${why}`,
    hint: 'compare whole words with single values, ranges or a few masks',
  });
}

function hash(a: number, b: number, c: number): number {
  let mixed = Math.imul(a, 0x9e37_79b1) ^ Math.imul(b, 0x85eb_ca6b) ^ Math.imul(c, 0xc2b2_ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b_3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
