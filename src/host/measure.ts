/**
 * What this kernel and this user can do, for compiling a policy: read, not
 * tried, so that it costs little. `sandbox doctor` tries, and at run time the
 * launcher's receipt is what counts.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { release, userInfo } from 'node:os';
import { join } from 'node:path';
import { hasAttribute, landlockAbi } from '../ffi/libc.js';
import { readApparmorPolicy } from './apparmor.js';
import { consideredFolders, hostFiles, placeCgroup } from './cgroup.js';
import { HostError } from './errors.js';
import type { HostFacts } from './facts.js';
import { chooseIdMap, type Owner } from './id-map.js';

/** Where setuid helpers are looked for; never the caller's PATH. */
const HELPER_FOLDERS = ['/usr/bin', '/bin', '/usr/local/bin', '/run/wrappers/bin'];
const SETUID = 0o4000;

/**
 * The facts of this process's host, read from the kernel and /etc; no process
 * is started and nothing is changed.
 *
 * @throws {HostError} HOST_UNREADABLE
 */
export function measureHost(): HostFacts {
  const user = ownUser();
  const newuidmap = findHelper('newuidmap', 'cap_setuid');
  const newgidmap = findHelper('newgidmap', 'cap_setgid');
  const { idMap, remark } = chooseIdMap({
    owner: user,
    subuid: textOf('/etc/subuid'),
    subgid: textOf('/etc/subgid'),
    uidMap: textOf('/proc/self/uid_map'),
    gidMap: textOf('/proc/self/gid_map'),
    helperFault: newuidmap.fault ?? newgidmap.fault ?? noNewPrivileges(),
  });
  const [mountinfo, ownGroups] = [textOf('/proc/self/mountinfo'), textOf('/proc/self/cgroup')];
  return {
    kernelRelease: release(),
    user,
    landlockAbi: landlockAbi(),
    apparmor: textOf('/sys/module/apparmor/parameters/enabled').startsWith('Y'),
    apparmorPolicy: readApparmorPolicy(user.uid),
    idMap,
    idMapRemark: remark,
    newuidmap: newuidmap.path,
    newgidmap: newgidmap.path,
    cgroup: placeCgroup(mountinfo, ownGroups, user.uid, hostFiles),
    cgroupFolders: consideredFolders(mountinfo, ownGroups, user.uid),
  };
}

function ownUser(): Owner {
  try {
    const { uid, gid, username } = userInfo();
    return { uid, gid, name: username };
  } catch {
    const uid = process.getuid?.();
    const gid = process.getgid?.();
    if (uid === undefined || gid === undefined) {
      throw new HostError('HOST_UNREADABLE', 'this process has no user id', { hint: 'run on Linux' });
    }
    return { uid, gid, name: String(uid) };
  }
}

type Helper = { readonly path: string | undefined; readonly fault: string | undefined };

/** Finds a helper that the kernel would really run with the privilege it needs. */
function findHelper(name: string, capability: string): Helper {
  const path = HELPER_FOLDERS.map((folder) => join(folder, name)).find(isExecutable);
  if (path === undefined) return { path, fault: `${name} is missing; as root: apt-get install uidmap` };
  const { mode, uid } = statSync(path);
  const privileged = ((mode & SETUID) !== 0 && uid === 0) || hasAttribute(path, 'security.capability');
  if (privileged) return { path, fault: undefined };
  return { path, fault: `${path} is neither setuid root nor has ${capability}; as root: chmod u+s ${path}` };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function noNewPrivileges(): string | undefined {
  return /^NoNewPrivs:\s*1$/m.test(textOf('/proc/self/status'))
    ? 'no_new_privs is set, so that newuidmap gets no privilege; start without it (container option no-new-privileges)'
    : undefined;
}

/** The file's text; empty where it is missing or closed to this user, which for all of these means: not there. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
