/** `--capability` and `--drop-capability` of the commands that read a seccomp profile in Docker's form. */
import { allCapabilities, CapabilityError } from '../capabilities/capabilities.js';
import { DOCKER_CAPABILITIES } from '../seccomp/oci.js';

/** What a container is given beside Docker's own capabilities, and what of those it is not given. */
export type CapabilityOptions = {
  readonly capability?: readonly string[];
  readonly dropCapability?: readonly string[];
};

const ALL = 'ALL';

/**
 * The capabilities of a container, as --cap-add and --cap-drop of Docker give and take them. Names stand with or
 * without CAP_, in any case.
 * @throws {CapabilityError} CAPABILITY_UNKNOWN
 */
export function dockerCapabilities({ capability = [], dropCapability = [] }: CapabilityOptions): string[] {
  const added = capability.map(capabilityName);
  const dropped = dropCapability.map(capabilityName);
  const kept = (names: readonly string[]): string[] => names.filter((name) => !dropped.includes(name));
  if (added.includes(ALL)) return kept(allCapabilities);
  return dropped.includes(ALL) ? added : [...kept(DOCKER_CAPABILITIES), ...added];
}

function capabilityName(written: string): string {
  const upper = written.toUpperCase();
  if (upper === ALL) return ALL;
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (allCapabilities.some((known) => known === name)) return name;
  throw new CapabilityError('CAPABILITY_UNKNOWN', `there is no capability ${written}`, {
    hint: 'capabilities(7) lists them',
  });
}
