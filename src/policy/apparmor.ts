/** A policy's AppArmor profile, and by which way this host gives it to a run. */
import { compileProfile } from '../apparmor/parser.js';
import { type CompiledProfile, PROFILE_PREFIX, profileText } from '../apparmor/profile.js';
import { digestOf, hexOf } from '../base/digest.js';
import type { PathRule } from '../base/path-rules.js';
import type { HostFacts } from '../host/facts.js';
import { allBits, bits, both } from './conjunction.js';
import { ADDRESS_FAMILY } from './constants-net.js';
import { permittedCalls } from './effective.js';
import type { PolicyMeaning } from './policy.js';

/** How a run gets its profile. */
export type ApparmorUse =
  /** An administrator has loaded it: it is entered by its name. */
  | { readonly kind: 'loaded' }
  /** The user has a policy namespace: it is loaded there for this run. */
  | { readonly kind: 'own'; readonly namespace: string; readonly parser: string }
  | { readonly kind: 'none'; readonly why: string; readonly hint: string };

/** A profile in the kernel's form, whose name ends with the place of the run's id. */
export type OwnProfile = { readonly namespace: string; readonly profileName: string; readonly program: Uint8Array };

/** As the rules of `policy` need it; it has `name` because the profile's carries it. */
type Ruled = PolicyMeaning & { readonly name: string };

const DIGITS = 16;
/** Stands in the compiled profile for the id of the run, which has as many characters. */
const RUN_PLACE = '0'.repeat(26);

/**
 * The profile. Its name carries the digest of what it says: one that an
 * administrator loaded for older rules is never taken for that of newer ones.
 */
export function apparmorOf(policy: Ruled): CompiledProfile {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const rules = rulesOf(policy);
  const family = `${PROFILE_PREFIX}${policy.name}`;
  const { text } = profileText({ profileName: family, ...rules });
  const profile = profileText({ profileName: `${family}.${hexOf(digestOf(text)).slice(0, DIGITS)}`, ...rules });
  compiled.set(policy, profile);
  return profile;
}

/** A policy is asked for its profile several times, and never changes. */
const compiled = new WeakMap<Ruled, CompiledProfile>();

/** What `host` offers for a run under `policy`; an administrator's profile comes first. */
export const apparmorUse = (policy: Ruled, host: HostFacts): ApparmorUse =>
  apparmorUseOf(apparmorOf(policy).profileName, host);

/** The same for a profile whose name is known. */
export function apparmorUseOf(profileName: string, host: HostFacts): ApparmorUse {
  const { profiles, namespace, parser, visible } = host.apparmorPolicy;
  if (!host.apparmor)
    return {
      kind: 'none',
      why: 'AppArmor is not active in this kernel',
      hint: 'boot with apparmor=1 and apparmor among lsm=, on a kernel that has it',
    };
  if (profiles === 'every' || profiles.includes(profileName)) return { kind: 'loaded' };
  if (namespace !== undefined && parser !== undefined) return { kind: 'own', namespace, parser };
  return {
    kind: 'none',
    why: visible ? lackOf(profileName, namespace) : 'securityfs is not mounted here: no profile can be looked up',
    hint: visible
      ? 'have an administrator run: sandbox apparmor install (with --policy FILE for a policy of your own, or --user NAME)'
      : 'as root: mount -t securityfs securityfs /sys/kernel/security',
  };
}

const lackOf = (profileName: string, namespace: string | undefined): string =>
  namespace === undefined
    ? `profile ${profileName} is not loaded, and this user has no policy namespace`
    : `profile ${profileName} is not loaded, and apparmor_parser, to compile one for the run, is not installed`;

/** @throws {ApparmorError} APPARMOR_PARSER_FAILED */
export function compileOwnProfile(policy: Ruled, use: Extract<ApparmorUse, { kind: 'own' }>): OwnProfile {
  const profileName = `${apparmorOf(policy).profileName}.${RUN_PLACE}`;
  const { text } = profileText({ profileName, ...rulesOf(policy) });
  return { namespace: use.namespace, profileName, program: compileProfile(text, profileName, use.parser) };
}

const rulesOf = (policy: Ruled): Omit<Parameters<typeof profileText>[0], 'profileName'> => ({
  paths: pathRules(policy),
  capabilities: capabilityNames(policy),
  sockets: socketFamilies(policy),
});

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
