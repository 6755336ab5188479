/**
 * What a rule's conditions mean, on the two 32-bit halves of each argument,
 * which is how the seccomp machine sees them.
 */
import { wordOf } from './bpf.js';
import { FilterError } from './errors.js';
import type { ArgumentIndex, Condition, Rule } from './filter.js';

const LOW = 0xffff_ffffn;
const ALL = 0xffff_ffff_ffff_ffffn;

/** A condition ready to be evaluated without 64-bit arithmetic. Words are indices into `struct seccomp_data`. */
export type WordCondition = {
  readonly lowWord: number;
  readonly highWord: number;
  readonly compare: Condition['compare'];
  readonly low: number;
  readonly high: number;
  /** All ones where the comparison has no mask. */
  readonly lowMask: number;
  readonly highMask: number;
};

/** `condition` on words. A 32-bit argument has no high half: the kernel ignores what stands there. */
export function wordsOf(condition: Condition): WordCondition {
  const mask = maskOf(condition);
  return {
    lowWord: wordOf(condition.arg, 'low'),
    highWord: wordOf(condition.arg, 'high'),
    compare: condition.width === 32 ? 'masked' : condition.compare,
    low: Number(condition.value & LOW),
    high: Number(condition.value >> 32n),
    lowMask: Number(mask & LOW),
    highMask: Number(mask >> 32n),
  };
}

/** Whether the call whose words are `data` meets the condition: its definition. */
export function holds(c: WordCondition, data: Uint32Array): boolean {
  const low = ((data[c.lowWord] ?? 0) & c.lowMask) >>> 0;
  const high = ((data[c.highWord] ?? 0) & c.highMask) >>> 0;
  const order = high === c.high ? low - c.low : high - c.high;
  switch (c.compare) {
    case 'masked':
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
  }
}

/** The bits at which the condition looks. */
export const maskOf = (condition: Condition): bigint =>
  condition.compare === 'masked' ? condition.mask : condition.width === 32 ? LOW : ALL;

/**
 * The rule's conditions with at most one mask or equality for each argument:
 * libseccomp takes no second one, and two masks are one wider mask.
 *
 * @throws {FilterError} FILTER_NEVER_MATCHES
 */
export function mergeConditions(rule: Rule): readonly Condition[] {
  const exact = new Map<ArgumentIndex, { mask: bigint; value: bigint; width: 32 | 64 }>();
  const others: Condition[] = [];
  for (const condition of rule.when) {
    checkRange(rule, condition);
    if (condition.compare !== 'masked' && condition.compare !== 'eq') {
      others.push(condition);
      continue;
    }
    const mask = maskOf(condition);
    const before = exact.get(condition.arg) ?? { mask: 0n, value: 0n, width: 32 };
    if (((before.value ^ condition.value) & before.mask & mask) !== 0n) throw neverMatches(rule, condition.arg);
    const width = before.width === 64 || condition.width === 64 ? 64 : 32;
    exact.set(condition.arg, { mask: before.mask | mask, value: before.value | condition.value, width });
  }
  const merged = [...exact].map(
    ([arg, { mask, value, width }]): Condition =>
      mask === ALL ? { arg, width: 64, compare: 'eq', value } : { arg, width, compare: 'masked', mask, value },
  );
  return [...merged, ...others].sort((a, b) => a.arg - b.arg);
}

function checkRange(rule: Rule, condition: Condition): void {
  const { value } = condition;
  const widest = condition.width === 32 ? LOW : ALL;
  const mask = maskOf(condition);
  if (value < 0n || value > widest || mask < 0n || mask > widest) throw neverMatches(rule, condition.arg);
  if ((condition.compare === 'masked' || condition.compare === 'eq') && (value & ~mask) !== 0n)
    throw neverMatches(rule, condition.arg);
}

const neverMatches = (rule: Rule, argument: number): FilterError =>
  new FilterError(
    'FILTER_NEVER_MATCHES',
    `a rule for ${rule.syscall} can never match: its conditions on argument ${argument}`,
    {
      why: 'they exclude each other, or the value has bits that the mask or the type has not',
      hint: 'remove the rule or correct its values',
    },
  );
