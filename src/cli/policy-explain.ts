/** `sandbox policy explain POLICY`: what a policy means, in sentences. */
import type { Command } from 'commander';
import { gapsOn } from '../policy/compile.js';
import { compareWithDocker, type DockerComparison } from '../policy/docker.js';
import { PolicyError } from '../policy/errors.js';
import { type Explanation, explainPolicy } from '../policy/explain.js';
import { IDEAL_HOST } from '../policy/ideal-host.js';
import { answerWhy } from '../policy/why.js';
import { PATH_USES } from '../policy/why-path.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';
import { loadSubject, loadWithinCeilings, type PolicyOptions } from './policy-load.js';
import { whyText } from './policy-why.js';

type Options = PolicyOptions & { readonly why?: string; readonly access?: string };

const HELP = `
What --why takes:
  a system call       openat, 'socket(AF_INET, SOCK_STREAM)', 'ioctl(*, TIOCSTI)', 'clone(flags=CLONE_NEWUSER)',
                      0x101, 'i386 socketcall', 'x32 write'; * stands for any value
  an absolute path    /tmp, /etc/passwd; reading, writing and executing, or what --access names
  a host and port     db.example:5432, 127.0.0.1:80, [::1]:80

The answer names the rule that decides, with file, line, pointer and reason; the smallest change that would allow
what is denied; and everything else that this change would allow, found by making it and comparing exactly.

Examples:
  sandbox policy explain strict
  sandbox policy explain strict --why 'socket(AF_INET, SOCK_STREAM)'
  sandbox policy explain ./policy.json --why /var/cache --access write
  sandbox policy explain ./policy.json --why db.example:5432 --json`;

/** Adds `explain` to the commands of `policy`. */
export function addPolicyExplain(policy: Command, context: CliContext): void {
  policy
    .command('explain')
    .description('say in sentences what a policy means: every rule with its reason and place')
    .argument('<policy>', 'a profile by name, or a file by path')
    .option('--ceiling <file>', 'a policy that it may not exceed')
    .option('--json', 'the same as JSON')
    .option('--why <question>', 'why a CALL, a PATH or a HOST:PORT is allowed or denied, and what would allow it')
    .option('--access <use>', `with a path: one use of it (${PATH_USES.join(', ')})`)
    .addHelpText('after', HELP)
    .action((name: string, options: Options) => {
      if (options.why !== undefined) why(name, options.why, options, context);
      else if (options.access !== undefined)
        throw new PolicyError('POLICY_QUESTION', '--access belongs to --why PATH', { hint: 'add --why' });
      else explain(name, options, context);
    });
}

function why(name: string, question: string, options: Options, context: CliContext): void {
  const subject = loadSubject(name, options, context);
  const answer = answerWhy(subject, question, options.access);
  const { policy } = subject;
  context.stdout(
    options.json
      ? `${JSON.stringify({ policy: policy.name, digest: policy.digest, ...answer })}\n`
      : printable(whyText(name, answer, context.workingDirectory)),
  );
}

function explain(name: string, options: PolicyOptions, context: CliContext): void {
  const policy = loadWithinCeilings(name, options, context);
  const explanation = explainPolicy(policy, gapsOn(policy, IDEAL_HOST));
  const docker = compareWithDocker(policy.syscalls);
  context.stdout(
    options.json ? `${JSON.stringify({ ...explanation, docker })}\n` : printable(textOf(explanation, docker)),
  );
}

function textOf(explanation: Explanation, docker: DockerComparison): string {
  const { name, version, title, digest, calls, sections, gaps } = explanation;
  const lines = [
    `${name} ${version}: ${title}`,
    ...(explanation.extends.length === 0 ? [] : [`extends ${explanation.extends.join(', ')}`]),
    digest,
    `lets ${calls.permitted} of ${calls.known} system calls through, ${calls.conditional} of them with some arguments only; ` +
      `forbids ${calls.forbidden} for good`,
    `Docker's default profile lets ${docker.docker} through`,
  ];
  for (const { title: section, sentences } of sections) {
    lines.push('', section);
    for (const { text, why, rule, expires } of sentences) {
      lines.push(`  ${text}`);
      if (why !== undefined) lines.push(`      ${why}`);
      if (rule !== undefined) lines.push(`      ${rule}${expires === undefined ? '' : `, until ${expires}`}`);
    }
  }
  lines.push('', `Beside Docker's default profile (${docker.profile})`, ...dockerLines(docker));
  if (gaps.length > 0) lines.push('', 'What no mechanism enforces', ...gaps.map((gap) => `  ${gap}.`));
  return `${lines.join('\n')}\n`;
}

function dockerLines({ ours, docker, onlyDocker, onlyOurs, narrower }: DockerComparison): string[] {
  const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));
  return [
    `  System calls with at least one allowed argument vector: ${ours} here, ${docker} there.`,
    `  Only there (${onlyDocker.length}): ${list(onlyDocker)}.`,
    `  Only here (${onlyOurs.length}): ${list(onlyOurs)}.`,
    `  Here with some arguments only, there with any (${narrower.length}): ${list(narrower)}.`,
  ];
}
