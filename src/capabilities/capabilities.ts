/**
 * Capabilities as names, bits and sets.
 *
 * @see capabilities(7), linux/capability.h
 */
import { SandboxError } from '../base/errors.js';
import { nearestName } from '../base/nearest.js';

export class CapabilityError extends SandboxError<'CAPABILITY_UNKNOWN'> {}

/** By bit: capability N is element N. */
export const allCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_DAC_READ_SEARCH',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_BROADCAST',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_IPC_LOCK',
  'CAP_IPC_OWNER',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
  'CAP_SYS_PACCT',
  'CAP_SYS_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE',
  'CAP_SYS_TIME',
  'CAP_SYS_TTY_CONFIG',
  'CAP_MKNOD',
  'CAP_LEASE',
  'CAP_AUDIT_WRITE',
  'CAP_AUDIT_CONTROL',
  'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE',
  'CAP_MAC_ADMIN',
  'CAP_SYSLOG',
  'CAP_WAKE_ALARM',
  'CAP_BLOCK_SUSPEND',
  'CAP_AUDIT_READ',
  'CAP_PERFMON',
  'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
] as const;
export type CapabilityName = (typeof allCapabilities)[number];

const bits = new Map<string, number>(allCapabilities.map((name, bit) => [name, bit]));

/** Whether `name` is a capability in its one spelling, such as `CAP_CHOWN`. */
export const isCapability = (name: string): name is CapabilityName => bits.has(name);

/** The number of the capability. @throws {CapabilityError} CAPABILITY_UNKNOWN */
export function capabilityBit(name: string): number {
  const bit = bits.get(name);
  if (bit !== undefined) return bit;
  const spelled = `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`;
  const near = isCapability(spelled) ? spelled : nearestName(spelled, allCapabilities);
  throw new CapabilityError('CAPABILITY_UNKNOWN', `no capability is named "${name}"`, {
    hint: near === undefined ? 'capabilities(7) lists the names' : `did you mean "${near}"?`,
  });
}

/** The set with these members: bit N stands for capability N. @throws {CapabilityError} CAPABILITY_UNKNOWN */
export const capabilityMask = (names: readonly string[]): bigint =>
  names.reduce((mask, name) => mask | (1n << BigInt(capabilityBit(name))), 0n);

/** The members of a set, by bit; bits without a name as `CAP_63`. */
export const capabilityNames = (mask: bigint): string[] =>
  Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => ((mask >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => allCapabilities[bit] ?? `CAP_${bit}`);

export type CapabilitySets = {
  readonly bounding: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
};

/**
 * The five sets of a workload that may use `names`.
 *
 * `surviveExec`: for a user other than root, whom execve(2) leaves the ambient
 * set alone, and that needs the inheritable one. Root gets the bounding set
 * back at each execve(2), so that for root these two stay empty: a filled
 * inheritable set lends capabilities to programs that were marked for others.
 *
 * @throws {CapabilityError} CAPABILITY_UNKNOWN
 */
export function capabilitySets(
  names: readonly string[],
  { surviveExec }: { readonly surviveExec: boolean },
): CapabilitySets {
  const mask = capabilityMask(names);
  const kept = surviveExec ? mask : 0n;
  return { bounding: mask, permitted: mask, effective: mask, inheritable: kept, ambient: kept };
}
