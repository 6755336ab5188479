/** The filter and what the supervisor answers, in the plan's terms. */
import {
  CONDITION_VALUES,
  type LaunchPlan,
  type PlanCondition,
  type PlanRefusal,
  REFUSAL_VALUES,
} from '../../generated/plan-layout.js';
import type { CompiledPolicy, DefaultAnswer, Refusal } from '../policy/compiled.js';

type CallFields = Pick<
  LaunchPlan,
  'filter' | 'condition' | 'refusal' | 'knownCalls' | 'onDeny' | 'onUnknown' | 'onForeign'
>;

type Condition = Refusal['when'][number];

const ALL_BITS = 0xffff_ffff_ffff_ffffn;
const LOW_HALF = 0xffff_ffffn;
const KNOWN_CALLS_BYTES = 128;

export function planCalls(policy: CompiledPolicy): CallFields {
  const condition: PlanCondition[] = [];
  const refusal = policy.refusals.map(({ nr, when, answer, rule }): PlanRefusal => {
    const firstCondition = condition.length;
    condition.push(...when.map(planCondition));
    const errnoValue = answer.kind === 'errno' ? answer.errno : 0;
    const conditionCount = when.length;
    return { number: nr, answer: REFUSAL_VALUES[answer.kind], errnoValue, firstCondition, conditionCount, rule };
  });
  return {
    filter: policy.program,
    condition,
    refusal,
    knownCalls: bitmapOf(policy.knownCalls),
    onDeny: planDefault(policy.onDeny),
    onUnknown: planDefault(policy.onUnknown),
    onForeign: planDefault(policy.onForeign),
  };
}

const planDefault = ({ errno, rule }: DefaultAnswer): LaunchPlan['onDeny'] => ({ errnoValue: errno, rule });

const COMPARE = {
  eq: CONDITION_VALUES.equal,
  ne: CONDITION_VALUES.notEqual,
  lt: CONDITION_VALUES.less,
  le: CONDITION_VALUES.lessOrEqual,
  gt: CONDITION_VALUES.greater,
  ge: CONDITION_VALUES.greaterOrEqual,
} as const;

/** The kernel looks at the low half of a 32-bit argument only: so does the mask. */
function planCondition(condition: Condition): PlanCondition {
  const width = condition.width === 32 ? LOW_HALF : ALL_BITS;
  const { arg: argument, value } = condition;
  if (condition.compare === 'masked') {
    return { argument, compare: CONDITION_VALUES.equal, mask: condition.mask & width, value };
  }
  return { argument, compare: COMPARE[condition.compare], mask: width, value };
}

function bitmapOf(numbers: readonly number[]): Uint8Array {
  const bits = new Uint8Array(KNOWN_CALLS_BYTES);
  for (const number of numbers) {
    const byte = number >> 3;
    if (byte < KNOWN_CALLS_BYTES) bits[byte] = (bits[byte] ?? 0) | (1 << (number & 7));
  }
  return bits;
}
