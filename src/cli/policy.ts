/** `sandbox policy check|explain|compile|diff`: what policies mean, and whether they hold. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { SandboxError } from '../base/errors.js';
import { describeProof } from '../policy/certificate.js';
import { compilePolicy } from '../policy/compile.js';
import { compiledFiles, writeFolder } from '../policy/export.js';
import { IDEAL_HOST } from '../policy/ideal-host.js';
import type { CliContext } from './context.js';
import { describeFailure, EXIT_SANDBOX_FAILED, failureOf, printable } from './failure.js';
import { compileOci, OCI_HELP, type OciOptions } from './policy-compile-oci.js';
import { addPolicyDiff } from './policy-diff.js';
import { addPolicyExplain } from './policy-explain.js';
import { loadWithinCeilings, type PolicyOptions } from './policy-load.js';

type CompileOptions = PolicyOptions & OciOptions & { readonly format: 'policy' | 'oci-seccomp' };

/** Adds the commands to `program`. */
export function addPolicyCommands(program: Command, context: CliContext): void {
  const policy = program.command('policy').description('check policies, say what they mean, compile and compare them');
  policy
    .command('check')
    .description('load and compile policies, and tell every fault')
    .argument('<policy...>', 'profiles by name, files by path')
    .option('--ceiling <file>', 'a policy that none of them may exceed')
    .option('--json', 'one JSON object a policy')
    .addHelpText('after', '\nExample:\n  sandbox policy check strict ./policy.json')
    .action((names: readonly string[], options: PolicyOptions) => checkPolicies(names, options, context));
  addPolicyExplain(policy, context);
  policy
    .command('compile')
    .description(
      'write what the kernel is given: filter, rules, sets and the resolved policy, with the certificate of their proof',
    )
    .argument('<policy>', 'a profile by name, or a file by path')
    .requiredOption('--out <folder>', 'where to write; made if it is not there')
    .addOption(
      new Option('--format <format>', 'what the argument is').choices(['policy', 'oci-seccomp']).default('policy'),
    )
    .option('--ceiling <file>', 'a policy that it may not exceed')
    .addOption(
      new Option('--runtime <runtime>', 'oci-seccomp: whose filter to make').choices(['runc', 'crun']).default('runc'),
    )
    .option('--capability <name...>', "oci-seccomp: capabilities beside Docker's own that the containers have")
    .option('--json', 'the files and their digests as JSON')
    .addHelpText(
      'after',
      `${OCI_HELP}\n\nExamples:\n  sandbox policy compile strict --out build/strict\n  sandbox policy compile --format oci-seccomp /etc/docker/seccomp.json --out build/docker`,
    )
    .action((name: string, options: CompileOptions, command: Command) => {
      const isBlock = options.format === 'oci-seccomp';
      if (isBlock && options.ceiling !== undefined) command.error('error: --ceiling bounds policies, not OCI blocks');
      if (!isBlock && options.capability !== undefined) command.error('error: --capability is for OCI blocks');
      if (isBlock) compileOci(name, options, context);
      else compile(name, options, context);
    });
  addPolicyDiff(policy, context);
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
      else context.stderr(describeFailure(error, false));
    }
  }
}

function compile(name: string, options: PolicyOptions & { readonly out: string }, context: CliContext): void {
  const policy = loadWithinCeilings(name, options, context);
  const compiled = compilePolicy(policy, IDEAL_HOST);
  const files = compiledFiles(compiled);
  const folder = resolve(context.workingDirectory, options.out);
  writeFolder(folder, files);
  const written = files.map(({ name: file, bytes, digest }) => ({ file, bytes: bytes.length, digest }));
  if (options.json)
    context.stdout(`${JSON.stringify({ policy: policy.name, digest: policy.digest, folder, files: written })}\n`);
  else {
    for (const { file, bytes, digest } of written)
      context.stdout(printable(`${options.out}/${file}  ${bytes} bytes  ${digest}\n`));
    context.stdout(printable(`${describeProof(compiled.certificate.certificate)}\n`));
  }
}
