/** Adds one file's section on system calls to what its parents said. */

import { type Conjunction, covers } from './conjunction.js';
import { EDITIONS, type Edition, editionOf, groupCalls } from './editions.js';
import { inexpressibleCalls } from './effective.js';
import { ERRNO_NAMES, errnoNumber } from './errno.js';
import { type Fold, MAX_CONDITIONS, originOf, tell } from './fold.js';
import { meantOr } from './hint.js';
import type { AnswerRule, CallRule, Calls, ForbidRule, NamedErrno, Syscalls } from './policy.js';
import type { PolicyFile } from './read.js';
import { readWhere } from './where.js';

type Section = NonNullable<PolicyFile['syscalls']>;
/** What the lists of rules have in common. */
type Entry = {
  readonly group?: string;
  readonly calls?: readonly string[];
  readonly without?: readonly string[];
  readonly where?: NonNullable<NonNullable<Section['allow']>[number]['where']>;
  readonly why: string;
  readonly owner?: string;
  readonly ticket?: string;
  readonly expires?: string;
};

const AT = '/syscalls';
const EVERY: readonly Conjunction[] = [[]];

/** `parent` with what `section` adds, takes away and overrides. Faults go into `fold`. */
export function foldSyscalls(parent: Syscalls, section: Section | undefined, fold: Fold): Syscalls {
  if (section === undefined) return parent;
  const edition = editionFor(section.baseline ?? parent.edition, fold);
  const forbid = [...parent.forbid, ...(section.forbid ?? []).map((entry, i) => readForbid(entry, i, edition, fold))];
  const inherited = removeCalls(parent.allow, section.remove ?? [], edition, fold);
  const added = (section.allow ?? []).map((entry, index) => readAllow(entry, index, edition, forbid, fold));
  const errnoRules = (key: 'answers' | 'quiet'): AnswerRule[] =>
    (section[key] ?? []).map((entry, index) => ({
      ...readRule(entry, `${AT}/${key}/${index}`, edition, fold),
      errno: checkErrno(entry.errno, `${AT}/${key}/${index}/errno`, fold),
    }));
  const observed = (section.observe ?? []).map((e, i) => readRule(e, `${AT}/observe/${i}`, edition, fold));
  const folded: Syscalls = {
    edition: edition.name,
    onDeny: readAnswer(section, 'onDeny', fold) ?? parent.onDeny,
    onUnknown: readAnswer(section, 'onUnknown', fold) ?? parent.onUnknown,
    onForeign: readAnswer(section, 'onForeign', fold) ?? parent.onForeign,
    allow: [...inherited, ...added],
    forbid,
    observe: [...parent.observe, ...observed],
    answers: [...errnoRules('answers'), ...parent.answers],
    quiet: [...parent.quiet, ...errnoRules('quiet')],
  };
  for (const call of inexpressibleCalls(folded))
    tell(
      fold,
      AT,
      `what is allowed of ${call} less what is forbidden of it is more than a filter can tell apart`,
      'write both with masks of few bits, or both with an order',
    );
  return folded;
}

function editionFor(name: string, fold: Fold): Edition {
  const newest = EDITIONS[EDITIONS.length - 1] ?? '';
  const edition = editionOf(name === '' ? newest : name);
  if (name === '') tell(fold, AT, 'no edition of the groups is named', `add "baseline": "${newest}"`);
  else if (edition === undefined)
    tell(fold, `${AT}/baseline`, `there is no edition "${name}"`, meantOr(name, EDITIONS));
  // The names are looked up in another one, so that those that are misspelt are told as well.
  return edition ?? editionOf(newest) ?? { name, groups: new Map(), titles: new Map(), known: new Set() };
}

function readAnswer(section: Section, key: 'onDeny' | 'onUnknown' | 'onForeign', fold: Fold): NamedErrno | undefined {
  const answer = section[key];
  if (answer === undefined) return undefined;
  return { errno: checkErrno(answer.errno, `${AT}/${key}/errno`, fold), rule: `${fold.layer.name}#${AT}/${key}` };
}

function checkErrno(name: string, pointer: string, fold: Fold): string {
  if (errnoNumber(name) === undefined) tell(fold, pointer, `"${name}" is no error name`, meantOr(name, ERRNO_NAMES));
  return name;
}

function readForbid(
  entry: NonNullable<Section['forbid']>[number],
  index: number,
  edition: Edition,
  fold: Fold,
): ForbidRule {
  const at = `${AT}/forbid/${index}`;
  const rule = readRule(entry, at, edition, fold);
  if (entry.action === 'kill-process' && entry.errno !== undefined)
    tell(fold, `${at}/errno`, 'a process that is killed gets no errno', 'remove "errno" or "action"');
  return { ...rule, action: entry.action ?? 'errno', errno: checkErrno(entry.errno ?? 'EPERM', `${at}/errno`, fold) };
}

function readAllow(
  entry: NonNullable<Section['allow']>[number],
  index: number,
  edition: Edition,
  forbid: readonly ForbidRule[],
  fold: Fold,
): CallRule {
  const at = `${AT}/allow/${index}`;
  if (entry.group?.endsWith('*') === true)
    tell(fold, `${at}/group`, 'a family of groups can be refused, not allowed', 'name each group that is needed');
  const rule = readRule(entry, at, edition, fold);
  const names = Object.keys(rule.calls);
  const stopped = names.filter((call) => isForbidden(call, rule.calls[call] ?? [], forbid));
  const isDead = names.length > 0 && (entry.group === undefined ? stopped.length > 0 : stopped.length === names.length);
  if (isDead) {
    const by = forbid.find((f) => Object.hasOwn(f.calls, stopped[0] ?? ''))?.rule ?? '';
    tell(
      fold,
      at,
      `${stopped.join(', ')}: can never be allowed, for ${by} forbids it`,
      'forbid beats every allow: remove one',
    );
  }
  return rule;
}

function isForbidden(call: string, alternatives: readonly Conjunction[], forbid: readonly ForbidRule[]): boolean {
  const forbidden = forbid.flatMap((rule) => rule.calls[call] ?? []);
  return forbidden.length > 0 && alternatives.length > 0 && alternatives.every((one) => covers(forbidden, one));
}

function readRule(entry: Entry, at: string, edition: Edition, fold: Fold): CallRule {
  const faultsBefore = fold.faults.length;
  const names = readNames(entry, at, edition, fold);
  const isMisnamed = fold.faults.length > faultsBefore;
  const calls: Record<string, readonly Conjunction[]> = Object.fromEntries(names.map((call) => [call, EVERY]));
  for (const [call, alternatives] of Object.entries(entry.where ?? {})) {
    const pointer = `${at}/where/${call}`;
    if (!names.includes(call)) {
      // Where a name of the rule is not known, it may be the one that was meant.
      if (isMisnamed) continue;
      tell(fold, pointer, `this rule does not name ${call}`, meantOr(call, names.slice(0, 40)));
      continue;
    }
    const read = readWhere(call, alternatives, pointer, (...fault) => tell(fold, ...fault));
    const hadRoom = fold.room >= 0;
    fold.room -= read.length;
    if (hadRoom && fold.room < 0)
      tell(fold, pointer, `more than ${MAX_CONDITIONS} conditions have no room in a filter`, 'write masks');
    calls[call] = fold.room < 0 ? [] : read;
  }
  return { ...originOf(fold, at, entry), group: entry.group, calls };
}

function readNames(entry: Entry, at: string, edition: Edition, fold: Fold): readonly string[] {
  if ((entry.group === undefined) === (entry.calls === undefined)) {
    tell(fold, at, 'a rule names either a group or calls', 'write "group" or "calls", and not both');
    return [];
  }
  const without = new Set(entry.without ?? []);
  if (entry.group === undefined) {
    if (without.size > 0)
      tell(fold, `${at}/without`, '"without" belongs to a group', 'name only the calls that are meant');
    return (entry.calls ?? []).filter((call, index) => isKnownCall(call, `${at}/calls/${index}`, edition, fold));
  }
  const calls = groupCalls(edition, entry.group);
  if (calls === undefined) {
    tell(fold, `${at}/group`, `there is no group "${entry.group}"`, meantOr(entry.group, [...edition.groups.keys()]));
    return [];
  }
  for (const [index, call] of (entry.without ?? []).entries())
    if (!calls.includes(call))
      tell(fold, `${at}/without/${index}`, `${call} is not in ${entry.group}`, meantOr(call, calls));
  return calls.filter((call) => !without.has(call));
}

function isKnownCall(call: string, pointer: string, edition: Edition, fold: Fold): boolean {
  if (edition.known.has(call)) return true;
  tell(fold, pointer, `edition ${edition.name} knows no system call "${call}"`, nearestCall(call, edition));
  return false;
}

function nearestCall(call: string, edition: Edition): string {
  const hint = meantOr(call, [...edition.known]) ?? '';
  return hint.startsWith('did you mean') ? hint : 'name a system call of x86-64, as in syscalls(2)';
}

function removeCalls(
  inherited: readonly CallRule[],
  removals: NonNullable<Section['remove']>,
  edition: Edition,
  fold: Fold,
): CallRule[] {
  const gone = new Set<string>();
  removals.forEach((entry, index) => {
    const at = `${AT}/remove/${index}`;
    const names = readNames(entry, at, edition, fold);
    const present = names.filter((call) => inherited.some((rule) => Object.hasOwn(rule.calls, call)));
    const missing = entry.calls === undefined ? [] : names.filter((call) => !present.includes(call));
    if (names.length > 0 && (present.length === 0 || missing.length > 0))
      tell(
        fold,
        at,
        `${(missing.length > 0 ? missing : names).join(', ')}: nothing inherited allows it`,
        'remove this entry',
      );
    for (const call of names) gone.add(call);
  });
  return inherited
    .map((rule) => ({ ...rule, calls: withoutCalls(rule.calls, gone) }))
    .filter((rule) => Object.keys(rule.calls).length > 0);
}

const withoutCalls = (calls: Calls, gone: ReadonlySet<string>): Calls =>
  Object.fromEntries(Object.entries(calls).filter(([call]) => !gone.has(call)));
