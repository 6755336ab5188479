/**
 * Which of a call's rules decides, as libseccomp has it, on which runc and crun rest.
 *
 * It has no order of rules. It keeps a tree whose levels are the halves of
 * arguments, and its programs look at the higher argument first; at one
 * argument, at equalities and masks, then at upper bounds, the smaller first,
 * then at lower bounds, the greater first. A rule without conditions beats all
 * of its call, the first such one all others. A rule that only adds conditions
 * to an earlier one says nothing new; the other way round, with another action,
 * libseccomp refuses both. Of two rules with one action it drops the one that
 * has the other's conditions behind some of its own: what it drops, it cannot
 * refuse.
 *
 * @see _db_chain_lt(), _db_tree_prune() and _db_tree_add() in db.c of libseccomp
 */
import type { Abi } from './abis.js';
import { encodeAction } from './bpf.js';
import type { WordCondition } from './conditions.js';
import type { NumberedRule } from './numbered.js';

/** A rule, where it was written and for which call, for messages. */
export type PlacedRule = NumberedRule & { readonly origin: string; readonly name: string };

export type Precedence =
  | {
      readonly kind: 'ordered';
      readonly rules: readonly PlacedRule[];
      /** Rules that never decide although their action is another: with the one that is before them. */
      readonly dead: readonly { readonly rule: PlacedRule; readonly before: PlacedRule }[];
    }
  /** Two rules that give one call two actions, in an order in which libseccomp refuses them. */
  | { readonly kind: 'contradiction'; readonly rule: PlacedRule; readonly earlier: PlacedRule };

/** One comparison of one half of an argument, as a level of the tree has it. */
type Step = {
  /** What it compares, and whether the rule goes on where that holds or where it does not. */
  readonly key: string;
  /** What it compares alone: rules that share it share a node. */
  readonly node: string;
  readonly word: number;
  readonly rank: number;
  readonly ascending: boolean;
  readonly datum: number;
};
type Entry = { readonly rule: PlacedRule; readonly path: readonly Step[] };

/** The rules of one call of an ABI of `bits`, in the order in which they decide. */
export function orderRules(written: readonly PlacedRule[], bits: Abi['bits']): Precedence {
  const rules = written.map((rule) => ({ ...rule, when: tellingConditions(rule.when) }));
  const everywhere = rules.find(({ when }) => when.length === 0);
  const before = everywhere === undefined ? rules : rules.slice(0, rules.indexOf(everywhere));
  const conditional = orderConditional(before, bits);
  if (everywhere === undefined || conditional.kind === 'contradiction') return conditional;
  const dead = rules.filter((rule) => rule !== everywhere && !isSameAction(rule, everywhere));
  return { kind: 'ordered', rules: [everywhere], dead: dead.map((rule) => ({ rule, before: everywhere })) };
}

function orderConditional(rules: readonly PlacedRule[], bits: Abi['bits']): Precedence {
  const tree = new Tree();
  const dead: { rule: PlacedRule; before: PlacedRule }[] = [];
  for (const rule of rules) {
    const path = rule.when.flatMap((condition) => stepsOf(condition, bits));
    const beginnings = path.map((_, end) => textOf(path.slice(0, end + 1)));
    const whole = beginnings.at(-1) ?? '';
    const before = tree.firstAt(beginnings);
    if (before !== undefined && (isSameAction(before, rule) || before !== tree.firstAt([whole]))) {
      if (!isSameAction(before, rule)) dead.push({ rule, before });
      continue;
    }
    if (tree.covers(rule, path)) continue;
    const earlier = tree.below(whole).find((other) => !isSameAction(other, rule));
    if (earlier !== undefined) return { kind: 'contradiction', rule, earlier };
    for (const other of [...tree.below(whole), ...tree.coveredBy(rule, whole)]) tree.remove(other);
    tree.add({ rule, path }, beginnings);
  }
  return { kind: 'ordered', rules: orderLevel(tree.entries, 0), dead };
}

/** Rules by the places of their conditions, as libseccomp finds those that a new rule makes superfluous, or the other way round. */
class Tree {
  readonly #entries = new Map<PlacedRule, Entry>();
  readonly #byPath = new Map<string, PlacedRule>();
  readonly #byBeginning = new Map<string, Set<PlacedRule>>();
  /** By what stands somewhere behind the first step, with the beginning that ends there. */
  readonly #byInside = new Map<string, { readonly rule: PlacedRule; readonly beginning: string }[]>();

  get entries(): Entry[] {
    return [...this.#entries.values()];
  }

  /** The rule that ends at the first of `beginnings` at which one ends. */
  firstAt(beginnings: readonly string[]): PlacedRule | undefined {
    return beginnings.map((beginning) => this.#byPath.get(beginning)).find((rule) => rule !== undefined);
  }

  below(beginning: string): PlacedRule[] {
    return [...(this.#byBeginning.get(beginning) ?? [])];
  }

  /** Whether a rule of the same action has, and has in one piece, a part of the later conditions of `rule`. */
  covers(rule: PlacedRule, path: readonly Step[]): boolean {
    return insidesOf(path).some(({ text }) => {
      const other = this.#byPath.get(text);
      return other !== undefined && isSameAction(other, rule);
    });
  }

  /** Rules that are `whole` with conditions before and behind it, where no other action is left beside them. */
  coveredBy(rule: PlacedRule, whole: string): PlacedRule[] {
    const holding = this.#byInside.get(whole) ?? [];
    const isAlone = (beginning: string): boolean => this.below(beginning).every((other) => isSameAction(other, rule));
    return holding.filter(({ beginning }) => isAlone(beginning)).map(({ rule: other }) => other);
  }

  add(entry: Entry, beginnings: readonly string[]): void {
    const { rule, path } = entry;
    this.#entries.set(rule, entry);
    this.#byPath.set(beginnings.at(-1) ?? '', rule);
    for (const beginning of beginnings) {
      const begun = this.#byBeginning.get(beginning) ?? new Set();
      this.#byBeginning.set(beginning, begun.add(rule));
    }
    for (const { text, end } of insidesOf(path)) {
      const holding = this.#byInside.get(text) ?? [];
      holding.push({ rule, beginning: beginnings[end] ?? '' });
      this.#byInside.set(text, holding);
    }
  }

  remove(rule: PlacedRule): void {
    const { path } = this.#entries.get(rule) ?? { path: [] };
    this.#entries.delete(rule);
    for (const [end] of path.entries()) {
      const beginning = textOf(path.slice(0, end + 1));
      this.#byBeginning.get(beginning)?.delete(rule);
      if (this.#byPath.get(beginning) === rule) this.#byPath.delete(beginning);
    }
  }
}

/** Every piece of `path` that does not begin where it begins, with the place of its last step. */
function insidesOf(path: readonly Step[]): { readonly text: string; readonly end: number }[] {
  const insides: { text: string; end: number }[] = [];
  for (let start = 1; start < path.length; start++)
    for (let end = start; end < path.length; end++) insides.push({ text: textOf(path.slice(start, end + 1)), end });
  return insides;
}

/** The tree below one place, walked as a program walks it. */
function orderLevel(entries: readonly Entry[], depth: number): PlacedRule[] {
  const [only, another] = entries;
  if (only === undefined || another === undefined) return entries.map(({ rule }) => rule);
  const groups: { readonly step: Step; readonly entries: Entry[] }[] = [];
  const byNode = new Map<string, Entry[]>();
  for (const entry of entries) {
    const step = entry.path[depth];
    if (step === undefined) continue;
    const group = byNode.get(step.node);
    if (group !== undefined) {
      group.push(entry);
      continue;
    }
    const started = [entry];
    byNode.set(step.node, started);
    const at = groups.findIndex((other) => isBefore(step, other.step));
    groups.splice(at === -1 ? groups.length : at, 0, { step, entries: started });
  }
  const ended = entries.filter(({ path }) => path.length === depth).map(({ rule }) => rule);
  return [...ended, ...groups.flatMap((group) => orderLevel(group.entries, depth + 1))];
}

/** Whether a program looks at `a` first; of two that are alike, at the one that was there first. */
function isBefore(a: Step, b: Step): boolean {
  if (a.word !== b.word) return a.word > b.word;
  if (a.rank !== b.rank) return a.rank > b.rank;
  return a.ascending ? a.datum < b.datum : a.datum > b.datum;
}

const EXACT = 3;
const UPPER_BOUND = 2;
const LOWER_BOUND = 1;

function stepsOf(condition: WordCondition, bits: Abi['bits']): Step[] {
  const { compare, lowWord, highWord, low, high, lowMask, highMask } = condition;
  const rank = rankOf(compare);
  const step = (word: number, datum: number, mask: number): Step => ({
    key: `${word} ${compare} ${datum} ${mask}`,
    node: `${word} ${operatorOf(compare, word === highWord)} ${datum} ${mask}`,
    word,
    rank,
    ascending: rank === UPPER_BOUND,
    datum,
  });
  const lowStep = step(lowWord, low, lowMask);
  return bits === 32 ? [lowStep] : [step(highWord, high, highMask), lowStep];
}

function rankOf(compare: WordCondition['compare']): number {
  switch (compare) {
    case 'eq':
    case 'ne':
    case 'masked':
      return EXACT;
    case 'lt':
    case 'le':
      return UPPER_BOUND;
    case 'gt':
    case 'ge':
      return LOWER_BOUND;
  }
}

/** Of each pair of opposites, the tree has one, and goes on at its other side. High halves are compared by `gt` first. */
function operatorOf(compare: WordCondition['compare'], isHigh: boolean): string {
  switch (compare) {
    case 'masked':
      return 'masked';
    case 'eq':
    case 'ne':
      return 'eq';
    case 'gt':
    case 'le':
      return 'gt';
    case 'ge':
    case 'lt':
      return isHigh ? 'gt' : 'ge';
  }
}

const textOf = (path: readonly Step[]): string => path.map(({ key }) => key).join('; ');

/** Without those that every value meets, by argument. */
const tellingConditions = (when: readonly WordCondition[]): WordCondition[] =>
  when
    .filter((c) => c.compare !== 'masked' || c.lowMask !== 0 || c.highMask !== 0)
    .toSorted((a, b) => a.lowWord - b.lowWord);

const isSameAction = (a: NumberedRule, b: NumberedRule): boolean => encodeAction(a.action) === encodeAction(b.action);
