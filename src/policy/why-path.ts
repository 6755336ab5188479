/** Why a path may be used or not: which mechanism decides each way of using it, and what would allow it. */
import { dirname } from 'node:path';
import {
  type Answer,
  type Edit,
  type Part,
  type Place,
  placeOfRule,
  placeOfSetting,
  type Remedy,
  type Subject,
} from './answer.js';
import type { BindMount, Filesystem, Origin, PathAccess, PathList, Policy, Scratch } from './policy.js';
import { isAtOrBelow, isPresent, rightsAt } from './reach.js';
import { REASON } from './reason.js';
import { findRemedy, impossibleBy, isOwn, withoutName } from './remedy.js';
import { pointerOfRule } from './rule-name.js';
import { CHANGING_USES, type Mount, mountAt } from './where-mounted.js';

/** What may be asked about a path. */
export const PATH_USES = [
  'read',
  'list',
  'execute',
  'write',
  'create',
  'remove',
  'truncate',
  'make-socket',
  'make-fifo',
  'refer',
  'ioctl',
] as const satisfies readonly PathAccess[];
const USUAL: readonly PathAccess[] = ['read', 'write', 'execute'];

/** Each use of `path` by itself: it is allowed where no mechanism refuses it. */
export function whyPath(subject: Subject, path: string, uses: readonly PathAccess[] = USUAL): Answer {
  const parts = uses.map((use) => partFor(subject, path, use));
  const denied = uses.filter((_, index) => parts[index]?.isAllowed === false);
  const verdict = denied.length === 0 ? 'allowed' : denied.length === uses.length ? 'denied' : 'partly';
  const answer = {
    question: `${uses.join(', ')} at ${path}`,
    verdict,
    parts,
    notes: [...notesOn(subject.policy, path, verdict), ...notesOnUses(subject.policy, path, uses, denied)],
  } as const;
  return verdict === 'allowed' ? answer : { ...answer, remedy: remedyFor(subject, path, uses, denied) };
}

function notesOn({ filesystem, process }: Policy, path: string, verdict: Answer['verdict']): string[] {
  const mount = mountAt(filesystem, path);
  const isImage = mount.kind === 'root';
  return [
    ...(isImage && mount.isReadOnly && verdict !== 'allowed' && !isOfImage(path)
      ? ['to write in the image, a folder of memory is mounted over it: for one file, ask about its folder']
      : []),
    ...(isImage && mount.isReadOnly && verdict !== 'allowed' && isOfImage(path)
      ? ['the image has files there that it needs: a writable root keeps them, and loses at the end what is written']
      : []),
    ...(isImage && verdict !== 'denied' ? ["the image's own owners and permission bits count as well"] : []),
    ...(isImage && process.user.uid === 'nonzero' && verdict === 'allowed' ? ['it never runs as user 0'] : []),
  ];
}

/** What is written should not be executed: rarely are both wanted. */
function notesOnUses(
  { filesystem }: Policy,
  path: string,
  uses: readonly PathAccess[],
  denied: readonly PathAccess[],
): string[] {
  const isMixed = uses.includes('execute') && uses.some((use) => CHANGING_USES.includes(use));
  const canBeMixed = ['root', 'scratch', 'bind'].includes(mountAt(filesystem, path).kind);
  if (!isMixed || !canBeMixed || denied.length === 0) return [];
  return ['ask with --access for a smaller change: what can be written and executed is a way to bring in programs'];
}

type Refusal = { readonly outcome: string; readonly mechanism: string; readonly by: Place };

function partFor(subject: Subject, path: string, use: PathAccess): Part {
  const refusal = refusalOf(subject, path, use);
  if (refusal !== undefined) return { isAllowed: false, where: use, ...refusal };
  const grant = rightsAt(subject.policy.filesystem, path).get(use);
  const by = grant === undefined ? placeOfSetting(subject, '/filesystem', '') : placeOfRule(subject, grant);
  return { isAllowed: true, where: use, outcome: 'allowed', mechanism: 'Landlock and AppArmor', by };
}

/** The first mechanism that refuses, the outermost first. */
function refusalOf(subject: Subject, path: string, use: PathAccess): Refusal | undefined {
  const { filesystem } = subject.policy;
  const hidden = listed(filesystem.mask, path);
  if (hidden !== undefined) return { outcome: 'hidden', mechanism: 'mount', by: placeOfRule(subject, hidden) };
  if (!isPresent(filesystem, path))
    return {
      outcome: filesystem.proc === 'none' ? 'not there: the kernel’s /proc' : 'not there: /proc shows processes alone',
      mechanism: 'mount',
      by: placeOfSetting(subject, '/filesystem/proc', 'what /proc shows'),
    };
  return mountRefusal(subject, path, use) ?? rightRefusal(subject, path, use);
}

function mountRefusal(subject: Subject, path: string, use: PathAccess): Refusal | undefined {
  const { filesystem } = subject.policy;
  const mount = mountAt(filesystem, path);
  if (mount.kind === 'missing')
    return { outcome: `not there: ${mount.why}`, mechanism: 'mount', by: placeOfSetting(subject, mount.at, mount.why) };
  if (CHANGING_USES.includes(use)) {
    const frozen = listed(filesystem.readOnly, path);
    if (frozen !== undefined)
      return { outcome: 'refused: a read-only mount', mechanism: 'mount', by: placeOfRule(subject, frozen) };
    if (mount.isReadOnly)
      return { outcome: 'refused: a read-only mount', mechanism: 'mount', by: mountPlace(subject, mount) };
  }
  if (use === 'execute' && mount.isNoexec)
    return { outcome: 'refused: mounted noexec', mechanism: 'mount', by: mountPlace(subject, mount) };
  return undefined;
}

function rightRefusal(subject: Subject, path: string, use: PathAccess): Refusal | undefined {
  if (rightsAt(subject.policy.filesystem, path).has(use)) return undefined;
  return {
    outcome: `refused: no rule grants ${use} here`,
    mechanism: 'Landlock and AppArmor',
    by: placeOfSetting(subject, '/filesystem/allow', `what no rule grants is refused`),
  };
}

const listed = (lists: readonly PathList[], path: string): PathList | undefined =>
  lists.find(({ paths }) => paths.some((above) => isAtOrBelow(path, above)));

function mountPlace(subject: Subject, mount: Exclude<Mount, { kind: 'missing' }>): Place {
  switch (mount.kind) {
    case 'scratch':
    case 'bind':
      return placeOfRule(subject, mount.entry);
    case 'root':
      return placeOfSetting(subject, '/filesystem/root', 'the root file system');
    case 'proc':
      return placeOfSetting(subject, '/filesystem/proc', 'the mount of /proc');
    case 'dev':
      return placeOfSetting(subject, '/filesystem/dev', 'the mount of /dev');
  }
}

function remedyFor(
  subject: Subject,
  path: string,
  asked: readonly PathAccess[],
  denied: readonly PathAccess[],
): Remedy {
  const { filesystem } = subject.policy;
  for (const key of ['mask', 'readOnly'] as const) {
    const matters = key === 'mask' || denied.some((use) => CHANGING_USES.includes(use));
    const inherited = filesystem[key].find(
      (list) => list.paths.some((above) => isAtOrBelow(path, above)) && !isOwn(subject, list.rule),
    );
    if (matters && inherited !== undefined)
      return impossibleBy(
        placeOfRule(subject, inherited),
        `${inherited.rule} ${key === 'mask' ? 'hides' : 'freezes'} it, and what is inherited there cannot be taken back`,
      );
  }
  const mount = mountAt(filesystem, path);
  if (mount.kind === 'missing' && mount.at === '/filesystem')
    return impossibleBy(
      placeOfSetting(subject, mount.at, mount.why),
      `${mount.why}; what the host has there could be mounted`,
    );
  if ((mount.kind === 'proc' || mount.kind === 'dev') && denied.includes('execute'))
    return impossibleBy(
      mountPlace(subject, mount),
      `/${mount.kind} is always mounted noexec${asked.length > 1 ? '; ask about another use with --access' : ''}`,
    );
  const rights = denied.filter((use) => !rightsAt(filesystem, path).has(use));
  const edits = [...listEdits(subject, path), ...mountEdits(subject, path, asked, denied)];
  const grant = rights.length === 0 ? [] : [grantOf(grantedPath(filesystem, path, denied), rights)];
  const isEnough = (policy: Policy): boolean =>
    asked.every((use) => refusalOf({ ...subject, policy }, path, use) === undefined);
  return findRemedy(subject, [[...edits, ...grant]], isEnough);
}

const grantOf = (path: string, access: readonly PathAccess[]): Edit => ({
  op: 'add',
  path: '/filesystem/allow/-',
  value: { paths: [path], access, why: REASON },
});

/** Paths of one's own lists that hide or freeze it are taken out. */
function listEdits(subject: Subject, path: string): Edit[] {
  return (['mask', 'readOnly'] as const).flatMap((key) =>
    subject.policy.filesystem[key].flatMap(({ rule, paths }) =>
      paths
        .filter((above) => isAtOrBelow(path, above))
        .flatMap((above) => withoutName(subject, pointerOfRule(rule), 'paths', above)),
    ),
  );
}

/** A name with an ending is taken for a file, whose folder is what can be mounted. */
const folderFor = (path: string): string =>
  /\.[A-Za-z0-9]+$/.test(path) && dirname(path) !== '/' ? dirname(path) : path;

/** What an image brings along and runs by: memory mounted over it would hide that. */
const OF_IMAGE = ['/etc', '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/boot', '/opt', '/root'];
const isOfImage = (path: string): boolean => path === '/' || OF_IMAGE.some((above) => isAtOrBelow(path, above));

/** Where new memory is mounted for it, the right is on that folder. */
function grantedPath(filesystem: Filesystem, path: string, denied: readonly PathAccess[]): string {
  const mount = mountAt(filesystem, path);
  const isNew =
    mount.kind === 'root' && mount.isReadOnly && !isOfImage(path) && denied.some((use) => CHANGING_USES.includes(use));
  return isNew ? folderFor(path) : path;
}

function mountEdits(
  subject: Subject,
  path: string,
  asked: readonly PathAccess[],
  denied: readonly PathAccess[],
): Edit[] {
  const { filesystem } = subject.policy;
  const changes = denied.some((use) => CHANGING_USES.includes(use));
  if (!isPresent(filesystem, path)) return [{ op: 'add', path: '/filesystem/proc', value: 'masked' }];
  const mount = mountAt(filesystem, path);
  switch (mount.kind) {
    case 'missing':
      return [{ op: 'add', path: mount.at, value: 'minimal' }];
    case 'root':
      if (!mount.isReadOnly || !changes) return [];
      return isOfImage(path) ? writableRoot(filesystem) : [scratchFor(folderFor(path), asked.includes('execute'))];
    case 'scratch':
      return denied.includes('execute') && mount.isNoexec ? remounted(subject, 'scratch', mount.entry, true) : [];
    case 'bind': {
      const isBlocked = (mount.isReadOnly && changes) || (mount.isNoexec && denied.includes('execute'));
      return isBlocked
        ? remounted(subject, 'mounts', mount.entry, denied.includes('execute'), changes ? { access: 'read-write' } : {})
        : [];
    }
    case 'proc':
    case 'dev':
      return [];
  }
}

const MIB = 1n << 20n;
const sizeForm = (bytes: bigint): string => (bytes % MIB === 0n ? `${bytes / MIB}MiB` : `${bytes}B`);

/** As much memory as programs that change a few files need. */
const writableRoot = ({ rootSize }: Filesystem): Edit[] => [
  { op: 'add', path: '/filesystem/root', value: 'writable' },
  ...(rootSize === 0n ? [{ op: 'add', path: '/filesystem/rootSize', value: '16MiB' } as const] : []),
];

const scratchFor = (path: string, isExecutable: boolean): Edit => ({
  op: 'add',
  path: '/filesystem/scratch/-',
  value: {
    path,
    size: '16MiB',
    files: 1024,
    ...(isExecutable ? { flags: ['nosuid', 'nodev'] } : {}),
    why: REASON,
  },
});

/** The mount with `more`, and without noexec where something of it is to be executed: in place where it is one's own, else removed and mounted again. */
function remounted(
  subject: Subject,
  key: 'scratch' | 'mounts',
  entry: Scratch | BindMount,
  isExecuted: boolean,
  more: object = {},
): Edit[] {
  const origin: Origin = entry;
  const kept = isExecuted ? (['nosuid', 'nodev'] as const) : (['noexec', 'nosuid', 'nodev'] as const);
  const flags = kept.filter((flag) => entry.flags[flag]);
  const pointer = pointerOfRule(origin.rule);
  if (isOwn(subject, origin.rule))
    return [
      ...(entry.flags.noexec && isExecuted ? [{ op: 'add', path: `${pointer}/flags`, value: flags } as const] : []),
      ...Object.entries(more).map(([name, value]): Edit => ({ op: 'replace', path: `${pointer}/${name}`, value })),
    ];
  const target = 'path' in entry ? entry.path : entry.to;
  const again =
    'path' in entry
      ? {
          path: entry.path,
          size: sizeForm(entry.size),
          files: entry.files,
          mode: entry.mode.toString(8),
          flags,
          why: REASON,
        }
      : { from: entry.from, to: entry.to, access: entry.access, flags, why: REASON, ...more };
  return [
    { op: 'add', path: '/filesystem/remove/-', value: { from: key, path: target, why: REASON } },
    { op: 'add', path: `/filesystem/${key}/-`, value: again },
  ];
}
