/** Policy + HostFacts → CompiledPolicy: one policy as each mechanism of this host takes it. */
import { ApparmorError } from '../apparmor/quote.js';
import { capabilitySets } from '../capabilities/capabilities.js';
import type { HostFacts } from '../host/facts.js';
import { rulesetFor } from '../landlock/ruleset.js';
import { compileProved } from '../seccomp/checked.js';
import { FilterError } from '../seccomp/errors.js';
import type { Filter } from '../seccomp/filter.js';
import { syscallNumber } from '../seccomp/syscalls.js';
import { apparmorOf, apparmorUse, capabilityNames, compileOwnProfile, pathRules } from './apparmor.js';
import { certify } from './certificate.js';
import type { CompiledPolicy, Control } from './compiled.js';
import { requireControls } from './controls.js';
import { editionOf } from './editions.js';
import { PolicyError } from './errors.js';
import { faultsOfWhole } from './leaf.js';
import { limitsOf } from './limits.js';
import { mountsOf } from './mounts.js';
import type { Level, Policy, PolicyMeaning } from './policy.js';
import { defaultAnswer, filterOf, refusalsOf } from './rules.js';
import { uncompilable } from './uncompilable.js';

/**
 * What `policy` means on `host`, complete and checked: whatever cannot be
 * enforced as written is refused here, before anything starts.
 *
 * @throws {PolicyError} POLICY_NETWORK_MODE CONTROL_UNAVAILABLE
 * @throws {FilterError} those of compileProved()
 * @throws {ApparmorError} APPARMOR_PARSER_FAILED
 */
export function compilePolicy(policy: Policy, host: HostFacts): CompiledPolicy {
  requireNetwork(policy);
  requireControls(policy, host);
  const { syscalls, filesystem, process, image, audit } = policy;
  const filter = filterOf(syscalls);
  const { program, proof, made } = compileOf(policy, filter, () => ({
    refusals: refusalsOf(syscalls),
    onDeny: defaultAnswer(syscalls.onDeny),
    onUnknown: defaultAnswer(syscalls.onUnknown),
    onForeign: defaultAnswer(syscalls.onForeign),
    knownCalls: knownCalls(syscalls.edition),
    capabilities: capabilitySets(capabilityNames(policy), { surviveExec: process.user.uid === 'nonzero' }),
    landlock: rulesetFor({ paths: pathRules(policy) }, host.landlockAbi).ruleset,
    apparmor: { ...apparmorOf(policy), use: apparmorFor(policy, host) },
    mounts: mountsOf(filesystem),
    limits: limitsOf(policy, host),
  }));
  return {
    ...made,
    name: policy.name,
    digest: policy.digest,
    canonical: policy.canonical,
    filter,
    program,
    certificate: certify(policy, program, proof),
    root: filesystem.root,
    rootSizeBytes: filesystem.root === 'writable' ? filesystem.rootSize : 0n,
    user: process.user,
    environment: { pass: [...new Set(process.pass.flatMap(({ names }) => names))].sort(), set: process.set },
    image,
    network: 'none',
    required: controlsAt(policy, 'required'),
    preferred: controlsAt(policy, 'preferred'),
    audit: { quotaBytes: audit.quota, durability: audit.durability },
  };
}

/**
 * Where a profile of the run's own cannot be compiled, a policy that only prefers one runs without, and says so.
 *
 * @throws {ApparmorError} APPARMOR_PARSER_FAILED
 */
function apparmorFor(policy: Policy, host: HostFacts): CompiledPolicy['apparmor']['use'] {
  const use = apparmorUse(policy, host);
  if (use.kind !== 'own') return use;
  try {
    return { kind: 'own', ...compileOwnProfile(policy, use) };
  } catch (error) {
    if (policy.requires.apparmor === 'required' || !(error instanceof ApparmorError)) throw error;
    return { kind: 'none', why: `${error.message}: ${error.why ?? ''}` };
  }
}

/** What no mechanism of `host` enforces of the policy's file rules, a sentence each. */
export function gapsOn(policy: Policy, host: Pick<HostFacts, 'landlockAbi'>): string[] {
  return [...rulesetFor({ paths: pathRules(policy) }, host.landlockAbi).gaps, ...apparmorOf(policy).gaps];
}

/** A filter that cannot be compiled is a fault of the rules it comes from. */
function compileOf<T>(policy: Policy, filter: Filter, meanwhile: () => T): ReturnType<typeof compileProved<T>> {
  try {
    return compileProved(filter, meanwhile);
  } catch (error) {
    throw error instanceof FilterError ? uncompilable(policy, filter, error) : error;
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
