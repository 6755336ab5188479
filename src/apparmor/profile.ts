/**
 * File, capability and network rules → the text of an AppArmor profile.
 *
 * A profile denies what it does not name. It is written for abi 3.0, the
 * newest that parsers since 3.0 all read: so there is no `userns` rule, and
 * user namespaces inside are seccomp's business.
 *
 * @see apparmor.d(5)
 */
import { ACCESS_WORDS, type AccessWord, type PathRule } from '../base/path-rules.js';
import { ApparmorError, escapePath } from './quote.js';

export type ApparmorRules = {
  readonly profileName: string;
  readonly paths: readonly PathRule[];
  /** Such as `CAP_CHOWN`. */
  readonly capabilities: readonly string[];
  /** Families of sockets that may be made. */
  readonly sockets: readonly ('unix' | 'inet' | 'inet6' | 'netlink')[];
};

export type CompiledProfile = {
  readonly profileName: string;
  readonly text: string;
  /** What the rules say and AppArmor cannot, a sentence each. */
  readonly gaps: readonly string[];
};

/** How the names of all profiles begin that policies are compiled to. */
export const PROFILE_PREFIX = 'sandbox.';
/** The profile of our own programs, where an administrator has installed it. */
export const PROGRAMS_PROFILE = 'sandbox-programs';

/** AppArmor's permissions on files; `k` (locks) comes with every way to open one. */
const ON_FILES: Readonly<Record<AccessWord, string>> = {
  read: 'rk',
  list: '',
  execute: 'mix',
  create: 'wl',
  write: 'wk',
  remove: 'w',
  truncate: 'w',
  'make-socket': 'w',
  'make-fifo': 'w',
  refer: '',
  ioctl: '',
};
const PERMISSIONS: readonly string[] = ['r', 'w', 'm', 'ix', 'k', 'l'];
/** What AppArmor's one permission for writing stands for. */
const WRITING: readonly AccessWord[] = ['create', 'write', 'remove', 'truncate', 'make-socket', 'make-fifo'];
/** Of these, the ones that change folders. */
const ON_FOLDERS: readonly AccessWord[] = ['create', 'remove'];
/** What a rule grants of its path itself; the others are about what lies below. */
const ON_ITSELF: readonly AccessWord[] = ['read', 'execute', 'write', 'truncate'];
/**
 * A run's own profile gets its name when it is loaded, after it was compiled: so not the name stands here. Other runs
 * are out of reach by their namespaces.
 */
const PEERS = `${PROFILE_PREFIX}*`;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const CAPABILITY = /^CAP_([A-Z_]+)$/;

/**
 * The profile; the same rules in another order give the same text.
 *
 * @throws {ApparmorError} APPARMOR_BAD_PATH, APPARMOR_BAD_NAME, APPARMOR_BAD_CAPABILITY
 */
export function profileText(rules: ApparmorRules): CompiledProfile {
  const { profileName } = rules;
  if (!NAME.test(profileName))
    throw new ApparmorError('APPARMOR_BAD_NAME', `no profile can be named ${JSON.stringify(profileName)}`, {
      hint: 'use letters, digits, ".", "_" and "-"',
    });
  const paths = joined(rules.paths);
  const lines = [
    ...paths.flatMap(fileLines),
    ...unique(rules.capabilities).map(capabilityLine),
    ...unique(rules.sockets).flatMap(socketLines),
    // init forwards signals from outside; among themselves processes of the workload are free.
    'signal (receive) peer=unconfined,',
    `signal (receive) peer="${PROGRAMS_PROFILE}",`,
    `signal (send, receive) peer="${PEERS}",`,
    // ps and top; ptrace(2) itself is for no one.
    `ptrace (read, readby) peer="${PEERS}",`,
  ];
  // attach_disconnected: inherited descriptors lie outside the sandbox's root.
  const head = `profile "${profileName}" flags=(attach_disconnected,mediate_deleted) {`;
  const text = ['abi <abi/3.0>,', '', head, ...lines.map((line) => `  ${line}`), '}', ''].join('\n');
  return { profileName, text, gaps: gapsOf(paths) };
}

/** One rule a path, paths in order. */
function joined(rules: readonly PathRule[]): PathRule[] {
  const words = new Map<string, Set<AccessWord>>();
  for (const { path, access } of rules) words.set(path, new Set([...(words.get(path) ?? []), ...access]));
  return [...words]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, set]) => ({ path, access: ACCESS_WORDS.filter((word) => set.has(word)) }));
}

/** AppArmor writes folders with a slash at their end, and files without. */
function fileLines({ path, access }: PathRule): string[] {
  const below = path === '/' ? '' : escapePath(path);
  const permissions = permissionsOf(access);
  const itself = permissionsOf(access.filter((word) => ON_ITSELF.includes(word)));
  const files =
    path === '/'
      ? [['/**[^/]', permissions]]
      : itself === permissions
        ? [[`${below}{,/**[^/]}`, permissions]]
        : [
            [below, itself],
            [`${below}/**[^/]`, permissions],
          ];
  const lines = [
    ...files,
    [path === '/' ? '/{,**/}' : `${below}{/,/**/}`, access.includes('list') ? 'r' : ''],
    [`${below}/**/`, ON_FOLDERS.some((word) => access.includes(word)) ? 'w' : ''],
  ];
  return lines.filter(([, granted]) => granted !== '').map(([pattern, granted]) => `"${pattern}" ${granted},`);
}

const permissionsOf = (access: readonly AccessWord[]): string =>
  PERMISSIONS.filter((one) => access.some((word) => ON_FILES[word].includes(one))).join('');

function capabilityLine(name: string): string {
  const short = CAPABILITY.exec(name)?.[1];
  if (short === undefined)
    throw new ApparmorError('APPARMOR_BAD_CAPABILITY', `${JSON.stringify(name)} is no capability's name`, {
      hint: 'write it as capabilities(7) does, such as CAP_CHOWN',
    });
  return `capability ${short.toLowerCase()},`;
}

/** Kernels that look closer at unix sockets ask for the peer too. */
const socketLines = (family: ApparmorRules['sockets'][number]): string[] =>
  family === 'unix'
    ? [
        'network unix,',
        'unix (create, bind, listen, shutdown, getattr, setattr, getopt, setopt),',
        `unix peer=(label="${PEERS}"),`,
      ]
    : [`network ${family},`];

function gapsOf(paths: readonly PathRule[]): string[] {
  const gaps = paths.flatMap(({ path, access }) => {
    const granted = WRITING.filter((word) => access.includes(word));
    // A link to what lies in another folder takes no more than the right to make it; moving takes both.
    const moving = access.includes('create') ? (['refer'] as const) : [];
    const implied = [...WRITING, ...moving].filter((word) => !access.includes(word));
    if (granted.length === 0 || implied.length === 0) return [];
    return [
      `AppArmor has one right for ${granted.join(', ')}: at ${path} it lets ${implied.join(', ')} through as well`,
    ];
  });
  const writable = paths.some(
    ({ path, access }) => path !== '/' && (access.includes('write') || access.includes('truncate')),
  );
  return [
    ...gaps,
    ...(writable ? ['AppArmor lets a path that may itself be written also be made, removed and replaced'] : []),
    'AppArmor does not restrain ioctl, nor stat',
    'AppArmor lets nothing be moved that may not be read, and nothing be linked to a name with more rights than its own',
    'AppArmor restrains sockets by their family, not by port or address',
    'AppArmor with abi 3.0 does not restrain user namespaces',
  ];
}

const unique = <T extends string>(names: readonly T[]): T[] => [...new Set(names)].sort();
