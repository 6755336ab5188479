/** What the parts of the lint share: what they look at, and how they tell what they find. */
import { adviceOf, type LintId, type Severity, severityOf } from './lint-rules.js';
import type { Origin, Policy, PolicyMeaning } from './policy.js';
import type { Layer } from './read.js';
import { fileOfRule, pointerOfRule } from './rule-name.js';

export type LintFinding = {
  readonly rule: LintId;
  readonly severity: Severity;
  /** Absolute where it is known. */
  readonly file: string;
  readonly line: number;
  readonly pointer: string;
  readonly message: string;
  readonly fix: string;
  /** The reason that the rule in question gives for itself. */
  readonly why?: string | undefined;
};

/** What the parts of the lint share. Findings are about `layer`, the file that was named. */
export type Lint = {
  readonly policy: Policy;
  /** What the file extends means without it. */
  readonly parent: PolicyMeaning;
  readonly layer: Layer;
  readonly today: string;
  readonly newestEdition: string;
  readonly findings: LintFinding[];
};

/** Adds a finding at `pointer` of the linted file. */
export function find(
  lint: Lint,
  rule: LintId,
  pointer: string,
  message: string,
  more: { readonly fix?: string; readonly why?: string | undefined; readonly severity?: Severity } = {},
): void {
  const { layer, findings } = lint;
  findings.push({
    rule,
    severity: more.severity ?? severityOf(rule),
    file: layer.path,
    line: layer.lineOf(pointer),
    pointer,
    message,
    fix: more.fix ?? adviceOf(rule),
    why: more.why,
  });
}

/** The pointer of a rule where it stands in the linted file; undefined for what is inherited. */
export function ownPointer({ layer }: Lint, { rule }: Pick<Origin, 'rule'>): string | undefined {
  return fileOfRule(rule) === layer.name ? pointerOfRule(rule) : undefined;
}
