/** `sandbox policy diff A B`: exactly what a change of a policy widens, narrows or changes. */
import { relative } from 'node:path';
import { type Command, Option } from 'commander';
import { productVersion } from '../base/installation.js';
import { type Change, describeChange } from '../policy/change.js';
import { compareSides, type DiffSide, loadSide, ofSide, placeOf } from '../policy/diff-side.js';
import { changeData, DIFF_RULES, diffFindings, type PlacedChange } from '../report/policy-diff.js';
import { sarifLog } from '../report/sarif.js';
import type { CliContext } from './context.js';
import { type CapabilityOptions, dockerCapabilities } from './docker-capabilities.js';
import { printable } from './failure.js';
import { kernelRelease } from './kernel-release.js';
import { diffText } from './policy-diff-text.js';

/** With --fail-on, where there is what it names. */
const EXIT_DIFFERENT = 1;

type Options = CapabilityOptions & {
  readonly failOn?: 'widen' | 'change';
  readonly format: 'text' | 'json' | 'sarif';
  readonly json?: boolean;
  readonly kernel?: string;
};

const HELP = `
What can be compared:
  a profile by name, a policy file, a compiled filter (seccomp.bpf, of any tool), a seccomp block of OCI,
  a config.json with one, a seccomp profile in Docker's form; - is one of these on standard input.
  Beside a filter, calls alone are compared.

Every difference is exact, for every architecture, call number and argument, and comes with a witness:
a call, a path, a value that one of the two permits and the other does not.

Exit status:
  0    compared, and nothing that --fail-on names was found
  1    --fail-on found what it names
  125  not compared: an argument, a policy or a filter is faulty

Examples:
  sandbox policy diff strict ./policy.json
  sandbox policy diff --fail-on widen --format sarif main/policy.json policy.json
  git show main:policy.json | sandbox policy diff --fail-on widen - policy.json
  sandbox policy diff ./docker-default.json default
  sandbox policy diff default build/default/seccomp.bpf`;

/** Adds `diff` to the commands of `policy`. */
export function addPolicyDiff(policy: Command, context: CliContext): void {
  policy
    .command('diff')
    .description('what a second policy or filter permits, refuses and does otherwise than a first, each with a witness')
    .argument('<before>', 'a profile by name, or a policy or filter by path')
    .argument('<after>', 'what to hold against it')
    .addOption(
      new Option(
        '--fail-on <what>',
        `end with ${EXIT_DIFFERENT} where something is widened, or where anything differs`,
      ).choices(['widen', 'change']),
    )
    .addOption(new Option('--format <format>', 'how to tell it').choices(['text', 'json', 'sarif']).default('text'))
    .option('--json', 'the same as --format json')
    .option('--capability <name...>', "for profiles in Docker's form: capabilities beside Docker's own, or ALL")
    .option('--drop-capability <name...>', "for profiles in Docker's form: those of Docker's own to leave out, or ALL")
    .option(
      '--kernel <release>',
      "for profiles in Docker's form: the kernel, such as 6.1 (default: this one)",
      kernelRelease,
    )
    .addHelpText('after', HELP)
    .action((before: string, after: string, options: Options) => diff(before, after, options, context));
}

/** What has expired in BEFORE counts as it stood: the change that renews or removes it is one to compare. */
const BEFORE_ANY_EXPIRES = new Date(0);

function diff(first: string, second: string, options: Options, context: CliContext): void {
  const host = {
    capabilities: dockerCapabilities(options),
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
  };
  const [before, after] = [
    ofSide('BEFORE', first, () => loadSide(first, context.workingDirectory, BEFORE_ANY_EXPIRES, host)),
    ofSide('AFTER', second, () => loadSide(second, context.workingDirectory, new Date(), host)),
  ];
  const changes = compareSides(before, after);
  context.stdout(textFor(options.json === true ? 'json' : options.format, before, after, changes, context));
  if (fails(options.failOn, changes)) context.exitCode = EXIT_DIFFERENT;
}

function fails(failOn: Options['failOn'], changes: readonly Change[]): boolean {
  switch (failOn) {
    case undefined:
      return false;
    case 'widen':
      return changes.some(({ direction }) => direction === 'widened');
    case 'change':
      return changes.length > 0;
  }
}

function textFor(
  format: Options['format'],
  before: DiffSide,
  after: DiffSide,
  changes: readonly Change[],
  context: CliContext,
): string {
  switch (format) {
    case 'text':
      return printable(diffText(before, after, changes));
    case 'json':
      return `${JSON.stringify(dataOf(before, after, changes))}\n`;
    case 'sarif': {
      const findings = diffFindings(changes.map((change) => placed(change, before, after, context.workingDirectory)));
      return `${JSON.stringify(sarifLog({ version: productVersion(), rules: DIFF_RULES, findings }))}\n`;
    }
  }
}

function dataOf(before: DiffSide, after: DiffSide, changes: readonly Change[]): object {
  const count = (direction: Change['direction']): number =>
    changes.filter((change) => change.direction === direction).length;
  const isOfCalls = before.kind === 'filter' || after.kind === 'filter';
  return {
    before: sideData(before),
    after: sideData(after),
    compared: isOfCalls ? ['calls'] : 'everything',
    equal: changes.length === 0,
    widened: count('widened'),
    narrowed: count('narrowed'),
    changed: count('changed'),
    changes: changes.map(changeData),
  };
}

function sideData(side: DiffSide): object {
  if (side.kind === 'filter') return { kind: side.form, file: side.path, remarks: side.remarks };
  const { name, version, digest } = side.policy;
  return { kind: 'policy', name, version, digest, files: side.layers.map(({ path }) => path) };
}

/** At the side that has the rule: what is widened or changed stands in the second, as what is refused there does. */
function placed(change: Change, before: DiffSide, after: DiffSide, workingDirectory: string): PlacedChange {
  const isGone = change.direction === 'narrowed' && change.rules.after === undefined && after.kind === 'policy';
  const side = after.kind === 'filter' && before.kind === 'policy' ? before : after;
  const rule = side === before ? change.rules.before : change.rules.after;
  const { file, line, pointer } = placeOf(side, isGone ? undefined : rule?.rule, change.pointer, workingDirectory);
  const near = relative(workingDirectory, file);
  return { change, text: describeChange(change), file: near.startsWith('..') ? file : near, line, pointer };
}
