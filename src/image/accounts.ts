/**
 * Who the image's `User` is, by the image's own passwd and group files: of the
 * topmost layer that has them, as the unpacker read them.
 *
 * @see passwd(5), group(5)
 */
import type { AccountFile } from '../store/unpacker.js';
import { ImageError } from './errors.js';
import type { RunConfiguration } from './rootfs.js';

/** Text of the two files; undefined where the image has none, `odd` where it is no plain file. */
export type AccountSources = { readonly passwd: AccountText; readonly group: AccountText };
export type AccountText = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'none' | 'odd' };

type User = NonNullable<RunConfiguration['user']>;
type PasswdEntry = { readonly name: string; readonly uid: number; readonly gid: number };
type GroupEntry = { readonly name: string; readonly gid: number; readonly members: readonly string[] };

/** (uid_t) -1 means "no change" to the kernel. */
const LARGEST_ID = 0xffff_fffe;
/** The plan's bound. */
const MOST_GROUPS = 256;

/** What overlayfs will show of one account file; `files` stand topmost layer first. */
export function visibleAccountFile(files: readonly AccountFile[]): AccountText {
  const decisive = files.find(({ state }) => state !== 'absent');
  if (decisive?.state === 'present') {
    return { kind: 'text', text: Buffer.from(decisive.base64, 'base64').toString('latin1') };
  }
  return { kind: decisive?.state === 'odd' ? 'odd' : 'none' };
}

/**
 * The ids of `user`, which is USER or USER:GROUP, each a name or a number. A number
 * needs no entry; without one its group is 0. Supplementary groups are those whose
 * entry lists the user, unless a group is given.
 *
 * @throws {ImageError} IMAGE_USER_UNKNOWN
 */
export function findUser(user: string, sources: AccountSources): User {
  const [wanted = '', wantedGroup, ...rest] = user.split(':');
  if (wanted === '' || wantedGroup === '' || rest.length > 0) throw unknown(user, 'it is not USER or USER:GROUP');
  const entry = passwdEntries(sources.passwd).find(({ name, uid }) => name === wanted || uid === asId(wanted));
  const uid = entry?.uid ?? asId(wanted);
  if (uid === undefined) throw unknown(user, absence(wanted, 'passwd', sources.passwd));
  const groups = groupEntries(sources.group);
  if (wantedGroup !== undefined) return { uid, gid: findGroup(user, wantedGroup, groups, sources.group), groups: [] };
  const others = entry === undefined ? [] : groups.filter(({ members }) => members.includes(entry.name));
  return { uid, gid: entry?.gid ?? 0, groups: [...new Set(others.map(({ gid }) => gid))].slice(0, MOST_GROUPS) };
}

function findGroup(user: string, wanted: string, groups: readonly GroupEntry[], source: AccountText): number {
  const gid = groups.find((entry) => entry.name === wanted)?.gid ?? asId(wanted);
  if (gid === undefined) throw unknown(user, absence(wanted, 'group', source));
  return gid;
}

/** Lines that are no entry are passed over, as the C library does. */
function passwdEntries(source: AccountText): readonly PasswdEntry[] {
  return lines(source).flatMap((line) => {
    const [name = '', , uid = '', gid = ''] = line.split(':');
    const ids = { uid: asId(uid), gid: asId(gid) };
    return name === '' || ids.uid === undefined || ids.gid === undefined ? [] : [{ name, uid: ids.uid, gid: ids.gid }];
  });
}

function groupEntries(source: AccountText): readonly GroupEntry[] {
  return lines(source).flatMap((line) => {
    const [name = '', , number = '', members = ''] = line.split(':');
    const gid = asId(number);
    return name === '' || gid === undefined ? [] : [{ name, gid, members: members.split(',') }];
  });
}

const lines = (source: AccountText): readonly string[] => (source.kind === 'text' ? source.text.split('\n') : []);

function asId(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= LARGEST_ID ? Number(text) : undefined;
}

function absence(name: string, file: string, source: AccountText): string {
  if (source.kind === 'odd')
    return `the image's /etc/${file} is not a plain file of at most 1 MiB, so names cannot be looked up`;
  return `the image's /etc/${file} has no ${JSON.stringify(name)}`;
}

const unknown = (user: string, why: string): ImageError =>
  new ImageError('IMAGE_USER_UNKNOWN', `the image wants to run as ${JSON.stringify(user)}, which it does not have`, {
    why,
    hint: 'name the user by numbers, with --user UID:GID',
  });
