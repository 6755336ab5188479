/** `sandbox audit`: which runs there were, what happened in one, and whether its trail can be believed. */
import type { Command } from 'commander';
import { findRun, summariseRun } from '../audit/runs.js';
import { spell } from '../audit/spelling.js';
import { allRuns, loadChain, verifyAll, verifyChain, verifyRun } from '../audit/verify.js';
import { describeSummary, jsonOfSummary } from './audit-list.js';
import { showRun } from './audit-show.js';
import { describeVerdict, jsonOfVerdict } from './audit-verify.js';
import type { CliContext } from './context.js';

type Options = { readonly json?: true; readonly state?: string };

/** A trail that cannot be believed, or that ends before its run did. */
const EXIT_NOT_TRUSTED = 1;

/** Adds `audit list`, `audit show` and `audit verify`. */
export function addAuditCommands(program: Command, context: CliContext): void {
  const audit = program.command('audit').description('what the runs did, and whether their trails can be believed');
  const stateOf = (options: Options): string => options.state ?? context.directories.state;
  const add = (usage: string, description: string, examples: string): Command =>
    audit
      .command(usage)
      .description(description)
      .option('--json', 'print JSON')
      .option('--state <folder>', 'read trails from this folder, such as a copy from another machine')
      .addHelpText('after', `\nExamples:\n${examples}`);

  add('list', 'every run, the latest last', '  sandbox audit list\n  sandbox audit list --json | jq .state').action(
    (options: Options) => listRuns(stateOf(options), options.json === true, context),
  );
  add(
    'show <run>',
    'the records of one run: its name, the beginning of it, or "latest"',
    '  sandbox audit show latest\n  sandbox audit show 01KAM3 --json',
  ).action((run: string, options: Options) => {
    const trusted = showRun(stateOf(options), run, options.json === true, context);
    if (!trusted) context.exitCode = EXIT_NOT_TRUSTED;
  });
  add(
    'verify [run]',
    'whether a trail is intact, complete and anchored; without a run, all of them and their chain',
    `  sandbox audit verify\n  sandbox audit verify latest --json\n
Status 0: intact, and complete unless the run is still live. Status 1: not so.`,
  ).action((run: string | undefined, options: Options) =>
    verify(stateOf(options), run, options.json === true, context),
  );
}

function listRuns(state: string, json: boolean, context: CliContext): void {
  const summaries = allRuns(state, loadChain(state)).map((run) => summariseRun(state, run));
  if (json) for (const summary of summaries) context.stdout(`${spell(jsonOfSummary(summary))}\n`);
  else context.stdout(describeSummary(summaries));
}

function verify(state: string, wanted: string | undefined, json: boolean, context: CliContext): void {
  const verdict = wanted === undefined ? verifyAll(state) : verifyOne(state, wanted);
  context.stdout(json ? `${spell(jsonOfVerdict(verdict))}\n` : describeVerdict(verdict));
  const finished = verdict.chain.complete && verdict.runs.every(({ complete, live }) => complete || live);
  if (!verdict.intact || !finished) context.exitCode = EXIT_NOT_TRUSTED;
}

/** One run, and the chain that it is held against: a chain that is damaged proves nothing of the run's end. */
function verifyOne(state: string, wanted: string): ReturnType<typeof verifyAll> {
  const chain = loadChain(state);
  const run = verifyRun(state, findRun(state, chain, wanted), chain);
  const verdict = verifyChain(chain);
  return {
    intact: run.intact && verdict.intact,
    complete: run.complete && verdict.intact,
    anchored: false,
    chain: { ...verdict, complete: verdict.intact },
    runs: [run],
  };
}
