/** Which calls meet something else: exactly, for every architecture, number and argument. */
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, wordOf, X32_BIT } from '../seccomp/bpf.js';
import type { Decision, DecisionSpace } from '../seccomp/decision.js';
import { type Difference, findDifferences, type NumberRange } from '../seccomp/differences.js';
import { describeCall, syscallName } from '../seccomp/syscalls.js';
import { describeOutcome, type Kind, permission, sameness } from './call-outcome.js';
import type { Change, Direction } from './change.js';
import { decidingRule } from './deciding-rule.js';
import { describeWhere } from './describe-terms.js';
import type { Origin, Syscalls } from './policy.js';

/** One side of a comparison of calls. */
export type CallSide = {
  readonly decision: Decision;
  /** The rules behind it; undefined: a filter, which has none. */
  readonly syscalls?: Syscalls | undefined;
};

/** Numbers of an ABI that may have names: one change each. Others are told as ranges. */
const NAMED_NUMBERS = 1024;

/** Every change of what calls meet. @throws {FilterError} FILTER_TOO_COMPLEX */
export function callChanges(space: DecisionSpace, before: CallSide, after: CallSide): Change[] {
  const [from, to] = [kindOf(before), kindOf(after)];
  return findDifferences(space, before.decision, after.decision, sameness(from, to)).flatMap((difference) =>
    partsOf(difference).map((part) => changeOf(space, before, after, difference, part)),
  );
}

const kindOf = ({ syscalls }: CallSide): Kind => (syscalls === undefined ? 'filter' : 'policy');

/** One call, or numbers without names. */
type Part = { readonly arch: number; readonly nr: number; readonly subject: string; readonly name: string | undefined };

function changeOf(
  space: DecisionSpace,
  before: CallSide,
  after: CallSide,
  difference: Difference,
  { arch, nr, subject, name }: Part,
): Change {
  const args = argumentsOf(difference.witness);
  const tellsRecord = kindOf(before) === 'policy' && kindOf(after) === 'policy';
  const ruleOf = ({ syscalls }: CallSide): Origin | undefined =>
    syscalls === undefined ? undefined : decidingRule(syscalls, { arch, nr, args });
  const rules = { before: ruleOf(before), after: ruleOf(after) };
  return {
    section: 'calls',
    direction: directionOf(difference),
    pointer: '/syscalls',
    subject,
    condition: describeWhere(space, difference.where, arch === AUDIT_ARCH_X86_64 ? (syscallName(nr) ?? '') : ''),
    before: describeOutcome(difference.before, tellsRecord),
    after: describeOutcome(difference.after, tellsRecord),
    witness: {
      kind: 'call',
      architecture: architectureName(arch),
      arch,
      name,
      number: nr,
      arguments: args,
      instructionPointer: (BigInt(difference.witness[3] ?? 0) << 32n) | BigInt(difference.witness[2] ?? 0),
    },
    rules,
  };
}

function directionOf({ before, after }: Difference): Direction {
  const more = permission(after) - permission(before);
  return more > 0 ? 'widened' : more < 0 ? 'narrowed' : 'changed';
}

/** The calls of a difference: each that has a name by itself, the other numbers together. */
function partsOf({ architectures, numbers }: Difference): Part[] {
  const [first] = architectures;
  if (first === undefined) return [];
  const areSingle = architectures.every(({ first: one, last }) => one === last);
  if (!areSingle) return [rangePart(first.first, numbers, architecturesText(architectures))];
  return architectures.flatMap(({ first: arch }) => {
    const named = numbers.flatMap((range) => namedNumbers(arch, range));
    const rest = withoutNumbers(numbers, new Set(named.map(({ nr }) => nr)));
    const where = arch === AUDIT_ARCH_X86_64 ? '' : architectureName(arch);
    return rest.length === 0 ? named : [...named, rangePart(arch, rest, where)];
  });
}

function namedNumbers(arch: number, { first, last }: NumberRange): Part[] {
  const parts: Part[] = [];
  for (const base of arch === AUDIT_ARCH_X86_64 ? [0, X32_BIT] : [0])
    for (let nr = Math.max(first, base); nr <= Math.min(last, base + NAMED_NUMBERS); nr++) {
      const subject = describeCall(nr, arch);
      if (!/call \d+/.test(subject)) parts.push({ arch, nr, subject, name: subject });
    }
  return parts;
}

function withoutNumbers(ranges: readonly NumberRange[], gone: ReadonlySet<number>): NumberRange[] {
  return ranges.flatMap(({ first, last }) => {
    const left: NumberRange[] = [];
    let start = first;
    for (const nr of [...gone].filter((one) => one >= first && one <= last).sort((a, b) => a - b)) {
      if (nr > start) left.push({ first: start, last: nr - 1 });
      start = nr + 1;
    }
    return start <= last ? [...left, { first: start, last }] : left;
  });
}

function rangePart(arch: number, ranges: readonly NumberRange[], where: string): Part {
  const nr = ranges[0]?.first ?? 0;
  const isEvery = ranges.length === 1 && nr === 0 && ranges[0]?.last === 0xffff_ffff;
  const numbers = isEvery ? 'every call' : `numbers ${ranges.map(rangeText).join(' and ')}`;
  return { arch, nr, subject: where === '' ? numbers : `${numbers} of ${where}`, name: undefined };
}

const numberText = (value: number): string => (value < X32_BIT ? `${value}` : `0x${value.toString(16)}`);
const rangeText = ({ first, last }: NumberRange): string =>
  first === last ? numberText(first) : `${numberText(first)}–${numberText(last)}`;

function architectureName(arch: number): string {
  if (arch === AUDIT_ARCH_X86_64) return 'x86-64';
  return arch === AUDIT_ARCH_I386 ? 'i386' : `architecture 0x${arch.toString(16)}`;
}

function architecturesText(ranges: readonly NumberRange[]): string {
  const has = (arch: number): boolean => ranges.some(({ first, last }) => first <= arch && arch <= last);
  if (has(AUDIT_ARCH_X86_64)) return has(AUDIT_ARCH_I386) ? 'every architecture' : 'every architecture but i386';
  return has(AUDIT_ARCH_I386) ? 'every architecture but x86-64' : 'every architecture but x86-64 and i386';
}

const argumentsOf = (data: Uint32Array): bigint[] =>
  [0, 1, 2, 3, 4, 5].map(
    (argument) => (BigInt(data[wordOf(argument, 'high')] ?? 0) << 32n) | BigInt(data[wordOf(argument, 'low')] ?? 0),
  );
