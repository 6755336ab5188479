/**
 * What of a profile in Docker's form applies here: such profiles are written
 * for every machine, and the engine picks the rules for one.
 *
 * @see moby/profiles, containers/common
 */
import { release } from 'node:os';
import { NATIVE } from './abis.js';
import type { BlockFile, BlockSyscall } from './oci-block.js';

/** What the conditions of a profile ask about. */
export type DockerHost = {
  /** The bounding set, by names such as CAP_CHOWN. */
  readonly capabilities: readonly string[];
  /** Such as 6.1. */
  readonly kernel: string;
};

/** What a container of Docker has unless it is told otherwise. */
export const DOCKER_CAPABILITIES: readonly string[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];
/** How profiles call x86-64 in their conditions. */
const NATIVE_NAME = 'amd64';

export function dockerHost(given: Partial<DockerHost>): DockerHost {
  return { capabilities: given.capabilities ?? DOCKER_CAPABILITIES, kernel: given.kernel ?? release() };
}

/** Why the rule does not apply to `host`; undefined where it does. */
export function isForHost({ includes, excludes }: BlockSyscall, host: DockerHost): string | undefined {
  const capability = excludes?.caps?.find((name) => host.capabilities.includes(name));
  if (capability !== undefined) return `it is not for containers with ${capability}`;
  if (excludes?.arches?.includes(NATIVE_NAME)) return `it is not for ${NATIVE_NAME}`;
  const before = excludes?.minKernel ?? '';
  if (before !== '' && isAtLeast(host.kernel, before)) return `it is not for kernels from ${before} on`;
  const arches = includes?.arches ?? [];
  if (arches.length > 0 && !arches.includes(NATIVE_NAME)) return `it is for ${arches.join(', ')} alone`;
  const missing = includes?.caps?.find((name) => !host.capabilities.includes(name));
  if (missing !== undefined) return `it is for containers with ${missing}`;
  const from = includes?.minKernel ?? '';
  if (from !== '' && !isAtLeast(host.kernel, from)) return `it is for kernels from ${from} on`;
  return undefined;
}

/** By the first two numbers: Docker takes no more of a version into account. */
function isAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

type ArchMap = NonNullable<BlockFile['archMap']>;

/** The ABIs that a profile has for x86-64, with the places where it names them. */
export function nativeArchitectures(archMap: ArchMap): { readonly name: string; readonly at: string }[] {
  const index = archMap.findIndex(({ architecture }) => architecture === NATIVE.name);
  const entry = archMap[index];
  if (entry === undefined) return [];
  const subs = entry.subArchitectures ?? [];
  return [
    { name: entry.architecture, at: `/archMap/${index}/architecture` },
    ...subs.map((name, sub) => ({ name, at: `/archMap/${index}/subArchitectures/${sub}` })),
  ];
}
