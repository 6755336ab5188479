/** Policy + HostFacts → CompiledPolicy: one policy as each mechanism of this host takes it. */
import { profileText } from '../apparmor/profile.js';
import type { PathRule } from '../base/path-rules.js';
import { capabilitySets } from '../capabilities/capabilities.js';
import type { HostFacts } from '../host/facts.js';
import { rulesetFor } from '../landlock/ruleset.js';
import { compileProved } from '../seccomp/checked.js';
import { FilterError } from '../seccomp/errors.js';
import type { Filter } from '../seccomp/filter.js';
import { syscallNumber } from '../seccomp/syscalls.js';
import { certify } from './certificate.js';
import type { CompiledPolicy, Control } from './compiled.js';
import { allBits, bits, both } from './conjunction.js';
import { ADDRESS_FAMILY } from './constants-net.js';
import { requireControls } from './controls.js';
import { editionOf } from './editions.js';
import { permittedCalls } from './effective.js';
import { PolicyError } from './errors.js';
import { faultsOfWhole } from './leaf.js';
import { limitsOf } from './limits.js';
import { mountsOf } from './mounts.js';
import type { Level, Policy, PolicyMeaning } from './policy.js';
import { defaultAnswer, filterOf, refusalsOf } from './rules.js';

/**
 * What `policy` means on `host`, complete and checked: whatever cannot be
 * enforced as written is refused here, before anything starts.
 *
 * @throws {PolicyError} POLICY_NETWORK_MODE CONTROL_UNAVAILABLE
 * @throws {FilterError} those of compileProved()
 */
export function compilePolicy(policy: Policy, host: HostFacts): CompiledPolicy {
  requireNetwork(policy);
  requireControls(policy, host);
  const { syscalls, filesystem, process, image, audit } = policy;
  const filter = filterOf(syscalls);
  const { program, proof } = compileOf(policy, filter);
  return {
    name: policy.name,
    digest: policy.digest,
    canonical: policy.canonical,
    filter,
    program,
    certificate: certify(policy, program, proof),
    refusals: refusalsOf(syscalls),
    onDeny: defaultAnswer(syscalls.onDeny),
    onUnknown: defaultAnswer(syscalls.onUnknown),
    onForeign: defaultAnswer(syscalls.onForeign),
    knownCalls: knownCalls(syscalls.edition),
    capabilities: capabilitySets(capabilityNames(policy), { surviveExec: process.user.uid === 'nonzero' }),
    landlock: rulesetFor({ paths: pathRules(policy) }, host.landlockAbi).ruleset,
    apparmor: apparmorOf(policy),
    root: filesystem.root,
    rootSizeBytes: filesystem.root === 'writable' ? filesystem.rootSize : 0n,
    mounts: mountsOf(filesystem),
    limits: limitsOf(policy, host),
    user: process.user,
    environment: { pass: [...new Set(process.pass.flatMap(({ names }) => names))].sort(), set: process.set },
    image,
    network: 'none',
    required: controlsAt(policy, 'required'),
    preferred: controlsAt(policy, 'preferred'),
    audit: { quotaBytes: audit.quota, durability: audit.durability },
  };
}

/** What no mechanism of `host` enforces of the policy's file rules, a sentence each. */
export function gapsOn(policy: Policy, host: Pick<HostFacts, 'landlockAbi'>): string[] {
  return [...rulesetFor({ paths: pathRules(policy) }, host.landlockAbi).gaps, ...apparmorOf(policy).gaps];
}

/** The AppArmor profile; its name tells policies of one name and different meaning apart. */
export function apparmorOf(policy: Policy): CompiledPolicy['apparmor'] {
  return profileText({
    profileName: `sandbox.${policy.name}.${policy.digest.slice('sha256:'.length, 'sha256:'.length + 12)}`,
    paths: pathRules(policy),
    capabilities: capabilityNames(policy),
    sockets: socketFamilies(policy),
  });
}

/** Every path with what the rules grant there. */
export function pathRules(policy: PolicyMeaning): PathRule[] {
  return policy.filesystem.allow.flatMap(({ paths, access }) => paths.map((path) => ({ path, access })));
}

export const capabilityNames = (policy: PolicyMeaning): string[] => [
  ...new Set(policy.process.capabilities.map(({ cap }) => cap)),
];

const FAMILIES = { unix: 'AF_UNIX', inet: 'AF_INET', inet6: 'AF_INET6', netlink: 'AF_NETLINK' } as const;

function socketFamilies({ syscalls }: PolicyMeaning): (keyof typeof FAMILIES)[] {
  const permitted = permittedCalls(syscalls, 'socket');
  return (Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]).filter((family) => {
    const number = ADDRESS_FAMILY[FAMILIES[family]] ?? 0n;
    return permitted.some((when) => both(when, [bits(0, allBits(32), number)]) !== undefined);
  });
}

/** A filter that cannot be compiled is a fault of the section it comes from. */
function compileOf(policy: Policy, filter: Filter): ReturnType<typeof compileProved> {
  try {
    return compileProved(filter);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const { code, message, why, hint } = error;
    throw new FilterError(code, message, {
      why,
      hint,
      faults: faultsOfWhole(policy, '/syscalls', message),
      cause: error,
    });
  }
}

function requireNetwork(policy: Policy): void {
  const { name, network } = policy;
  if (network.mode === 'none') return;
  throw new PolicyError('POLICY_NETWORK_MODE', `policy ${name} asks for network mode ${network.mode}`, {
    why: 'this release enforces no other mode than none; others come with a later release',
    hint: 'set "mode" of "network" to "none"',
    faults: faultsOfWhole(policy, '/network/mode', `${network.mode} is not enforced by this release`),
  });
}

function controlsAt(policy: PolicyMeaning, level: Level): Control[] {
  return (Object.keys(policy.requires) as Control[]).filter((control) => policy.requires[control] === level);
}

function knownCalls(edition: string): number[] {
  return [...(editionOf(edition)?.known ?? [])].map(syscallNumber).sort((a, b) => a - b);
}
