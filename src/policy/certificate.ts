/**
 * The certificate of a compilation: which program came of which policy, how
 * it was checked, and what the running kernel said. Nothing is in it that was
 * not done; where one thing could not be done, that is in it.
 *
 * @see audit/certificate.schema.json
 */
import { release, version } from 'node:os';
import type { FromSchema } from 'json-schema-to-ts';
import type { schema } from '../../generated/certificate-schema.js';
import { canonicalJson } from '../base/canonical-json.js';
import { type Digest, digestOf } from '../base/digest.js';
import { productVersion } from '../base/installation.js';
import { EVERY_NUMBER_TO } from '../seccomp/agree.js';
import { INSTRUCTION_BYTES } from '../seccomp/bpf.js';
import { compilerVersion } from '../seccomp/compile.js';
import type { BpfProgram } from '../seccomp/filter.js';
import type { Proof } from '../seccomp/prove.js';
import { describeCall } from '../seccomp/syscalls.js';

export type Certificate = FromSchema<typeof schema>;

/** A certificate, the bytes that it is kept as, and their digest. */
export type Certified = {
  readonly certificate: Certificate;
  readonly text: string;
  readonly digest: Digest;
};

export type Subject = { readonly name: string; readonly version: string; readonly digest: Digest };

/** What `proof` shows of the `program` that `policy` was compiled to, by libseccomp unless `compiler` says otherwise. */
export function certify(
  policy: Subject,
  program: BpfProgram,
  { examination, symbolic, live }: Proof,
  compiler: string = compilerVersion(),
): Certified {
  const { architectures, numbers, cases, sampled } = examination;
  const certificate: Certificate = {
    v: 1,
    product: productVersion(),
    policy: { name: policy.name, version: policy.version, digest: policy.digest },
    filter: { digest: digestOf(program), instructions: program.length / INSTRUCTION_BYTES },
    compiler,
    checked: {
      method: sampled.length === 0 ? 'decision classes' : 'decision classes, some sampled',
      architectures: architectures.map((arch) => `0x${arch.toString(16).padStart(8, '0')}`).sort(),
      numbers,
      every_number_to: EVERY_NUMBER_TO,
      cases,
      sampled: sampled.map((nr) => describeCall(nr)).sort(),
      disagreements: 0,
      symbolic: symbolic.kind,
      symbolic_untold: symbolic.kind === 'untold' ? symbolic.why : null,
    },
    live: {
      kernel: release(),
      build: version(),
      witnesses: live.kind === 'proved' ? live.witnesses : { 'x86-64': 0, x32: 0, i386: 0 },
      verdicts: live.kind === 'proved' ? live.verdicts : {},
      unable: live.kind === 'proved' ? null : live.why,
      disagreements: 0,
    },
  };
  const text = canonicalJson(certificate);
  return { certificate, text, digest: digestOf(text) };
}

/** `certificate` in one line. */
export function describeProof({ checked, live }: Certificate): string {
  const sampled = checked.sampled.length === 0 ? '' : ` (of ${checked.sampled.join(', ')} a sample)`;
  const equal = checked.symbolic === 'equal' ? 'equal for every call, ' : '';
  const agreed = `proved: ${equal}${checked.cases} cases agree${sampled}`;
  if (live.unable !== null) return `${agreed}; kernel ${live.kernel} could not be asked: ${live.unable}`;
  const witnesses = Object.values(live.witnesses).reduce((sum, count) => sum + count, 0);
  const absent = live.verdicts['absent'] ?? 0;
  const unasked = absent === 0 ? '' : `; it has no int $0x80, so that ${absent} were not asked`;
  return `${agreed}, ${witnesses - absent} witness calls met as meant by kernel ${live.kernel}${unasked}`;
}
