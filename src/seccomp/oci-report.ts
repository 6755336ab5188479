/** What became of an OCI seccomp block: what the program does, what was left out of it, what it cannot hold. */
import { type Digest, digestOf } from '../base/digest.js';
import { AUDIT_ARCH_X86_64, describeVerdict, encodeAction, INSTRUCTION_BYTES } from './bpf.js';
import type { Action } from './filter.js';
import type { NumberedFilter } from './numbered.js';
import { callMeaning } from './numbered-meaning.js';
import type { CompiledOciSeccomp, OciSeccomp } from './oci.js';
import type { OciComparison } from './oci-comparison.js';
import type { Remark } from './oci-rules.js';

export type OciReport = {
  readonly file: string;
  readonly form: OciSeccomp['form'];
  readonly digest: Digest;
  readonly program: { readonly digest: Digest; readonly instructions: number };
  readonly defaultAction: string;
  /** For calls of an ABI that is not below. */
  readonly foreignAction: string;
  readonly architectures: readonly {
    readonly name: string;
    /** Calls with a rule of their own. */
    readonly calls: number;
    /** Calls above this number get ENOSYS; null: none do. */
    readonly newestCall: number | null;
  }[];
  /** What who loads the program has to ask the kernel for; null where the block leaves it to the runtime. */
  readonly flags: readonly string[] | null;
  readonly listenerPath: string | null;
  readonly listenerMetadata: string | null;
  readonly remarks: readonly Remark[];
  /** Where the filter that an engine on this machine would get answers something else. */
  readonly comparison: OciComparison;
};

/** The report on `compiled`, which was made of `block`. */
export function reportOn(
  block: OciSeccomp,
  { program, filter, remarks }: CompiledOciSeccomp,
  comparison: OciComparison,
): OciReport {
  const describe = (action: Action): string => describeVerdict(encodeAction(action));
  return {
    file: block.file,
    form: block.form,
    digest: block.digest,
    program: { digest: digestOf(program), instructions: program.length / INSTRUCTION_BYTES },
    defaultAction: describe(filter.defaultAction),
    foreignAction: describe(filter.foreignAction),
    architectures: filter.abis.map(({ abi, calls, newest }) => ({
      name: abi.name,
      calls: calls.size,
      newestCall: newest ?? null,
    })),
    flags: block.flags ?? null,
    listenerPath: block.listenerPath ?? null,
    listenerMetadata: block.listenerMetadata ?? null,
    remarks,
    comparison,
  };
}

/** What `block` asks for beside a filter, and what other runtimes say to it. */
export function remarksOnUse(block: OciSeccomp, at: (member: string) => string): Remark[] {
  const remarks: Remark[] = [];
  const ask = (member: string, names: readonly string[], reason: string): void => {
    remarks.push({ kind: 'asks-for-more', pointer: at(member), names, reason });
  };
  if ((block.flags?.length ?? 0) > 0) ask('flags', block.flags ?? [], 'who loads the filter has to give these flags');
  if (block.listenerPath !== undefined)
    ask('listenerPath', [block.listenerPath], 'who loads the filter has to hand its listener over at this socket');
  const notifying = block.rules.filter(({ action }) => action.kind === 'notify');
  const [first] = notifying;
  if (block.defaultAction.kind === 'notify') {
    const reason = 'runc refuses SCMP_ACT_NOTIFY as default action: it could not hand the listener over';
    remarks.push({ kind: 'other-runtimes', pointer: at('defaultAction'), names: [], reason });
  }
  if (first !== undefined && block.listenerPath === undefined)
    remarks.push({
      kind: 'asks-for-more',
      pointer: first.pointer,
      names: first.names,
      reason: 'SCMP_ACT_NOTIFY needs a listener, and the block names no "listenerPath" for it',
    });
  for (const { names, pointer } of notifying.filter((rule) => rule.names.includes('write')))
    remarks.push({ kind: 'other-runtimes', pointer, names, reason: 'runc refuses SCMP_ACT_NOTIFY for write' });
  return remarks;
}

/** What runc before 1.1.15 does otherwise: it put no ENOSYS before an ABI that the block does not name, the native one included. */
export function remarksOnOlderRunc(
  { namesNative }: OciSeccomp,
  filter: NumberedFilter,
  at: (member: string) => string,
): Remark[] {
  const [native, ...others] = filter.abis;
  if (namesNative || native?.newest === undefined) return [];
  const older = { ...filter, abis: [{ ...native, newest: undefined }, ...others] };
  const verdict = (from: NumberedFilter, nr: number): string =>
    describeVerdict(callMeaning(from, AUDIT_ARCH_X86_64, nr).otherwise);
  // From 2^31 on, libseccomp takes numbers for x32, and runc, which looks at bit 30 alone, does not.
  const nr = [native.newest + 1, 0x8000_0000].find((number) => verdict(filter, number) !== verdict(older, number));
  if (nr === undefined) return [];
  const witness = `${nr}(0x0, 0x0, 0x0, 0x0, 0x0, 0x0)`;
  const reason = `runc before 1.1.15 answers ENOSYS to newer calls only of an ABI that the block names, and ${native.abi.name} is not named: ${witness} gets ${verdict(older, nr)} there, ${verdict(filter, nr)} here`;
  return [{ kind: 'other-runtimes', pointer: at('architectures'), names: [], reason }];
}
