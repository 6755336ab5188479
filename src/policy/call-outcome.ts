/** What a call meets, on either side of a comparison: under a policy, or under a bare filter. */
import { describeVerdict, encodeAction } from '../seccomp/bpf.js';
import { outcomeOf } from './decide-calls.js';
import { errnoName } from './errno.js';

/** Whether a leaf is of a policy, whose supervisor's answers are known, or of a filter alone. */
export type Kind = 'policy' | 'filter';

const ALLOWED = encodeAction({ kind: 'allow' });
const LOGGED = encodeAction({ kind: 'log' });
const HANDED_OVER = encodeAction({ kind: 'notify' });
const KILLED = encodeAction({ kind: 'kill-process' });
const ACTION = 0xffff_0000;
const TRACED = 0x7ff0_0000;

/**
 * Whether two leaves are no difference. Between two policies or two filters
 * that is equality. Between a policy and a filter it is what the workload
 * gets; and where the filter leaves a call to a supervisor, that the policy does so too.
 */
export function sameness(before: Kind, after: Kind): (before: number, after: number) => boolean {
  if (before === after) return (a, b) => a === b;
  const matches = (policy: number, filter: number): boolean =>
    filter === HANDED_OVER ? (policy & ACTION) >>> 0 === HANDED_OVER : effectOn(policy) === withoutLog(filter);
  return before === 'policy' ? matches : (a, b) => matches(b, a);
}

/** The verdict of a filter that would do the same to the workload. */
function effectOn(policyLeaf: number): number {
  const outcome = outcomeOf(policyLeaf);
  switch (outcome?.kind) {
    case undefined:
      return policyLeaf;
    case 'allow':
      return ALLOWED;
    case 'kill':
      return KILLED;
    case 'errno':
      return encodeAction({ kind: 'errno', errno: outcome.errno ?? 0 });
  }
}

const withoutLog = (leaf: number): number => (leaf === LOGGED ? ALLOWED : leaf);

/** 2: the call happens, 0: it does not, 1: somebody else decides. */
export function permission(leaf: number): 0 | 1 | 2 {
  const outcome = outcomeOf(leaf);
  if (outcome !== undefined) return outcome.kind === 'allow' ? 2 : 0;
  if (leaf === LOGGED) return 2;
  return leaf === HANDED_OVER || (leaf & ACTION) >>> 0 === TRACED ? 1 : 0;
}

/** In words. Whether it is recorded is told where both sides are policies. */
export function describeOutcome(leaf: number, tellsRecord: boolean): string {
  const outcome = outcomeOf(leaf);
  switch (outcome?.kind) {
    case 'allow':
      return outcome.isRecorded && tellsRecord ? 'allowed and recorded' : 'allowed';
    case 'kill':
      return 'process killed';
    case 'errno': {
      const name = errnoName(outcome.errno ?? 0);
      return outcome.isRecorded || !tellsRecord ? name : `${name}, unrecorded`;
    }
    case undefined:
      return describeFilterVerdict(leaf);
  }
}

function describeFilterVerdict(leaf: number): string {
  if (leaf === LOGGED) return 'allowed and logged';
  if (leaf === HANDED_OVER) return 'left to a supervisor';
  const verdict = describeVerdict(leaf);
  if (verdict.startsWith('trace')) return `left to a tracer (${verdict})`;
  return verdict.replace(/^kill-(.*)$/, '$1 killed').replace(/^trap/, 'SIGSYS, trap');
}
