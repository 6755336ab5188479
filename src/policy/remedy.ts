/**
 * What a change of a policy would open: found by making the change to a copy,
 * and comparing the two exactly.
 */
import { join } from 'node:path';
import { pointerStep } from '../base/json-file.js';
import type { Edit, Place, Remedy, Subject } from './answer.js';
import { describeChange } from './change.js';
import { findChanges } from './diff.js';
import { PolicyError } from './errors.js';
import type { Policy } from './policy.js';
import { type Layer, parsePolicyText } from './read.js';
import { resolvePolicy } from './resolve.js';
import { risksOf } from './risks.js';
import { fileOfRule } from './rule-name.js';
import { findWidenings } from './widenings.js';

/** The policy with `edits`, or why there can be none. */
export function policyWith(subject: Subject, edits: readonly Edit[]): Policy | PolicyError {
  const { layers, isProfile, now } = subject;
  const leaf = layers[layers.length - 1];
  if (leaf === undefined) throw new TypeError('a policy has at least one file');
  try {
    const base = isProfile ? newFile(leaf) : leaf.file;
    const path = isProfile ? join(leaf.path, '../own-policy.json') : leaf.path;
    const text = JSON.stringify(withEdits(base, edits));
    const edited = parsePolicyText(text, path, isProfile ? 'own-policy.json' : leaf.name);
    return resolvePolicy([...(isProfile ? layers : layers.slice(0, -1)), edited], now);
  } catch (error) {
    if (error instanceof PolicyError) return error;
    throw error;
  }
}

/** Of `attempts`, the one that opens least of those that make `isEnough` true; else why none does. */
export function findRemedy(
  subject: Subject,
  attempts: readonly (readonly Edit[])[],
  isEnough: (policy: Policy) => boolean,
): Remedy {
  const possible: Extract<Remedy, { kind: 'possible' }>[] = [];
  const refusals: string[] = [];
  for (const edits of attempts) {
    const changed = policyWith(subject, edits);
    if (changed instanceof PolicyError) refusals.push(changed.faults[0]?.message ?? changed.message);
    else if (!isEnough(changed)) refusals.push('another rule would still refuse it');
    else {
      const ceiling = exceeded(subject, changed);
      if (ceiling === undefined) possible.push(remedyOf(subject, edits, changed));
      else refusals.push(ceiling);
    }
  }
  const [best] = possible.sort((a, b) => a.opens.length - b.opens.length);
  return best ?? { kind: 'impossible', why: refusals[0] ?? 'no policy can allow it' };
}

/** A remedy that an inherited rule rules out. */
export function impossibleBy(by: Place, why: string): Remedy {
  return { kind: 'impossible', why, by };
}

function exceeded({ ceilings }: Subject, changed: Policy): string | undefined {
  for (const ceiling of ceilings) {
    const [first] = findWidenings(ceiling, changed);
    if (first !== undefined) return `the ceiling ${ceiling.name} does not permit it: ${first.message}`;
  }
  return undefined;
}

function remedyOf(subject: Subject, edits: readonly Edit[], changed: Policy): Extract<Remedy, { kind: 'possible' }> {
  const leaf = subject.layers[subject.layers.length - 1];
  const widened = findChanges(subject.policy, changed).filter(({ direction }) => direction === 'widened');
  const calls = widened.flatMap(({ section, witness }) =>
    section === 'calls' && witness.kind === 'call' && witness.name !== undefined ? [witness.name] : [],
  );
  const added = edits.filter(isInFragment);
  const base = subject.isProfile && leaf !== undefined ? newFile(leaf) : {};
  return {
    kind: 'possible',
    file: subject.isProfile ? undefined : leaf?.path,
    fragment: added.length === 0 ? undefined : withEdits(base, added),
    edits: standAlone(subject.isProfile ? base : (leaf?.file ?? {}), edits),
    opens: widened.map(describeChange),
    risks: risksOf([...new Set(calls)]),
  };
}

/** Whether an edit adds something new, and does not reach into what is there. */
export const isInFragment = ({ op, path }: Edit): boolean => op === 'add' && !/\/\d+(\/|$)/.test(path);

const newFile = (profile: Layer): object => ({
  apiVersion: 1,
  name: 'own-policy',
  version: '1.0.0',
  extends: { policy: profile.file.name },
});

/** A copy of `file` with `edits` made; objects and lists that are missing are made. */
function withEdits(file: object, edits: readonly Edit[]): unknown {
  const copy = structuredClone(file);
  for (const edit of edits) applyEdit(copy, edit);
  return copy;
}

type Holder = Record<string, unknown>;

/** The same edits for editors that make no objects and lists by themselves, as RFC 6902 wants it. */
function standAlone(file: object, edits: readonly Edit[]): Edit[] {
  const copy = structuredClone(file);
  return edits.map((edit) => {
    const whole = withParents(copy, edit);
    applyEdit(copy, edit);
    return whole;
  });
}

/** `edit`, or one that adds the outermost thing that is missing around its place. */
function withParents(file: object, edit: Edit): Edit {
  if (edit.op === 'remove') return edit;
  const steps = edit.path.split('/').slice(1);
  const missing = steps.findIndex((_, index) => index > 0 && valueAt(file, pointerTo(steps, index)) === undefined);
  if (missing === -1) return edit;
  const value = steps
    .slice(missing)
    .reduceRight<unknown>((inner, step) => (step === '-' ? [inner] : { [unescaped(step)]: inner }), edit.value);
  return { op: 'add', path: pointerTo(steps, missing), value };
}

const pointerTo = (steps: readonly string[], count: number): string => `/${steps.slice(0, count).join('/')}`;
const unescaped = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~');

function applyEdit(root: object, edit: Edit): void {
  const steps = edit.path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop() ?? '';
  let here = root as Holder;
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1] ?? last;
    if (Array.isArray(here) && step === '-') here.push(next === '-' ? [] : {});
    const key = Array.isArray(here) && step === '-' ? String(here.length - 1) : step;
    here[key] ??= next === '-' ? [] : {};
    here = here[key] as Holder;
  }
  if (Array.isArray(here)) applyToList(here, last, edit);
  else if (edit.op === 'remove') delete here[last];
  else here[last] = edit.value;
}

function applyToList(list: unknown[], at: string, edit: Edit): void {
  if (edit.op === 'remove') list.splice(Number(at), 1);
  else if (at === '-') list.push(edit.value);
  else if (edit.op === 'add') list.splice(Number(at), 0, edit.value);
  else list[Number(at)] = edit.value;
}

/** Whether `rule` stands in the file that may be edited. */
export function isOwn({ layers, isProfile }: Subject, rule: string): boolean {
  return !isProfile && layers[layers.length - 1]?.name === fileOfRule(rule);
}

/** The edits that take `name` out of the list `key` of the entry at `pointer`, or the entry where nothing would be left. */
export function withoutName(subject: Subject, pointer: string, key: string, name: string): readonly Edit[] {
  const entry = valueAt(subject.layers[subject.layers.length - 1]?.file, pointer);
  const names = typeof entry === 'object' && entry !== null ? (entry as Holder)[key] : undefined;
  if (!Array.isArray(names) || names.length < 2) return [{ op: 'remove', path: pointer }];
  const edits: Edit[] = [{ op: 'remove', path: `${pointer}/${key}/${names.indexOf(name)}` }];
  const where = (entry as Holder)['where'];
  if (typeof where === 'object' && where !== null && Object.hasOwn(where, name))
    edits.push(
      Object.keys(where).length === 1
        ? { op: 'remove', path: `${pointer}/where` }
        : { op: 'remove', path: `${pointer}/where${pointerStep(name)}` },
    );
  return edits;
}

export function valueAt(file: unknown, pointer: string): unknown {
  let here = file;
  for (const step of pointer.split('/').slice(1)) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Holder)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return here;
}
