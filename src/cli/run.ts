/** `sandbox run`: prepares a launch plan and leaves it to the front end, which becomes the launcher. */
import { fstatSync, readFileSync, writeSync } from 'node:fs';
import { release, version } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { installationRoot } from '../base/installation.js';
import { type PlanSurroundings, planKey, storePlan } from '../launch/cache.js';
import { RunError } from '../run/errors.js';
import { readHostname, readUser, readVariables, readWorkingDirectory } from '../run/options.js';
import { prepareRun, type RunRequest } from '../run/run.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';
import { withProgress } from './unpack-progress.js';

type Flags = {
  readonly profile?: string;
  readonly policy?: string;
  readonly trust?: string;
  readonly ceiling?: string;
  readonly allowUnsigned?: boolean;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly entrypoint?: string;
  readonly hostname?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly network?: string;
  readonly json?: boolean;
};

const EXAMPLES = `
Examples:
  sandbox run --profile strict oci:./layout:app                 the image's own command
  sandbox run --profile strict oci:./layout:app -- python3 -V   another command
  sandbox run -it --profile default docker-archive:app.tar sh   a shell on a terminal
  sandbox run --policy ./app.policy.json oci-archive:app.oci

Exit status: the command's; 128+N where signal N ended it; 125 where sandbox refused or failed (nothing ran);
126 where the command cannot be executed, 127 where the image does not have it.
What was refused is in the trail: sandbox audit show latest
`;

const collect = (word: string, words: readonly string[] = []): readonly string[] => [...words, word];

export function addRunCommand(program: Command, context: CliContext): void {
  program
    .command('run')
    .summary('run a command of an image under a policy')
    .description('Verifies the image, compiles the policy and runs a command of the image under it, without root.')
    .argument('<image>', 'oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE or dir:DIR')
    .argument('[command...]', "replaces the image's command")
    .option('--profile <name>', 'a built-in policy: strict, default or compat (default: default)')
    .option('--policy <file>', 'a policy of your own, instead of a profile')
    .option('--trust <file>', 'the trust policy (default: that of the user, then /etc/sandbox/trust.json)')
    .option('--ceiling <file>', 'a policy that the run may not exceed')
    .option('--allow-unsigned', 'run the image although no signature satisfies the trust policy; recorded')
    .option('-e, --env <name=value>', 'set a variable; NAME alone passes the caller’s value', collect)
    .option('-w, --workdir <path>', 'the working directory inside')
    .option('-u, --user <uid[:gid]>', 'the user inside, as numbers')
    .option('--entrypoint <program>', "replaces the image's entrypoint")
    .option('--hostname <name>', 'the name of the host inside (default: sandbox)')
    .option('-i, --interactive', 'pass standard input on')
    .option('-t, --tty', 'give the command a terminal')
    .option('--network <mode>', 'none; other modes come with a later release')
    .option('--rm', 'accepted for familiarity: a run leaves nothing behind in any case')
    .option('--json', 'tell failures and warnings as JSON, a line each')
    .addHelpText('after', EXAMPLES)
    .passThroughOptions()
    .action((image: string, command: string[], flags: Flags) => run(image, command, flags, context));
}

async function run(image: string, command: readonly string[], flags: Flags, context: CliContext): Promise<void> {
  const descriptor = planDescriptor(context);
  checkFlags(flags, context);
  const file = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(context.workingDirectory, path);
  const policy = file(flags.policy);
  const request: Omit<RunRequest, 'unpack'> = {
    image,
    policy:
      policy === undefined ? { kind: 'profile', name: flags.profile ?? 'default' } : { kind: 'file', path: policy },
    trust: file(flags.trust),
    ceiling: file(flags.ceiling),
    allowUnsigned: flags.allowUnsigned === true,
    options: {
      command: command[0] === '--' ? command.slice(1) : command,
      entrypoint: flags.entrypoint,
      environment: readVariables(flags.env ?? [], context.environment),
      workingDirectory: flags.workdir === undefined ? undefined : readWorkingDirectory(flags.workdir),
      user: flags.user === undefined ? undefined : readUser(flags.user),
      hostname: flags.hostname === undefined ? undefined : readHostname(flags.hostname),
      interactive: flags.interactive === true,
      terminal: flags.tty === true,
      messagesAsJson: flags.json === true,
    },
    directories: context.directories,
    workingDirectory: context.workingDirectory,
    now: new Date(),
  };
  const prepared = await withProgress(context, (unpack) => prepareRun({ ...request, unpack }));
  if (prepared.keep !== undefined && (flags.env ?? []).every((word) => word.includes('='))) {
    const key = planKey(surroundingsOf(context), wordsBefore(command, context));
    storePlan(context.directories.state, key, prepared.keep.plan, prepared.keep.inputs);
  }
  for (const warning of prepared.warnings) context.stderr(spellWarning(warning, flags.json === true));
  writePlan(descriptor, prepared.plan);
}

const spellWarning = (message: string, json: boolean): string =>
  json ? `${JSON.stringify({ warning: { message } })}\n` : `sandbox: warning: ${printable(message)}\n`;

function checkFlags(flags: Flags, context: CliContext): void {
  if (flags.policy !== undefined && flags.profile !== undefined) {
    throw new RunError('RUN_OPTION_INVALID', '--profile and --policy exclude each other', {
      hint: 'name one; a policy file can say which profile it extends',
    });
  }
  if (flags.network !== undefined && flags.network !== 'none') {
    throw new RunError('RUN_OPTION_LATER', `--network ${flags.network}: not available yet`, {
      why: 'this release gives every run a network namespace of its own with nothing but loopback',
      hint: 'use --network none, or leave the option out',
    });
  }
  if (flags.interactive === true && flags.tty === true && !context.isTerminal.input) {
    throw new RunError('RUN_NO_TERMINAL', '-i and -t together need a terminal on standard input', {
      hint: 'leave out -t where the input comes from a file or a pipe',
    });
  }
}

/** The words from `run` up to the image: what follows is the command, which a kept plan does not have. */
const wordsBefore = (command: readonly string[], { words }: CliContext): readonly string[] =>
  words.slice(0, words.length - command.length);

const surroundingsOf = (context: CliContext): PlanSurroundings => ({
  installation: installationRoot,
  uid: context.uid,
  workingDirectory: context.workingDirectory,
  environment: context.environment,
  kernelRelease: release(),
  kernelVersion: version(),
  cgroup: readFileSync('/proc/self/cgroup', 'utf8'),
});

/** The memory file that the front end has opened for the plan. */
function planDescriptor(context: CliContext): number {
  const descriptor = Number(context.environment['SANDBOX_PLAN_DESCRIPTOR'] ?? Number.NaN);
  try {
    if (Number.isInteger(descriptor) && fstatSync(descriptor).isFile()) return descriptor;
  } catch {
    // Told below: there is no such descriptor.
  }
  throw new RunError('RUN_NO_FRONT_END', 'nobody waits for the launch plan', {
    hint: 'start it as bin/sandbox run, not through node',
  });
}

function writePlan(descriptor: number, plan: Uint8Array): void {
  for (let written = 0; written < plan.length; ) written += writeSync(descriptor, plan, written);
}
