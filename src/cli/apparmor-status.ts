/** `sandbox apparmor status`: what the kernel has of ours, and what a run of this user would use. */
import type { CompiledProfile } from '../apparmor/profile.js';
import { PROGRAMS_PROFILE } from '../apparmor/profile.js';
import { type LoadedProfile, loadedNamespaces, loadedProfiles } from '../host/apparmor.js';
import type { HostFacts } from '../host/facts.js';
import { measureHost } from '../host/measure.js';
import { readSettings } from '../host/settings.js';
import { apparmorUseOf } from '../policy/apparmor.js';
import { columns } from './columns.js';
import type { CliContext } from './context.js';
import { printable } from './failure.js';

type Row = {
  readonly policy: string;
  /** The name that a profile of the policy, as it is now, has. */
  readonly profile: string;
  /** `enforce` or another mode of the kernel's; undefined: not loaded. */
  readonly loaded: string | undefined;
  /** `profile`: an administrator's; `own`: compiled for the run; `none`. */
  readonly use: 'profile' | 'own' | 'none';
  readonly why: string | undefined;
};

export type ApparmorStatus = {
  readonly active: boolean;
  readonly parser: string | undefined;
  readonly policies: readonly Row[];
  /** Loaded, but of older rules or of a policy that was not asked about. */
  readonly others: readonly string[];
  /** Our programs need a profile of their own to make user namespaces, and whether they have it. */
  readonly programs: { readonly needed: boolean; readonly loaded: boolean };
  readonly namespaces: readonly string[];
  readonly user: { readonly uid: number; readonly namespace: string | undefined };
};

/** Prints it. Ends with 0 where a run under every one of `profiles` would have one, with 1 otherwise. */
export function showApparmor(profiles: ReadonlyMap<string, CompiledProfile>, json: boolean, context: CliContext): void {
  const status = statusOf(profiles, measureHost(), loadedProfiles());
  context.stdout(json ? `${JSON.stringify(status)}\n` : printable(tableOf(status)));
  context.exitCode = status.policies.every(({ use }) => use !== 'none') ? 0 : 1;
}

function statusOf(
  profiles: ReadonlyMap<string, CompiledProfile>,
  host: HostFacts,
  loaded: readonly LoadedProfile[],
): ApparmorStatus {
  const policies = [...profiles].map(([policy, { profileName }]): Row => {
    const use = apparmorUseOf(profileName, host);
    return {
      policy,
      profile: profileName,
      loaded: loaded.find(({ name }) => name === profileName)?.mode,
      use: use.kind === 'loaded' ? 'profile' : use.kind,
      why: use.kind === 'none' ? use.why : undefined,
    };
  });
  const known = new Set([PROGRAMS_PROFILE, ...policies.map(({ profile }) => profile)]);
  return {
    active: host.apparmor,
    parser: host.apparmorPolicy.parser,
    policies,
    others: loaded.map(({ name }) => name).filter((name) => !known.has(name)),
    programs: {
      needed: readSettings().apparmorNamespaces === 1,
      loaded: loaded.some(({ name }) => name === PROGRAMS_PROFILE),
    },
    namespaces: loadedNamespaces(),
    user: { uid: host.user.uid, namespace: host.apparmorPolicy.namespace },
  };
}

const USES = {
  profile: 'the administrator’s profile',
  own: 'a profile compiled for the run',
  none: 'none',
} as const;

function tableOf({ active, parser, policies, others, programs, namespaces, user }: ApparmorStatus): string {
  const rows = policies.map(({ policy, profile, loaded, use, why }) => [
    policy,
    loaded ?? 'not loaded',
    profile,
    `a run of user ${user.uid} uses ${USES[use]}${why === undefined ? '' : `: ${why}`}`,
  ]);
  const lines = [
    `kernel      AppArmor is ${active ? 'active' : 'not active'}`,
    `parser      ${parser ?? 'apparmor_parser is not installed'}`,
    `namespaces  ${namespaces.join(' ') || 'none'}${user.namespace === undefined ? '' : ` (this user’s: ${user.namespace})`}`,
  ];
  if (programs.needed)
    lines.push(`programs    ${programs.loaded ? 'have' : 'lack'} the profile that lets them make user namespaces here`);
  if (others.length > 0) lines.push(`others      ${others.join(' ')}`);
  return `${lines.join('\n')}\n\n${columns(rows)}`;
}
