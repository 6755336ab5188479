/** `sandbox policy lint`: what is suspicious in policies, with what to do about it. */
import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import { productVersion } from '../base/installation.js';
import { policyReference } from '../policy/chain.js';
import { PolicyError } from '../policy/errors.js';
import { lintPolicy } from '../policy/lint.js';
import type { LintFinding } from '../policy/lint-find.js';
import { LINT_RULES, type Severity } from '../policy/lint-rules.js';
import { type Finding, sarifLog } from '../report/sarif.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';

/** With --fail-on, where there is what it names. */
const EXIT_FOUND = 1;

const SEVERITIES: readonly Severity[] = ['note', 'warning', 'error'];

type Options = {
  readonly format: 'text' | 'json' | 'sarif';
  readonly json?: boolean;
  readonly failOn: Severity;
  readonly on?: string;
};

const HELP = `
Each finding has a rule (LINT_…), a severity, a place and a fix. A policy that does not load is linted, too: its faults
are findings of the severity error. What a policy extends is linted where that is named itself.

Exit status:
  0    nothing of the severity that --fail-on names, or graver
  1    something
  125  not linted: an argument is faulty

Examples:
  sandbox policy lint ./policy.json
  sandbox policy lint --fail-on warning --format sarif policies/*.json > lint.sarif
  sandbox policy lint --on 2027-03-01 ./policy.json`;

/** Adds `lint` to the commands of `policy`. */
export function addPolicyLint(policy: Command, context: CliContext): void {
  policy
    .command('lint')
    .description('what is misspelt, dead, contradicting, too broad or about to expire, with what to do about it')
    .argument('<policy...>', 'profiles by name, files by path')
    .addOption(new Option('--format <format>', 'how to tell it').choices(['text', 'json', 'sarif']).default('text'))
    .option('--json', 'the same as --format json')
    .addOption(
      new Option('--fail-on <severity>', `end with ${EXIT_FOUND} from this severity on`)
        .choices([...SEVERITIES].reverse())
        .default('error'),
    )
    .option('--on <day>', 'what will have expired on this day, such as 2027-03-01 (default: today)')
    .addHelpText('after', HELP)
    .action((names: readonly string[], options: Options) => lint(names, options, context));
}

function lint(names: readonly string[], options: Options, context: CliContext): void {
  const now = dayOf(options.on);
  const findings = names.flatMap((name) => lintPolicy(policyReference(name, context.workingDirectory), { now }));
  const format = options.json === true ? 'json' : options.format;
  context.stdout(TEXTS[format](findings, context.workingDirectory));
  const least = SEVERITIES.indexOf(options.failOn);
  if (findings.some(({ severity }) => SEVERITIES.indexOf(severity) >= least)) context.exitCode = EXIT_FOUND;
}

function dayOf(text: string | undefined): Date {
  if (text === undefined) return new Date();
  const day = new Date(`${text}T12:00:00Z`);
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)) return day;
  throw new PolicyError('POLICY_QUESTION', `--on: "${text.slice(0, 40)}" is no day`, { hint: 'such as 2027-03-01' });
}

type Teller = (findings: readonly LintFinding[], workingDirectory: string) => string;

const TEXTS: Readonly<Record<Options['format'], Teller>> = { text: textOf, json: jsonOf, sarif: sarifOf };

/** From where the reader looks, unless it lies elsewhere. */
function shown(file: string, workingDirectory: string): string {
  const way = relative(workingDirectory, file);
  return way.startsWith('..') || way === '' ? file : way;
}

function textOf(findings: readonly LintFinding[], workingDirectory: string): string {
  const lines = findings.flatMap(({ rule, severity, file, line, pointer, message, fix, why }) => [
    `${shown(file, workingDirectory)}:${line}: ${severity}: ${shortened(message)} [${rule}]`,
    `    at ${shortened(pointer || '/')}`,
    `    fix: ${shortened(fix)}`,
    ...(why === undefined ? [] : [`    its reason: ${why}`]),
  ]);
  const count = (severity: Severity): string => {
    const number = findings.filter((one) => one.severity === severity).length;
    return `${number} ${severity}${number === 1 ? '' : 's'}`;
  };
  const harmless = lines.map((line) => printable(line).replaceAll('\n', '\\n'));
  return `${[...harmless, `${count('error')}, ${count('warning')}, ${count('note')}`].join('\n')}\n`;
}

const LONGEST = 512;
/** What is longer quotes what somebody else has chosen. */
const shortened = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`);

const bounded = (finding: LintFinding): LintFinding => ({
  ...finding,
  pointer: shortened(finding.pointer),
  message: shortened(finding.message),
  fix: shortened(finding.fix),
});

function jsonOf(findings: readonly LintFinding[]): string {
  return `${JSON.stringify({ findings: findings.map(bounded) })}\n`;
}

function sarifOf(findings: readonly LintFinding[], workingDirectory: string): string {
  const results = findings.map(bounded).map(
    ({ rule, severity, file, line, pointer, message, fix }): Finding => ({
      ruleId: rule,
      level: severity,
      message: `${message}. Fix: ${fix}`,
      file: shown(file, workingDirectory),
      line,
      pointer,
    }),
  );
  const rules = LINT_RULES.map(({ id, severity, description, help }) => ({ id, description, level: severity, help }));
  return `${JSON.stringify(sarifLog({ version: productVersion(), rules, findings: results }), null, 2)}\n`;
}
