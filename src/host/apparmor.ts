/**
 * What of AppArmor an administrator has made ready for this user: profiles that
 * are loaded, a policy namespace, the parser. Read from securityfs, which shows
 * this to everybody; nothing is tried.
 *
 * @see apparmor(7); kernel security/apparmor/apparmorfs.c
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApparmorPolicy } from './facts.js';

export const SECURITYFS = '/sys/kernel/security/apparmor';
const PROFILES = join(SECURITYFS, 'policy/profiles');
export const NAMESPACES = join(SECURITYFS, 'policy/namespaces');
/** Where the administrator's profiles are kept for the next boot. */
export const PROFILE_FOLDER = '/etc/apparmor.d';
const PARSERS = ['/usr/sbin/apparmor_parser', '/sbin/apparmor_parser'];
/** An administrator may have a `sandbox-browser` too: ours carry a digest, or are that of our own programs. */
const OURS = /^sandbox(-programs|\.[a-z][a-z0-9-]*\.[0-9a-f]{16})$/;
const OUR_NAMESPACE = /^sandbox-\d+$/;

/** The one namespace that is this user's. */
export const namespaceOf = (uid: number): string => `sandbox-${uid}`;
export const namespaceFolder = (namespace: string): string => join(NAMESPACES, namespace);

export type LoadedProfile = { readonly name: string; readonly mode: string; readonly folder: string };

/** Profiles of ours in the kernel, in the root policy namespace. */
export function loadedProfiles(): readonly LoadedProfile[] {
  return namesIn(PROFILES)
    .filter((entry) => entry.startsWith('sandbox'))
    .map((entry) => join(PROFILES, entry))
    .map((folder) => ({ name: textOf(join(folder, 'name')), mode: textOf(join(folder, 'mode')), folder }))
    .filter(({ name }) => OURS.test(name));
}

/** Namespaces of ours that are there, in order. */
export const loadedNamespaces = (): readonly string[] => namesIn(NAMESPACES).filter((name) => OUR_NAMESPACE.test(name));

export const findParser = (): string | undefined => PARSERS.find((path) => existsSync(path));

export function readApparmorPolicy(uid: number): ApparmorPolicy {
  const enforcing = loadedProfiles().filter(({ mode }) => mode === 'enforce');
  const namespace = namespaceOf(uid);
  return {
    visible: existsSync(PROFILES),
    profiles: enforcing.map(({ name }) => name),
    namespace: existsSync(namespaceFolder(namespace)) ? namespace : undefined,
    parser: findParser(),
    // A profile that is loaded anew has a new folder; one that comes for the first time comes with its file.
    inputs: [
      PROFILE_FOLDER,
      ...enforcing.map(({ folder }) => folder),
      namespaceFolder(namespace),
      ...PARSERS.filter((path) => existsSync(path)),
    ],
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
