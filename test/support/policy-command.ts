/** Runs `sandbox policy …` in this process, as the command line does, in a folder of the test's. */
import { Command } from 'commander';
import { directoriesOf } from '../../src/base/directories.js';
import type { CliContext } from '../../src/cli/context.js';
import { policyCommands } from '../../src/cli/policy.js';

export type Told = { readonly out: string; readonly err: string; readonly status: number };

/** What `policy WORDS` prints and ends with. @throws what the command throws, a misuse included */
export async function runPolicyCommand(folder: string, words: readonly string[]): Promise<Told> {
  let out = '';
  let err = '';
  const context: CliContext = {
    environment: {},
    home: folder,
    uid: 1000,
    workingDirectory: folder,
    directories: directoriesOf({}, folder, 1000),
    isTerminal: { input: false, output: false, error: false },
    stdout: (text) => (out += text.toString()),
    stderr: (text) => (err += text),
    exitCode: 0,
    words: ['policy', ...words],
  };
  const program = quiet(new Command());
  (await policyCommands(words[0]))(program, context);
  for (const group of program.commands) for (const command of group.commands) quiet(command);
  await program.parseAsync(context.words, { from: 'user' });
  return { out, err, status: context.exitCode };
}

const quiet = (command: Command): Command => command.exitOverride().configureOutput({ writeErr: () => undefined });
