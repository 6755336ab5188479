/** The command line: collects the commands, runs one, tells failures. */

import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { Command, CommanderError } from 'commander';
import { directoriesOf } from '../base/directories.js';
import { SandboxError } from '../base/errors.js';
import { productVersion } from '../base/installation.js';
import type { CliContext } from './context.js';
import { CliError } from './errors.js';
import { describeFailure, describeMisuse, EXIT_INTERRUPTED, EXIT_SANDBOX_FAILED, isDisplayed } from './failure.js';
import { writeAll } from './write-all.js';

type Register = (program: Command, context: CliContext) => void;

/** Each group is loaded only when it is called, or when all are to be listed: loading takes time. */
const GROUPS: Readonly<Record<string, () => Promise<readonly Register[]>>> = {
  run: async () => [(await import('./run.js')).addRunCommand],
  policy: async () => [await (await import('./policy.js')).policyCommands(words[1])],
  image: async () => [
    (await import('./image.js')).addImageCommands,
    (await import('./image-trust.js')).addImageTrustCommands,
  ],
  trust: async () => [(await import('./trust.js')).addTrustCommands],
  audit: async () => [(await import('./audit.js')).addAuditCommands],
  apparmor: async () => [(await import('./apparmor.js')).addApparmorCommands],
  doctor: async () => [(await import('./doctor.js')).addDoctorCommands],
  reset: async () => [(await import('./reset.js')).addResetCommands],
};

const uid = process.getuid?.() ?? 0;
const home = process.env['HOME']?.startsWith('/') ? process.env['HOME'] : homeOfUser();
const words = process.argv.slice(2);
const context: CliContext = {
  environment: process.env,
  home,
  uid,
  get workingDirectory() {
    return currentFolder();
  },
  words,
  directories: directoriesOf(process.env, home, uid),
  // Not from process.stdout and its like: touching one makes a pipe non-blocking, for whoever shares it too.
  get isTerminal() {
    return { input: isatty(0), output: isatty(1), error: isatty(2) };
  },
  stdout: (text) => writeAll(1, text),
  stderr: tell,
  exitCode: 0,
};

/** Only where a relative path has to be completed does it matter whether it still exists. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (cause) {
    throw new CliError('CLI_FOLDER_GONE', 'the folder that this was started in does not exist any more', {
      cause,
      hint: 'change to one that exists: cd',
    });
  }
}

/** A user without an entry in passwd has the root folder, as with Docker. */
function homeOfUser(): string {
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/** Where even this cannot be told, the exit status alone is left to tell it. */
function tell(text: string): void {
  try {
    writeAll(2, text);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
  }
}

const program = new Command('sandbox')
  .description('Runs untrusted OCI images rootless under one policy, and proves afterwards what was enforced.')
  .version(productVersion())
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({
    writeOut: context.stdout,
    writeErr: context.stderr,
    outputError: (text) => context.stderr(describeMisuse(text, words)),
  });

async function main(): Promise<void> {
  try {
    const wanted = GROUPS[words[0] ?? ''];
    const groups = wanted === undefined ? Object.values(GROUPS) : [wanted];
    for (const group of groups) for (const register of await group()) register(program, context);
    await program.parseAsync(process.argv);
    process.exitCode = context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = isDisplayed(error) ? 0 : EXIT_SANDBOX_FAILED;
    } else {
      context.stderr(describeFailure(error, words.includes('--json')));
      const interrupted = error instanceof SandboxError && error.code === 'STORE_INTERRUPTED';
      process.exitCode = interrupted ? EXIT_INTERRUPTED : EXIT_SANDBOX_FAILED;
    }
  }
}

void main();
