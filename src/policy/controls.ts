/** What a policy requires of the host, held against what was measured there. */
import type { HostFacts } from '../host/facts.js';
import { apparmorUse } from './apparmor.js';
import type { Control } from './compiled.js';
import { PolicyError } from './errors.js';
import { unboundedBy } from './limits.js';
import type { PolicyMeaning } from './policy.js';

type Lack = { readonly control: Control; readonly why: string; readonly hint: string };

/** Controls that `policy` wants and `host` cannot give. Those that only a launch can try are not among them. */
export function lackingControls(policy: PolicyMeaning & { readonly name: string }, host: HostFacts): Lack[] {
  const lacks: Lack[] = [];
  if (host.landlockAbi === 0)
    lacks.push({
      control: 'landlock',
      why: 'the kernel has no Landlock, or it is switched off',
      hint: 'boot Linux 5.13 or later with landlock among lsm= on its command line',
    });
  const apparmor = apparmorUse(policy, host);
  if (apparmor.kind === 'none') lacks.push({ control: 'apparmor', why: apparmor.why, hint: apparmor.hint });
  if (host.idMap.method === 'single')
    lacks.push({
      control: 'subordinate-ids',
      why: host.idMapRemark ?? 'the user has no subordinate ids',
      hint: 'have an administrator run: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER',
    });
  const unbounded = unboundedBy(policy, host);
  if (unbounded.length > 0)
    lacks.push({
      control: 'cgroup',
      why: host.cgroup.kind === 'none' ? host.cgroup.why : `no controller for ${unbounded.join(', ')} is delegated`,
      hint: 'run in a login session of systemd with delegated controllers, or have a cgroup delegated; sandbox doctor says how',
    });
  return lacks;
}

/** Nothing runs without what is required. @throws {PolicyError} CONTROL_UNAVAILABLE */
export function requireControls(policy: PolicyMeaning & { readonly name: string }, host: HostFacts): void {
  const [lack, ...others] = lackingControls(policy, host).filter(
    ({ control }) => policy.requires[control] === 'required',
  );
  if (lack === undefined) return;
  const more = others.length === 0 ? '' : ` (and of ${others.map(({ control }) => control).join(', ')})`;
  throw new PolicyError('CONTROL_UNAVAILABLE', `policy ${policy.name} requires ${lack.control}${more}`, {
    why: lack.why,
    hint: `${lack.hint}; or let the policy say "${lack.control}": "preferred" under "requires"`,
  });
}
