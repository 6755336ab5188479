/** `--capability` of the commands that read a seccomp profile in Docker's form. */
import { allCapabilities, CapabilityError } from '../capabilities/capabilities.js';
import { DOCKER_CAPABILITIES } from '../seccomp/oci.js';

/** Those that Docker gives and `names`, with or without CAP_, in any case. @throws {CapabilityError} CAPABILITY_UNKNOWN */
export const dockerCapabilities = (names: readonly string[] = []): string[] => [
  ...DOCKER_CAPABILITIES,
  ...names.map(capabilityName),
];

function capabilityName(written: string): string {
  const upper = written.toUpperCase();
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (allCapabilities.some((known) => known === name)) return name;
  throw new CapabilityError('CAPABILITY_UNKNOWN', `there is no capability ${written}`, {
    hint: 'capabilities(7) lists them',
  });
}
