/** `sandbox policy compile`: what the kernel is given, and the proof of it. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { describeProof } from '../policy/certificate.js';
import { compilePolicy } from '../policy/compile.js';
import { compiledFiles, writeFolder } from '../policy/export.js';
import { IDEAL_HOST } from '../policy/ideal-host.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';
import { kernelRelease } from './kernel-release.js';
import type { OciOptions } from './policy-compile-oci.js';
import { loadWithinCeilings, type PolicyOptions } from './policy-load.js';

type CompileOptions = PolicyOptions & OciOptions & { readonly format: 'policy' | 'oci-seccomp' };

/** About blocks of container engines. */
const OCI_HELP = `
With --format oci-seccomp the argument is a file with a seccomp block of the OCI runtime specification, a config.json
that has one, or a profile in Docker's form; - is one of these on standard input. Written are the filter (seccomp.bpf),
the certificate of its proof, and a report (seccomp.report.json): what of the block is not in the filter, and why, and
every call to which the filter that an engine gets from this machine's libseccomp gives another answer. Docker's form
is read for x86-64, this kernel or that of --kernel, and the capabilities that Docker gives together with those of
--capability and without those of --drop-capability. runc's filter answers ENOSYS to calls above the last one that the
block names, so that libc falls back to older calls; crun's has the default action for them.`;

/** Adds `compile` to the commands of `policy`. */
export function addPolicyCompile(policy: Command, context: CliContext): void {
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
    .option('--capability <name...>', "oci-seccomp: capabilities beside Docker's own that the containers have, or ALL")
    .option('--drop-capability <name...>', "oci-seccomp: those of Docker's own that they do not have, or ALL")
    .option(
      '--kernel <release>',
      "oci-seccomp: for profiles in Docker's form, the kernel, such as 6.1 (default: this one)",
      kernelRelease,
    )
    .option('--json', 'the files and their digests as JSON')
    .addHelpText(
      'after',
      `${OCI_HELP}\n\nExamples:\n  sandbox policy compile strict --out build/strict\n  sandbox policy compile --format oci-seccomp /etc/docker/seccomp.json --out build/docker`,
    )
    .action(async (name: string, options: CompileOptions, command: Command) => {
      const isBlock = options.format === 'oci-seccomp';
      if (options.out === '') command.error('error: --out names no folder');
      if (isBlock && options.ceiling !== undefined) command.error('error: --ceiling bounds policies, not OCI blocks');
      if (!isBlock && (options.capability ?? options.dropCapability ?? options.kernel) !== undefined)
        command.error('error: --capability, --drop-capability and --kernel are for OCI blocks');
      if (isBlock) (await import('./policy-compile-oci.js')).compileOci(name, options, context);
      else compile(name, options, context);
    });
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
