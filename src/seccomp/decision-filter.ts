/** A filter's plain meaning as a decision, without any compiler: the same definition as meaningOf(), for every call at once. */
import { AUDIT_ARCH_X86_64, encodeAction, WORD_ARCH, WORD_NR, X32_BIT } from './bpf.js';
import { type WordCondition, wordsOf } from './conditions.js';
import type { Decision, DecisionSpace } from './decision.js';
import { argumentAtLeast, argumentEquals, bitsOfWord, chooseByNumber, exceeds, wordEquals } from './decision-words.js';
import type { Condition, Filter, Rule } from './filter.js';
import { syscallNumber } from './syscalls.js';
import { effectOf } from './verdict.js';

/** What a tracer writes over the number of a call that is not to happen. No call of any ABI. */
const NO_CALL = 0xffff_ffff;

/**
 * The verdict on every call, as a program of the filter returns it.
 * @throws {FilterError} FILTER_UNKNOWN_SYSCALL, FILTER_TOO_COMPLEX
 */
export function decisionOfFilter(space: DecisionSpace, filter: Filter): Decision {
  const verdict = (action: Rule['action']): Decision => space.leaf(effectOf(encodeAction(action)));
  const byDefault = verdict(filter.defaultAction);
  const foreign = verdict(filter.foreignAction);
  const number = bitsOfWord(space, WORD_NR);
  const isOtherAbi = space.choose(
    exceeds(space, number, X32_BIT, true),
    space.choose(wordEquals(space, WORD_NR, NO_CALL), space.no, space.yes),
    space.no,
  );
  const own = chooseByNumber(
    space,
    WORD_NR,
    [...rulesByNumber(filter)].map(([nr, rules]) => [nr, firstOf(space, rules, verdict, byDefault)]),
    byDefault,
  );
  return space.choose(wordEquals(space, WORD_ARCH, AUDIT_ARCH_X86_64), space.choose(isOtherAbi, foreign, own), foreign);
}

/** The verdict on call `nr` of `arch` for every instruction pointer and argument, the two being known. */
export function decisionOfCall(space: DecisionSpace, filter: Filter, arch: number, nr: number): Decision {
  const verdict = (action: Rule['action']): Decision => space.leaf(effectOf(encodeAction(action)));
  if (arch !== AUDIT_ARCH_X86_64 || (nr >= X32_BIT && nr !== NO_CALL)) return verdict(filter.foreignAction);
  const rules = filter.rules.filter(({ syscall }) => syscallNumber(syscall) === nr);
  return firstOf(space, rules, verdict, verdict(filter.defaultAction));
}

function rulesByNumber(filter: Filter): Map<number, Rule[]> {
  const rules = new Map<number, Rule[]>();
  for (const rule of filter.rules) {
    const nr = syscallNumber(rule.syscall);
    rules.set(nr, [...(rules.get(nr) ?? []), rule]);
  }
  return rules;
}

/** The first rule whose conditions all hold decides. */
function firstOf(
  space: DecisionSpace,
  rules: readonly Rule[],
  verdict: (action: Rule['action']) => Decision,
  otherwise: Decision,
): Decision {
  return rules.reduceRight(
    (rest, { when, action }) => space.choose(allOf(space, when), verdict(action), rest),
    otherwise,
  );
}

/** Whether all of `conditions` hold. */
export function allOf(space: DecisionSpace, conditions: readonly Condition[]): Decision {
  return conditions.reduce((all, condition) => space.choose(holds(space, condition), all, space.no), space.yes);
}

function holds(space: DecisionSpace, condition: Condition): Decision {
  const words = wordsOf(condition);
  const not = (decision: Decision): Decision => space.choose(decision, space.no, space.yes);
  const atLeast = (value: bigint): Decision => argumentAtLeast(space, condition.arg, value);
  switch (words.compare) {
    case 'masked':
    case 'eq':
      return argumentEquals(space, condition.arg, condition.value, maskOf(words));
    case 'ne':
      return not(argumentEquals(space, condition.arg, condition.value, maskOf(words)));
    case 'ge':
      return atLeast(condition.value);
    case 'lt':
      return not(atLeast(condition.value));
    case 'gt':
      return condition.value === ALL ? space.no : atLeast(condition.value + 1n);
    case 'le':
      return condition.value === ALL ? space.yes : not(atLeast(condition.value + 1n));
  }
}

const ALL = 0xffff_ffff_ffff_ffffn;
const maskOf = ({ highMask, lowMask }: WordCondition): bigint => (BigInt(highMask) << 32n) | BigInt(lowMask);
