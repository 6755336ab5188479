/** The command line: collects the commands, runs one, tells failures. */

import { readFileSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { directoriesOf } from '../base/directories.js';
import { installationRoot } from '../base/installation.js';
import { addAuditCommands } from './audit.js';
import type { CliContext } from './context.js';
import { addRunCommand } from './run.js';
import { addDoctorCommands } from './doctor.js';
import { describeFailure, EXIT_SANDBOX_FAILED, isDisplayed } from './failure.js';
import { addPolicyCommands } from './policy.js';

const uid = process.getuid?.() ?? 0;
const home = process.env['HOME']?.startsWith('/') ? process.env['HOME'] : homedir();
const context: CliContext = {
  environment: process.env,
  home,
  uid,
  workingDirectory: process.cwd(),
  words: process.argv.slice(2),
  directories: directoriesOf(process.env, home, uid),
  isTerminal: {
    input: process.stdin.isTTY === true,
    output: process.stdout.isTTY === true,
    error: process.stderr.isTTY === true,
  },
  stdout: (text) => writeAll(1, text),
  stderr: (text) => writeAll(2, text),
  exitCode: 0,
};

/** Writes synchronously: the process may end right after. */
function writeAll(descriptor: number, text: string | Uint8Array): void {
  let bytes: Uint8Array = typeof text === 'string' ? Buffer.from(text) : text;
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(descriptor, bytes));
}

function version(): string {
  const read: unknown = JSON.parse(readFileSync(join(installationRoot, 'package.json'), 'utf8'));
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown';
}

const program = new Command('sandbox')
  .description('Runs untrusted OCI images rootless under one policy, and proves afterwards what was enforced.')
  .version(version())
  .enablePositionalOptions()
  .exitOverride()
  .configureOutput({ writeOut: context.stdout, writeErr: context.stderr })
  .showHelpAfterError('(sandbox --help shows the commands)');

addAuditCommands(program, context);
addDoctorCommands(program, context);
addPolicyCommands(program, context);

addRunCommand(program, context);

try {
  await program.parseAsync(process.argv);
  process.exitCode = context.exitCode;
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = isDisplayed(error) ? 0 : EXIT_SANDBOX_FAILED;
  } else {
    context.stderr(describeFailure(error, process.argv.includes('--json')));
    process.exitCode = EXIT_SANDBOX_FAILED;
  }
}
