/** Why a system call is allowed or denied: which rules decide which arguments, and what would allow the rest. */
import { describeCall } from '../seccomp/syscalls.js';
import { type Answer, type Edit, type Part, type Place, placeOfRule, type Remedy, type Subject } from './answer.js';
import { ARGUMENTS } from './arguments.js';
import { both, type Conjunction, covers, Inexpressible, subtractAll, withoutCovered } from './conjunction.js';
import { decidingRule } from './deciding-rule.js';
import { describeAlternatives } from './describe.js';
import { editionOf } from './editions.js';
import { permittedCalls } from './effective.js';
import type { CallRule, Origin, Policy, Syscalls } from './policy.js';
import type { Question } from './question.js';
import { REASON } from './reason.js';
import { findRemedy, impossibleBy, isOwn, valueAt, withoutName } from './remedy.js';
import { pointerOfRule } from './rule-name.js';
import { whereForm } from './where-form.js';

type Asked = Extract<Question, { kind: 'call' }>;

/** @throws {FilterError} FILTER_TOO_COMPLEX */
export function whyCall(subject: Subject, asked: Asked): Answer {
  const { call } = asked;
  const isNative = describeCall(asked.nr, asked.arch) === call;
  const isKnown = call !== undefined && editionOf(subject.policy.syscalls.edition)?.known.has(call) === true;
  if (!isNative || !isKnown) return whyNobody(subject, asked);
  const answer = whyKnown(subject, call, asked.when);
  return { ...answer, notes: [...ignoredNotes(asked.ignored), ...answer.notes] };
}

const ignoredNotes = (ignored: readonly string[]): string[] =>
  ignored.length === 0 ? [] : [`${ignored.join(', ')}: taken for any value, because rules know no name for it`];

/** Calls of other ABIs, and numbers that the edition does not know. */
function whyNobody(subject: Subject, { call, nr, arch }: Asked): Answer {
  const { syscalls } = subject.policy;
  const origin = decidingRule(syscalls, { arch, nr, args: [0n, 0n, 0n, 0n, 0n, 0n] });
  const isForeign = origin.rule === syscalls.onForeign.rule && origin.why.includes('ABI');
  const errno = isForeign ? syscalls.onForeign.errno : syscalls.onUnknown.errno;
  const by = placeOfRule(subject, origin);
  const why = isForeign
    ? 'a policy can name calls of x86-64 alone: those of i386 and x32 are refused, whatever they are'
    : `edition ${syscalls.edition} does not know this call, and a policy can allow none that its edition does not know`;
  const abi = arch === 0x4000_0003 ? 'i386 ' : isForeign ? 'x32 ' : '';
  const name = call === undefined || /^\d/.test(call) ? describeCall(nr, arch) : `${abi}${call}`;
  return {
    question: name,
    verdict: 'denied',
    parts: [{ isAllowed: false, outcome: refusedWith(errno), mechanism: 'seccomp', by }],
    notes: [],
    remedy: impossibleBy(by, why),
  };
}

function whyKnown(subject: Subject, call: string, when: Conjunction): Answer {
  const { syscalls } = subject.policy;
  const parts = partsOf(subject, call, when);
  const allowed = parts.filter(({ isAllowed }) => isAllowed).length;
  const verdict = allowed === parts.length ? 'allowed' : allowed === 0 ? 'denied' : 'partly';
  const question = when.length === 0 ? call : `${call}, where ${describeAlternatives(call, [when])}`;
  const answer = { question, verdict, parts, notes: notesOn(syscalls, call, when, verdict) } as const;
  return verdict === 'allowed' ? answer : { ...answer, remedy: remedyFor(subject, call, when) };
}

function notesOn(syscalls: Syscalls, call: string, when: Conjunction, verdict: Answer['verdict']): string[] {
  const names = Object.keys(ARGUMENTS[call] ?? {});
  const isBroad = when.length === 0 && verdict !== 'allowed' && names.length > 0;
  const group = [...(editionOf(syscalls.edition)?.groups ?? [])].find(([, calls]) => calls.includes(call));
  return [
    ...(isBroad
      ? [`ask with arguments for a smaller change, such as ${call}(${names.map((n) => `${n}=…`).join(', ')})`]
      : []),
    ...(group === undefined || verdict !== 'denied' ? [] : [`it is of the group ${group[0]}: ${group[1].join(', ')}`]),
    ...(call.startsWith('socket') && when.some(({ arg }) => arg === 1) && verdict !== 'allowed'
      ? ['with SOCK_CLOEXEC or SOCK_NONBLOCK as well, which most programs add: give the type "mask": "SOCK_TYPE_MASK"']
      : []),
    ...(when.length > 0 && whereForm(call, when)?.isWhole !== true && verdict !== 'allowed'
      ? ['the policy language has no word for one of these arguments: a rule can only allow it with any']
      : []),
  ];
}

type Step = {
  readonly rule: Origin;
  readonly calls: readonly Conjunction[];
  readonly isAllowed: boolean;
  readonly outcome: string;
};

/** In the order of decision. */
function stepsFor({ forbid, allow, quiet, observe, answers }: Syscalls, call: string): Step[] {
  const steps = <R extends CallRule>(rules: readonly R[], isAllowed: boolean, outcome: (rule: R) => string): Step[] =>
    rules.flatMap((rule) => {
      const calls = Object.hasOwn(rule.calls, call) ? (rule.calls[call] ?? []) : [];
      return calls.length === 0 ? [] : [{ rule, calls, isAllowed, outcome: outcome(rule) }];
    });
  return [
    ...steps(forbid, false, ({ action, errno }) =>
      action === 'errno' ? refusedWith(errno) : 'the process is killed, and that is recorded',
    ),
    ...steps(observe, true, () => 'recorded, and let through'),
    ...steps(allow, true, () => 'allowed'),
    ...steps(quiet, false, ({ errno }) => `refused with ${errno}, unrecorded`),
    ...steps(answers, false, ({ errno }) => refusedWith(errno)),
  ];
}

const refusedWith = (errno: string): string => `refused with ${errno}, and recorded`;

/** What is asked about, cut up by the rules that decide; together the parts are all of it. */
function partsOf(subject: Subject, call: string, when: Conjunction): Part[] {
  const { syscalls } = subject.policy;
  const parts: Part[] = [];
  let rest: readonly Conjunction[] = [when];
  for (const { rule, calls, isAllowed, outcome } of stepsFor(syscalls, call)) {
    const here = withoutCovered(rest.flatMap((one) => calls.flatMap((other) => commonPart(one, other))));
    if (here.length === 0) continue;
    rest = lessOf(rest, calls);
    parts.push({
      isAllowed,
      outcome,
      where: wordsFor(call, here, when),
      mechanism: 'seccomp',
      by: placeOfRule(subject, rule),
    });
    if (rest.length === 0) return parts;
  }
  const origin = restRule(syscalls, call);
  const isWhole = parts.length === 0;
  parts.push({
    isAllowed: false,
    outcome: refusedWith(syscalls.onDeny.errno),
    where: isWhole ? undefined : 'with any other arguments',
    mechanism: 'seccomp',
    by: placeOfRule(subject, origin),
  });
  return parts;
}

/** Which rule refuses what no other decides: the one that allows the call with other arguments, else onDeny. */
function restRule(syscalls: Syscalls, call: string): Origin {
  const conditional = syscalls.allow.find((rule) => (rule.calls[call] ?? []).some((when) => when.length > 0));
  if (conditional !== undefined) return { ...conditional, rule: `${conditional.rule}/where/${call}` };
  return { rule: syscalls.onDeny.rule, why: 'no rule allows this call' };
}

function wordsFor(call: string, here: readonly Conjunction[], asked: Conjunction): string | undefined {
  if (covers(here, asked)) return undefined;
  const words = describeAlternatives(call, here);
  return words === '' ? undefined : words;
}

/** What both hold, at most one conjunction; where that cannot be told in one, all of `b`. */
function commonPart(a: Conjunction, b: Conjunction): readonly Conjunction[] {
  try {
    const common = both(a, b);
    return common === undefined ? [] : [common];
  } catch (error) {
    if (error instanceof Inexpressible) return [b];
    throw error;
  }
}

/** Where the difference cannot be told in one rule, all of it stays: later rules are then told for more than they decide. */
function lessOf(rest: readonly Conjunction[], gone: readonly Conjunction[]): readonly Conjunction[] {
  try {
    return subtractAll(rest, gone);
  } catch (error) {
    if (error instanceof Inexpressible) return rest.filter((one) => !covers(gone, one));
    throw error;
  }
}

function remedyFor(subject: Subject, call: string, when: Conjunction): Remedy {
  const overlapping = subject.policy.syscalls.forbid.filter((rule) =>
    (rule.calls[call] ?? []).some((one) => commonPart(one, when).length > 0),
  );
  const inherited = overlapping.find(({ rule }) => !isOwn(subject, rule));
  if (inherited !== undefined) return forbiddenBy(placeOfRule(subject, inherited), call);
  const unlocked = overlapping.flatMap((rule) => editsAgainst(subject, rule, call)).reverse();
  const allow: Edit = { op: 'add', path: '/syscalls/allow/-', value: allowanceOf(call, when) };
  const isEnough = (policy: Policy): boolean => covers(permittedCalls(policy.syscalls, call), when);
  const attempts = [
    ...removalsOf(subject, call).map((edits) => [...unlocked, ...edits]),
    ...(unlocked.length > 0 ? [unlocked] : []),
    [...unlocked, allow],
  ];
  return findRemedy(subject, attempts, isEnough);
}

function forbiddenBy(by: Place, call: string): Remedy {
  const why = `${call} is forbidden by ${by.file === 'built-in' ? by.rule : `${by.file}:${by.line}`}, and forbid beats every allow of a policy that extends it`;
  return impossibleBy(by, why);
}

function allowanceOf(call: string, when: Conjunction): object {
  const form = whereForm(call, when);
  return { calls: [call], ...(form === undefined ? {} : { where: form.where }), why: REASON };
}

/** Takes `call` out of a prohibition of one's own: a group's by "without", a list's by its name. */
function editsAgainst(subject: Subject, { rule, group }: CallRule, call: string): readonly Edit[] {
  const pointer = pointerOfRule(rule);
  if (group === undefined) return withoutName(subject, pointer, 'calls', call);
  const entry = valueAt(subject.layers[subject.layers.length - 1]?.file, pointer);
  const path = `${pointer}/without`;
  const has = typeof entry === 'object' && entry !== null && 'without' in entry;
  return [has ? { op: 'add', path: `${path}/-`, value: call } : { op: 'add', path, value: [call] }];
}

/** Where the policy itself takes away what it inherits: the edits that let it be inherited again. */
function removalsOf(subject: Subject, call: string): (readonly Edit[])[] {
  const leaf = subject.isProfile ? undefined : subject.layers[subject.layers.length - 1];
  return (leaf?.file.syscalls?.remove ?? []).flatMap(({ calls }, index) =>
    calls?.includes(call) === true ? [withoutName(subject, `/syscalls/remove/${index}`, 'calls', call)] : [],
  );
}
