/**
 * What an administrator does once, as data: files to write, profiles to load,
 * policy namespaces to make. So it can be read before it is done, and undone.
 *
 * @see apparmor.d(5), systemd.service(5)
 */
import { type CompiledProfile, PROFILE_PREFIX, PROGRAMS_PROFILE } from './profile.js';

/** One thing that root does. Each is undone by {@link undoOf}. */
export type Action =
  | { readonly kind: 'write'; readonly path: string; readonly text: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'load'; readonly path: string; readonly name: string }
  | { readonly kind: 'unload'; readonly name: string }
  | { readonly kind: 'make-namespace'; readonly path: string }
  | { readonly kind: 'remove-namespace'; readonly path: string };

export type Places = {
  /** Of profiles that are loaded at boot, such as /etc/apparmor.d. */
  readonly profiles: string;
  /** Of systemd's own units, such as /etc/systemd/system; undefined: there is no systemd. */
  readonly units: string | undefined;
  /** Of the kernel, the folder of policy namespaces. */
  readonly namespaces: string;
};

export const MARK = '# Written by sandbox apparmor install; sandbox apparmor remove takes it away.\n';
const UNIT = 'sandbox-apparmor.service';

/** The file of the profile that is told from others by `key`, as a rule the policy's name. */
export const profileFile = (places: Places, key: string): string => `${places.profiles}/${PROFILE_PREFIX}${key}`;
export const programsFile = (places: Places): string => `${places.profiles}/${PROGRAMS_PROFILE}`;
export const unitFiles = ({ units }: Places): readonly string[] =>
  units === undefined ? [] : [`${units}/${UNIT}`, `${units}/multi-user.target.wants/${UNIT}`];

/** A profile for each policy by its {@link profileFile} key; the profile of our programs where there is one; the namespaces. */
export function installActions(
  places: Places,
  profiles: ReadonlyMap<string, CompiledProfile>,
  programs: string | undefined,
  namespaces: readonly string[],
): Action[] {
  const files = [...profiles].map(([key, { profileName: name, text }]) => ({
    path: profileFile(places, key),
    name,
    text: MARK + text,
  }));
  if (programs !== undefined) files.push({ path: programsFile(places), name: PROGRAMS_PROFILE, text: MARK + programs });
  return [
    ...files.flatMap(({ path, name, text }): Action[] => [
      { kind: 'write', path, text },
      { kind: 'load', path, name },
    ]),
    ...namespaceActions(places, namespaces),
  ];
}

/** The namespaces now, and at every boot: the kernel forgets them. */
function namespaceActions(places: Places, namespaces: readonly string[]): Action[] {
  if (namespaces.length === 0) return [];
  const folders = namespaces.map((name) => `${places.namespaces}/${name}`);
  const [unit, link] = unitFiles(places);
  const made = folders.map((path): Action => ({ kind: 'make-namespace', path }));
  if (unit === undefined || link === undefined) return made;
  return [...made, { kind: 'write', path: unit, text: unitText(folders) }, { kind: 'link', path: link, target: unit }];
}

/** A folder in this file system can be made, but systemd-tmpfiles does not follow the kernel's link to it. */
const unitText = (folders: readonly string[]): string => `${MARK}[Unit]
Description=Policy namespaces of AppArmor in which users load the profiles of their sandboxes
DefaultDependencies=no
ConditionSecurity=apparmor
After=sys-kernel-security.mount local-fs.target
Before=multi-user.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mkdir -p ${folders.join(' ')}

[Install]
WantedBy=multi-user.target
`;

/** The namespaces that a unit makes, by name. */
export function namespacesOfUnit(text: string): string[] {
  const folders = /^ExecStart=\/bin\/mkdir -p (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  return folders.map((folder) => folder.slice(folder.lastIndexOf('/') + 1));
}

/** What takes everything away again: `loaded` profiles, `files` of ours, `namespaces` by name. */
export function removeActions(
  places: Places,
  loaded: readonly string[],
  files: readonly string[],
  namespaces: readonly string[],
): Action[] {
  return [
    ...loaded.map((name): Action => ({ kind: 'unload', name })),
    ...namespaces.map((name): Action => ({ kind: 'remove-namespace', path: `${places.namespaces}/${name}` })),
    ...files.map((path): Action => ({ kind: 'delete', path })),
  ];
}

/** What takes `action` back, given the file's text before it, or the profile's name where that was loaded before. */
export function undoOf(action: Action, before: string | undefined): Action | undefined {
  switch (action.kind) {
    case 'write':
    case 'link':
      return before === undefined
        ? { kind: 'delete', path: action.path }
        : { kind: 'write', path: action.path, text: before };
    case 'make-namespace':
      return { kind: 'remove-namespace', path: action.path };
    case 'delete':
      return before === undefined ? undefined : { kind: 'write', path: action.path, text: before };
    case 'load':
      return before === undefined ? { kind: 'unload', name: action.name } : undefined;
    case 'unload':
    case 'remove-namespace':
      return undefined;
  }
}

/** For a reader who wants to know what would happen, as far as possible in words of the shell. */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case 'write':
      return `write ${action.path}:\n${action.text.replace(/^(?=.)/gm, '    ')}`;
    case 'link':
      return `ln -sfn ${action.target} ${action.path}`;
    case 'delete':
      return `rm ${action.path}`;
    case 'load':
      return `apparmor_parser --replace --skip-cache ${action.path}`;
    case 'unload':
      return `printf ${action.name} > /sys/kernel/security/apparmor/.remove`;
    case 'make-namespace':
      return `mkdir -p ${action.path}`;
    case 'remove-namespace':
      return `rmdir ${action.path}`;
  }
}
