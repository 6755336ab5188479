/**
 * A filter in rules that libseccomp compiles faithfully.
 *
 * It keeps a tree of comparisons and no order of rules, and goes wrong in two
 * ways (2.5.4, and main of July 2026). Where rules of one call with different
 * actions meet, the tree decides and not their order. And what follows an
 * ordered comparison is shared by its two ways to hold: rules with other bounds
 * get conditions of each other, a level leads to itself, or a word is compared
 * that was not loaded. Equalities and masks that lead to one action it has
 * never got wrong. So calls with other rules are said anew: what each action
 * is given for, as masks of which those of two actions never meet.
 *
 * @see _db_rule_gen_64() and _db_tree_add() in db.c of libseccomp, _gen_bpf_build_bpf() in gen_bpf.c
 */
import { encodeAction } from './bpf.js';
import { maskOf, mergeConditions } from './conditions.js';
import { type Decision, DecisionSpace } from './decision.js';
import { coverOf } from './decision-cover.js';
import { allOf } from './decision-filter.js';
import { FilterError } from './errors.js';
import type { Action, ArgumentIndex, Condition, Filter, Rule } from './filter.js';
import type { Term } from './term.js';

/**
 * A filter that means the same; `filter` itself where all of its calls are harmless, as most are.
 * @throws {FilterError} FILTER_NEVER_MATCHES
 */
export function restateForLibseccomp(filter: Filter): Filter {
  const calls = rulesByCall(filter);
  let isRestated = false;
  for (const [call, rules] of calls) {
    const restated = isHarmless(rules) ? undefined : restate(rules, filter.defaultAction);
    if (restated === undefined) continue;
    isRestated = true;
    calls.set(call, restated);
  }
  return isRestated ? { ...filter, rules: [...calls.values()].flat() } : filter;
}

function rulesByCall({ rules }: Filter): Map<string, readonly Rule[]> {
  const calls = new Map<string, Rule[]>();
  for (const rule of rules) {
    const before = calls.get(rule.syscall);
    if (before === undefined) calls.set(rule.syscall, [rule]);
    else before.push(rule);
  }
  return calls;
}

/** Of 100,000 random calls of these kinds libseccomp had none wrong. */
function isHarmless(rules: readonly Rule[]): boolean {
  if (rules.length < 2) return true;
  const isOrdered = rules.some(({ when }) => when.some(isOrder));
  const actions = new Set(rules.map(({ action }) => encodeAction(action)));
  if (actions.size > 1) return !isOrdered && rules.every((rule, index) => isApart(rule, rules.slice(0, index)));
  return !isOrdered || haveOrdersLast(rules);
}

/** Whether no call meets both `rule` and one of `others` with another action, by what they say of one argument. */
function isApart(rule: Rule, others: readonly Rule[]): boolean {
  const action = encodeAction(rule.action);
  return others.every((other) => encodeAction(other.action) === action || excludeEachOther(rule, other));
}

const excludeEachOther = (one: Rule, other: Rule): boolean =>
  one.when.some((a) => other.when.some((b) => a.arg === b.arg && ((a.value ^ b.value) & maskOf(a) & maskOf(b)) !== 0n));

/**
 * Whether each rule has at most one order, behind which it compares nothing,
 * with other conditions before it than any other order of that argument.
 */
function haveOrdersLast(rules: readonly Rule[]): boolean {
  const places = new Set<string>();
  for (const { when } of rules) {
    const order = when.find(isOrder);
    if (order === undefined) continue;
    const before = when.filter((condition) => condition !== order);
    if (order.compare === 'ne' || before.some((one) => isOrder(one) || one.arg >= order.arg)) return false;
    const place = `${before.map(textOf).sort().join()} ${order.arg}`;
    if (places.has(place)) return false;
    places.add(place);
  }
  return true;
}

const textOf = (condition: Condition): string => `${condition.arg} ${condition.value} ${maskOf(condition)}`;
const isOrder = ({ compare }: Condition): boolean => compare !== 'eq' && compare !== 'masked';

/** Some hundredths of a second's worth. */
const MOST_NODES = 1 << 16;
/** More have no room in a program. */
const MOST_RULES = 500;

/** `rules` of one call anew; undefined where that takes more of them than a program has room for. */
function restate(rules: readonly Rule[], byDefault: Action): readonly Rule[] | undefined {
  for (const rule of rules) mergeConditions(rule);
  try {
    return disjointRules(new DecisionSpace(MOST_NODES), rules, byDefault);
  } catch (error) {
    if (error instanceof FilterError && error.code === 'FILTER_TOO_COMPLEX') return undefined;
    throw error;
  }
}

function disjointRules(space: DecisionSpace, rules: readonly Rule[], byDefault: Action): readonly Rule[] | undefined {
  const { regions, left } = regionsOf(space, rules, byDefault);
  const parts = regions.map((region) => ({ region, said: rulesOf(space, region) }));
  parts.sort((a, b) => lengthOf(a.said) - lengthOf(b.said));
  const widest = left === space.no ? parts.pop() : undefined;
  const said = parts.map((part) => part.said);
  if (widest !== undefined) said.push([everywhereElse(widest.region.rules, said.length > 0)]);
  return said.reduce((sum, part) => sum + lengthOf(part), 0) > MOST_RULES
    ? undefined
    : said.flatMap((part) => part ?? []);
}

const lengthOf = (rules: readonly Rule[] | undefined): number => rules?.length ?? MOST_RULES + 1;

/** Where one action is given, and the rules that give it. */
type Region = { readonly where: Decision; readonly rules: readonly [Rule, ...Rule[]] };

/** By the order of rules; what is `left` gets the default action. */
function regionsOf(
  space: DecisionSpace,
  rules: readonly Rule[],
  byDefault: Action,
): { readonly regions: readonly Region[]; readonly left: Decision } {
  const regions = new Map<number, Region>();
  let open = space.yes;
  let left = space.no;
  for (const rule of rules) {
    const action = encodeAction(rule.action);
    const decided = space.choose(open, allOf(space, rule.when), space.no);
    open = space.choose(decided, space.no, open);
    if (decided === space.no) continue;
    const before = regions.get(action);
    if (action === encodeAction(byDefault)) left = space.choose(decided, space.yes, left);
    else if (before === undefined) regions.set(action, { where: decided, rules: [rule] });
    else regions.set(action, { where: space.choose(decided, space.yes, before.where), rules: [...before.rules, rule] });
  }
  return { regions: [...regions.values()], left: space.choose(open, space.yes, left) };
}

/** The region as it was written, where no order is in it and no rule before it takes from it, or as masks: what is shorter. */
function rulesOf(space: DecisionSpace, { where, rules }: Region): readonly Rule[] | undefined {
  const [{ syscall, action }] = rules;
  const written = rules.reduce((all, { when }) => space.choose(allOf(space, when), space.yes, all), space.no);
  const canStay = written === where && !rules.some(({ when }) => when.some(isOrder));
  const terms = coverOf(space, where, canStay ? rules.length - 1 : MOST_RULES);
  return terms?.map((term) => ({ syscall, action, when: conditionsOf(term) })) ?? (canStay ? rules : undefined);
}

/** Bits alone: coverOf() knows nothing else. */
function conditionsOf(term: Term): Condition[] {
  return term.flatMap((part): Condition[] => {
    if (part.kind !== 'bits') return [];
    const arg = part.argument as ArgumentIndex;
    return [{ arg, width: part.mask > LOW ? 64 : 32, compare: 'masked', mask: part.mask, value: part.value }];
  });
}

const LOW = 0xffff_ffffn;

/** libseccomp looks at the lowest argument last, and at lower bounds of it after everything else; this one always holds. */
const everywhereElse = ([{ syscall, action }]: Region['rules'], hasOthers: boolean): Rule => ({
  syscall,
  action,
  when: hasOthers ? [{ arg: 0, width: 64, compare: 'ge', value: 0n }] : [],
});
