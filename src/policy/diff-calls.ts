/** Which calls meet something else: exactly, for every architecture, number and argument. */
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, wordOf, X32_BIT } from '../seccomp/bpf.js';
import type { Decision, DecisionSpace } from '../seccomp/decision.js';
import { type Terms, termsOf } from '../seccomp/decision-terms.js';
import { type Difference, findDifferences, type NumberRange } from '../seccomp/differences.js';
import { describeCall } from '../seccomp/syscalls.js';
import { describeOutcome, type Kind, permission, sameness } from './call-outcome.js';
import type { Change, Direction } from './change.js';
import { answeringRule, decidingRule, type ImaginedCall } from './deciding-rule.js';
import { describeTerms, MOST_TERMS } from './describe-terms.js';
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
  return findDifferences(space, before.decision, after.decision, sameness(from, to)).flatMap((difference) => {
    const terms = termsOf(space, difference.where, MOST_TERMS);
    return partsOf(difference).map((part) => changeOf(before, after, difference, terms, part));
  });
}

const kindOf = ({ syscalls }: CallSide): Kind => (syscalls === undefined ? 'filter' : 'policy');

/** One call, or several numbers together: these have no name. */
type Part = { readonly arch: number; readonly nr: number; readonly subject: string; readonly name: string | undefined };

function changeOf(
  before: CallSide,
  after: CallSide,
  difference: Difference,
  terms: Terms,
  { arch, nr, subject, name }: Part,
): Change {
  const args = argumentsOf(difference.witness);
  const tellsRecord = kindOf(before) === 'policy' && kindOf(after) === 'policy';
  return {
    section: 'calls',
    direction: directionOf(difference),
    pointer: '/syscalls',
    subject,
    condition: describeTerms(terms, arch === AUDIT_ARCH_X86_64 ? (name?.replace(/^x32 /, '') ?? '') : ''),
    before: describeOutcome(difference.before, tellsRecord),
    after: describeOutcome(difference.after, tellsRecord),
    witness: {
      kind: 'call',
      architecture: architectureName(arch),
      arch,
      name: name ?? nameOf(arch, nr),
      number: nr,
      arguments: args,
      telling: tellingArguments(terms),
      instructionPointer: (BigInt(difference.witness[3] ?? 0) << 32n) | BigInt(difference.witness[2] ?? 0),
    },
    rules: rulesOf(before, after, { arch, nr, args }),
  };
}

/** A call that neither side allows for its arguments differs by what answers it, and not by what would allow others. */
function rulesOf(before: CallSide, after: CallSide, call: ImaginedCall): Change['rules'] {
  const origin = ({ syscalls }: CallSide, ruleOf: typeof decidingRule): Origin | undefined =>
    syscalls === undefined ? undefined : ruleOf(syscalls, call);
  const [was, is] = [origin(before, decidingRule), origin(after, decidingRule)];
  const [answered, answers] = [origin(before, answeringRule), origin(after, answeringRule)];
  const isByAnswer = was?.rule !== answered?.rule && is?.rule !== answers?.rule;
  return isByAnswer ? { before: answered, after: answers } : { before: was, after: is };
}

/** Of terms that are too many to be listed none is known. */
function tellingArguments(terms: Terms): number {
  if (terms.kind === 'many') return 0;
  return Math.max(0, ...terms.terms.flat().map(({ argument }) => argument + 1));
}

function directionOf({ before, after }: Difference): Direction {
  const more = permission(after) - permission(before);
  return more > 0 ? 'widened' : more < 0 ? 'narrowed' : 'changed';
}

/** The calls of a difference: each that has a name by itself, the other numbers together; an ABI of which all are meant as one. */
function partsOf({ architectures, numbers }: Difference): Part[] {
  const [first] = architectures;
  if (first === undefined) return [];
  const areSingle = architectures.every(({ first: one, last }) => one === last);
  if (!areSingle) return [rangePart(triedArchitecture(architectures), numbers, architecturesText(architectures))];
  return architectures.flatMap(({ first: arch }) => {
    const where = arch === AUDIT_ARCH_X86_64 ? '' : architectureName(arch);
    if (isEveryNumber(numbers)) return [rangePart(arch, numbers, where)];
    const isWholeX32 = arch === AUDIT_ARCH_X86_64 && X32_NUMBERS.every((range) => holdsRange(numbers, range));
    const own = isWholeX32 ? X32_NUMBERS.reduce(withoutRange, numbers) : numbers;
    const x32: Part = { arch, nr: X32_BIT, subject: 'every call of x32', name: undefined };
    const named = own.flatMap((range) => namedNumbers(arch, range));
    const rest = named.reduce((left, { nr }) => withoutRange(left, { first: nr, last: nr }), own);
    return [...named, ...(rest.length === 0 ? [] : [rangePart(arch, rest, where)]), ...(isWholeX32 ? [x32] : [])];
  });
}

/** Every number with the bit of x32. */
const X32_NUMBERS: readonly NumberRange[] = [
  { first: X32_BIT, last: 2 * X32_BIT - 1 },
  { first: 3 * X32_BIT, last: 4 * X32_BIT - 1 },
];

const holdsRange = (ranges: readonly NumberRange[], { first, last }: NumberRange): boolean =>
  ranges.some((range) => range.first <= first && last <= range.last);

const isEveryNumber = (ranges: readonly NumberRange[]): boolean =>
  holdsRange(ranges, { first: 0, last: 4 * X32_BIT - 1 });

function namedNumbers(arch: number, { first, last }: NumberRange): Part[] {
  const parts: Part[] = [];
  for (const base of arch === AUDIT_ARCH_X86_64 ? [0, X32_BIT] : [0])
    for (let nr = Math.max(first, base); nr <= Math.min(last, base + NAMED_NUMBERS); nr++) {
      const name = nameOf(arch, nr);
      if (name !== undefined) parts.push({ arch, nr, subject: name, name });
    }
  return parts;
}

const withoutRange = (ranges: readonly NumberRange[], gone: NumberRange): readonly NumberRange[] =>
  ranges.flatMap(({ first, last }) =>
    gone.last < first || last < gone.first
      ? [{ first, last }]
      : [
          ...(first < gone.first ? [{ first, last: gone.first - 1 }] : []),
          ...(gone.last < last ? [{ first: gone.last + 1, last }] : []),
        ],
  );

function rangePart(arch: number, ranges: readonly NumberRange[], where: string): Part {
  const nr = ranges[0]?.first ?? 0;
  const numbers = isEveryNumber(ranges) ? 'every call' : `numbers ${ranges.map(rangeText).join(' and ')}`;
  return { arch, nr, subject: where === '' ? numbers : `${numbers} of ${where}`, name: undefined };
}

const numberText = (value: number): string => (value < X32_BIT ? `${value}` : `0x${value.toString(16)}`);
const rangeText = ({ first, last }: NumberRange): string =>
  first === last ? numberText(first) : `${numberText(first)}–${numberText(last)}`;

function architectureName(arch: number): string {
  if (arch === AUDIT_ARCH_X86_64) return 'x86-64';
  return arch === AUDIT_ARCH_I386 ? 'i386' : `architecture 0x${arch.toString(16)}`;
}

/** Undefined where the number has none. */
function nameOf(arch: number, nr: number): string | undefined {
  const text = describeCall(nr, arch);
  return /call \d+/.test(text) ? undefined : text;
}

const holdsArchitecture = (ranges: readonly NumberRange[], arch: number): boolean =>
  holdsRange(ranges, { first: arch, last: arch });

/** The one of which a witness is of most use: on which calls can be made here. */
const triedArchitecture = (ranges: readonly NumberRange[]): number =>
  [AUDIT_ARCH_X86_64, AUDIT_ARCH_I386].find((arch) => holdsArchitecture(ranges, arch)) ?? ranges[0]?.first ?? 0;

function architecturesText(ranges: readonly NumberRange[]): string {
  const has = (arch: number): boolean => holdsArchitecture(ranges, arch);
  if (has(AUDIT_ARCH_X86_64)) return has(AUDIT_ARCH_I386) ? 'every architecture' : 'every architecture but i386';
  return has(AUDIT_ARCH_I386) ? 'every architecture but x86-64' : 'every architecture but x86-64 and i386';
}

const argumentsOf = (data: Uint32Array): bigint[] =>
  [0, 1, 2, 3, 4, 5].map(
    (argument) => (BigInt(data[wordOf(argument, 'high')] ?? 0) << 32n) | BigInt(data[wordOf(argument, 'low')] ?? 0),
  );
