/** Tries what a profile of AppArmor takes: the kernel, what an administrator has loaded, the parser. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Trial } from './diagnosis.js';
import type { HostFacts } from './facts.js';

/** For a run under the policy that compiles to `profileName`. Nothing is loaded. */
export const tryApparmor = ({ apparmor, apparmorPolicy }: HostFacts, profileName: string): readonly Trial[] => [
  tryLabel(apparmor),
  lookForProfile(apparmor, apparmorPolicy, profileName),
  tryParser(apparmorPolicy.parser),
];

function tryLabel(enabled: boolean): Trial {
  const how = 'asking the kernel for the own label';
  if (!enabled) return { name: 'apparmor', available: false, how, found: 'the kernel does not enforce AppArmor' };
  for (const file of ['/proc/self/attr/apparmor/current', '/proc/self/attr/current']) {
    try {
      return { name: 'apparmor', available: true, how, found: `label ${readFileSync(file, 'utf8').trim()}` };
    } catch {
      // Kernels before 5.8 have only the second file.
    }
  }
  return { name: 'apparmor', available: false, how, found: 'the kernel gives no label' };
}

function lookForProfile(
  enabled: boolean,
  { visible, profiles, namespace, parser }: HostFacts['apparmorPolicy'],
  profileName: string,
): Trial {
  const common = { name: 'apparmor-profile', how: 'looking for the profile of strict in the kernel’s list' };
  if (!enabled) return { ...common, available: false, found: 'none: the kernel does not enforce AppArmor' };
  if (!visible) return { ...common, available: false, found: 'no list: securityfs is not mounted' };
  if (profiles === 'every' || profiles.includes(profileName)) return { ...common, available: true, found: profileName };
  if (namespace !== undefined && parser !== undefined)
    return { ...common, available: true, found: `one for each run, in the policy namespace ${namespace}` };
  return { ...common, available: false, found: `${profileName} is not loaded` };
}

function tryParser(parser: string | undefined): Trial {
  const common = { name: 'apparmor-parser', how: 'compiling an empty profile without loading it' };
  if (parser === undefined) return { ...common, available: false, found: 'apparmor_parser is not installed' };
  const { status, stdout, stderr, error } = spawnSync(parser, ['--skip-kernel-load', '--skip-cache', '--stdout'], {
    input: 'profile sandbox-doctor {}\n',
    timeout: 60_000,
  });
  if (error === undefined && status === 0 && stdout.length > 0) return { ...common, available: true, found: parser };
  const said = error?.message ?? `${parser}: ${stderr.toString().trim().split('\n').at(-1)}`;
  return { ...common, available: false, found: said };
}
