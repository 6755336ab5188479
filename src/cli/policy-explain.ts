/** `sandbox policy explain POLICY`: what a policy means, in sentences. */
import type { Command } from 'commander';
import { gapsOn } from '../policy/compile.js';
import { compareWithDocker, type DockerComparison } from '../policy/docker.js';
import { type Explanation, explainPolicy } from '../policy/explain.js';
import { IDEAL_HOST } from '../policy/ideal-host.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';
import { loadWithinCeilings, type PolicyOptions } from './policy-load.js';

/** Adds `explain` to the commands of `policy`. */
export function addPolicyExplain(policy: Command, context: CliContext): void {
  policy
    .command('explain')
    .description('say in sentences what a policy means: every rule with its reason and place')
    .argument('<policy>', 'a profile by name, or a file by path')
    .option('--ceiling <file>', 'a policy that it may not exceed')
    .option('--json', 'the same as JSON')
    .addHelpText('after', '\nExample:\n  sandbox policy explain strict')
    .action((name: string, options: PolicyOptions) => explain(name, options, context));
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
