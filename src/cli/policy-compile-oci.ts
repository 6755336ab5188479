/** `sandbox policy compile --format oci-seccomp`: a seccomp block of a container engine as the filter that runc makes of it. */
import { resolve } from 'node:path';
import { digestOf } from '../base/digest.js';
import { productVersion } from '../base/installation.js';
import { certify, describeProof } from '../policy/certificate.js';
import { type CompiledFile, writeFolder } from '../policy/export.js';
import { compileProvedOciSeccomp, loadOciSeccomp } from '../seccomp/oci.js';
import { STANDARD_INPUT } from '../seccomp/oci-block.js';
import { compareWithLibseccomp, type OciComparison } from '../seccomp/oci-comparison.js';
import { type OciReport, reportOn } from '../seccomp/oci-report.js';
import type { Remark, Runtime } from '../seccomp/oci-rules.js';
import type { CliContext } from './context.js';
import { type CapabilityOptions, dockerCapabilities } from './docker-capabilities.js';
import { printable } from './failure.js';

export type OciOptions = CapabilityOptions & {
  readonly out: string;
  readonly json?: boolean;
  readonly kernel?: string;
  readonly runtime: Runtime;
};

/** Compiles the block in `file` and writes what came of it. */
export function compileOci(file: string, options: OciOptions, context: CliContext): void {
  const isInput = file === STANDARD_INPUT;
  const block = loadOciSeccomp(isInput ? file : resolve(context.workingDirectory, file), {
    name: isInput ? 'standard input' : file,
    capabilities: dockerCapabilities(options),
    ...(options.kernel === undefined ? {} : { kernel: options.kernel }),
  });
  const { compiled, proof } = compileProvedOciSeccomp(block, { runtime: options.runtime });
  const comparison = compareWithLibseccomp(block, compiled, options.runtime);
  const report = reportOn(block, compiled, comparison);
  const subject = { name: block.file, version: block.form, digest: block.digest };
  const { certificate, text } = certify(subject, compiled.program, proof, `sandbox ${productVersion()}`);
  const files: CompiledFile[] = [
    { name: 'certificate.json', bytes: Buffer.from(text) },
    { name: 'seccomp.bpf', bytes: compiled.program },
    { name: 'seccomp.report.json', bytes: Buffer.from(`${JSON.stringify(report, null, 2)}\n`) },
  ].map((written) => ({ ...written, digest: digestOf(written.bytes) }));
  const folder = resolve(context.workingDirectory, options.out);
  writeFolder(folder, files);
  const written = files.map(({ name, bytes, digest }) => ({ file: name, bytes: bytes.length, digest }));
  if (options.json) {
    context.stdout(`${JSON.stringify({ folder, files: written, report })}\n`);
    return;
  }
  for (const { file: name, bytes, digest } of written)
    context.stdout(printable(`${options.out}/${name}  ${bytes} bytes  ${digest}\n`));
  context.stdout(printable(`${describeProof(certificate)}\n`));
  context.stderr(printable(linesOn(report, options.runtime)));
}

/** Told by number alone: a block for many machines has dozens. */
const EXPECTED: ReadonlySet<Remark['kind']> = new Set(['not-for-host', 'not-on-this-abi', 'same-as-default']);

/** So many disagreements are told one by one. */
const MOST_TOLD = 20;

function linesOn({ file, remarks, comparison }: OciReport, runtime: Runtime): string {
  const lines = remarks
    .filter(({ kind }) => !EXPECTED.has(kind))
    .map(
      ({ pointer, names, reason }) =>
        `${file}: ${pointer}: ${names.length === 0 ? '' : `${names.join(', ')}: `}${reason}`,
    );
  const others = remarks.length - lines.length;
  if (others > 0)
    lines.push(
      `${file}: ${others} ${others === 1 ? 'rule' : 'rules'} wholly or in part without effect here; see seccomp.report.json`,
    );
  lines.push(...linesOnComparison(comparison, runtime).map((line) => `${file}: ${line}`));
  return lines.map((line) => `${line}\n`).join('');
}

function linesOnComparison(comparison: OciComparison, runtime: Runtime): string[] {
  if (comparison.kind === 'not-compared') return [`not compared with the filter of libseccomp: ${comparison.reason}`];
  const { compiler, disagreements } = comparison;
  const lines = disagreements
    .slice(0, MOST_TOLD)
    .map(({ architecture, count, witness, ours, theirs, rules, reason }) => {
      const more = count - 1;
      const others = more === 0 ? '' : ` and ${more} more ${more === 1 ? 'call' : 'calls'}`;
      const at = rules.length === 0 ? '' : `${rules.slice(0, 3).join(', ')}${rules.length > 3 ? ', …' : ''}: `;
      return `${at}${architecture} ${witness}${others}: ${ours}, and ${theirs} in the filter of ${runtime} with ${compiler}: ${reason}`;
    });
  const left = disagreements.length - lines.length;
  return left > 0 ? [...lines, `${left} more disagreements; see seccomp.report.json`] : lines;
}
