/** `sandbox policy check`: whether policies hold. */
import type { Command } from 'commander';
import { SandboxError } from '../base/errors.js';
import { compilePolicy } from '../policy/compile.js';
import { IDEAL_HOST } from '../policy/ideal-host.js';
import type { CliContext } from './context.js';
import { describeFailure, EXIT_SANDBOX_FAILED, failureOf, printable } from './failure.js';
import { loadWithinCeilings, type PolicyOptions } from './policy-load.js';

/** Adds `check` to the commands of `policy`. */
export function addPolicyCheck(policy: Command, context: CliContext): void {
  policy
    .command('check')
    .description('load and compile policies, and tell every fault')
    .argument('<policy...>', 'profiles by name, files by path')
    .option('--ceiling <file>', 'a policy that none of them may exceed')
    .option('--json', 'one JSON object a policy')
    .addHelpText('after', '\nExample:\n  sandbox policy check strict ./policy.json')
    .action((names: readonly string[], options: PolicyOptions) => checkPolicies(names, options, context));
}

function checkPolicies(names: readonly string[], options: PolicyOptions, context: CliContext): void {
  for (const name of names) {
    try {
      const policy = loadWithinCeilings(name, options, context);
      compilePolicy(policy, IDEAL_HOST);
      const { version, digest } = policy;
      const accepted = { policy: name, accepted: true, name: policy.name, version, digest };
      context.stdout(
        options.json
          ? `${JSON.stringify(accepted)}\n`
          : printable(`${name}: accepted (${policy.name} ${version}, ${digest})\n`),
      );
    } catch (error) {
      if (!(error instanceof SandboxError)) throw error;
      context.exitCode = EXIT_SANDBOX_FAILED;
      if (options.json)
        context.stdout(`${JSON.stringify({ policy: name, accepted: false, error: failureOf(error) })}\n`);
      else context.stderr(describeFailure(names.length === 1 ? error : error.about(`it is ${name}`), false));
    }
  }
}
