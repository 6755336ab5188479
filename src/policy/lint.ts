/** What is suspicious in a policy, though most of it loads: `policy lint`. */
import { dirname } from 'node:path';
import type { Fault } from '../base/errors.js';
import { type PolicyReference, readChain } from './chain.js';
import { EDITIONS } from './editions.js';
import { PolicyError } from './errors.js';
import { lintCalls } from './lint-calls.js';
import { lintFiles } from './lint-files.js';
import type { Lint, LintFinding } from './lint-find.js';
import { lintGrants } from './lint-grants.js';
import { adviceOf, type LintId, type Severity, severityOf } from './lint-rules.js';
import { lintTimes } from './lint-times.js';
import { lintWhole } from './lint-whole.js';
import type { Policy } from './policy.js';
import type { Layer } from './read.js';
import { combineLayers, resolvePolicy } from './resolve.js';
import { STRICTEST } from './strictest.js';

export type LintOptions = {
  /** Decides what has expired. */
  readonly now: Date;
  /** Of the groups; only tests name another. */
  readonly newestEdition?: string;
};

/**
 * Everything suspicious in the file that `reference` names, the gravest
 * first, then by line; also where it does not load. What it extends is linted
 * where that is named.
 */
export function lintPolicy(reference: PolicyReference, options: LintOptions): LintFinding[] {
  const refused: LintFinding[] = [];
  let layers: readonly Layer[] = [];
  try {
    layers = readChain(reference);
    resolvePolicy(layers, options.now);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    refused.push(...refusalsOf(error, pathOf(reference), layers));
  }
  return sorted([...refused, ...lintLayers(layers, options)]);
}

const LONG_AGO = new Date(0);

/** What has expired, or is faulty as a whole alone, is no reason to leave the rest unsaid; undefined where more is wrong. */
function combined(layers: readonly Layer[]): Policy | undefined {
  try {
    return combineLayers(layers, LONG_AGO);
  } catch (error) {
    if (error instanceof PolicyError) return undefined;
    throw error;
  }
}

function lintLayers(layers: readonly Layer[], { now, newestEdition }: LintOptions): LintFinding[] {
  const layer = layers[layers.length - 1];
  const policy = combined(layers);
  if (layer === undefined || policy === undefined) return [];
  const parents = layers.slice(0, -1);
  const lint: Lint = {
    policy,
    parent: parents.length === 0 ? STRICTEST : combineLayers(parents, LONG_AGO),
    layer,
    today: now.toISOString().slice(0, 10),
    newestEdition: newestEdition ?? EDITIONS[EDITIONS.length - 1] ?? '',
    findings: [],
  };
  for (const part of [lintTimes, lintCalls, lintFiles, lintGrants, lintWhole]) part(lint);
  return lint.findings;
}

const ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

const sorted = (findings: readonly LintFinding[]): LintFinding[] =>
  [...findings].sort((a, b) => ORDER[a.severity] - ORDER[b.severity] || a.line - b.line);

const pathOf = (reference: PolicyReference): string =>
  reference.kind === 'file' ? reference.path : `${reference.name}.json`;

/** Each fault of a policy that does not load. */
function refusalsOf(
  { code, message, hint, faults }: PolicyError,
  path: string,
  layers: readonly Layer[],
): LintFinding[] {
  const told = faults.length > 0 ? faults : [{ file: path, line: 1, pointer: '', message, hint }];
  return told.map((fault) => {
    const rule = ruleFor(code, fault);
    return {
      rule,
      severity: severityOf(rule),
      file: pathNamed(fault.file, path, layers),
      line: fault.line,
      pointer: fault.pointer,
      message: fault.message,
      fix: fault.hint ?? hint ?? adviceOf(rule),
    };
  });
}

/** Faults name files as trails do; findings name them so that editors find them. */
function pathNamed(name: string, path: string, layers: readonly Layer[]): string {
  const layer = layers.find((one) => one.name === name);
  if (layer !== undefined) return layer.path;
  return path.endsWith(name) ? path : `${dirname(path)}/${name}`;
}

const KINDS: readonly (readonly [RegExp, LintId])[] = [
  [
    /unknown key|knows no system call|there is no (group|edition|capability|profile)|is no error name|names no profile/,
    'LINT_UNKNOWN_NAME',
  ],
  [
    /has no argument|is no value that is known|no policy has a place|not one of the allowed|is not in |does not name /,
    'LINT_UNKNOWN_NAME',
  ],
  [/can never|contradict|refused quietly |has no room|gets no errno/, 'LINT_CONTRADICTION'],
  [/nothing inherited|no inherited entry/, 'LINT_DEAD_REMOVE'],
];

function ruleFor(code: string, { message }: Fault): LintId {
  if (code === 'POLICY_NO_EXIT') return 'LINT_NO_EXIT_GROUP';
  if (code === 'POLICY_EXPIRED' || / expired on /.test(message)) return 'LINT_EXPIRED';
  return KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? 'LINT_REFUSED';
}
