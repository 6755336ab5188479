/** A condition on arguments as few terms that people can read. */
import { wordOf } from './bpf.js';
import { type Decision, type DecisionSpace, LEAF_LEVEL } from './decision.js';
import { coverOf } from './decision-cover.js';
import { termsByArgument } from './decision-values.js';
import { bitAtLevel } from './decision-words.js';
import { costOf, type Term } from './term.js';

export type Terms =
  /** One of the terms holds. */
  | { readonly kind: 'any'; readonly terms: readonly Term[] }
  /** None of the terms holds. */
  | { readonly kind: 'none'; readonly terms: readonly Term[] }
  /** Too many to be read, or of something that is no argument. */
  | { readonly kind: 'many' };

const WORD_FIRST_ARGUMENT = wordOf(0, 'low');

/** What one term with one value costs: nothing is shorter. */
const ONE_LOOK = costOf([[{ kind: 'bits', argument: 0, mask: 1n, value: 1n }]]);

/** `condition`, whose leaves are yes and no, in at most `most` terms. */
export function termsOf(space: DecisionSpace, condition: Decision, most = 8): Terms {
  if (asksForInstruction(space, condition)) return { kind: 'many' };
  const opposite = (): Decision => space.choose(condition, space.no, space.yes);
  const ways: readonly (readonly ['any' | 'none', () => readonly Term[] | undefined])[] = [
    ['any', () => coverOf(space, condition, most)],
    ['any', () => termsByArgument(space, condition, most)],
    ['none', () => coverOf(space, opposite(), most)],
    ['none', () => termsByArgument(space, opposite(), most)],
  ];
  let shortest: { readonly kind: 'any' | 'none'; readonly terms: readonly Term[]; readonly cost: number } | undefined;
  for (const [kind, termsIn] of ways) {
    if (shortest !== undefined && shortest.cost <= ONE_LOOK) break;
    const terms = termsIn();
    if (terms === undefined) continue;
    const cost = costOf(terms) + (kind === 'any' ? 0 : 1);
    if (shortest === undefined || cost < shortest.cost) shortest = { kind, terms, cost };
  }
  return shortest === undefined ? { kind: 'many' } : { kind: shortest.kind, terms: shortest.terms };
}

/** Whether where the call was made from matters. */
function asksForInstruction(space: DecisionSpace, condition: Decision): boolean {
  const seen = new Set<Decision>();
  const visit = (here: Decision): boolean => {
    const level = space.levelOf(here);
    if (level === LEAF_LEVEL || seen.has(here)) return false;
    seen.add(here);
    if (bitAtLevel(level).word < WORD_FIRST_ARGUMENT) return true;
    return visit(space.lowOf(here, level)) || visit(space.highOf(here, level));
  };
  return visit(condition);
}
