/**
 * What each mechanism is for, what is lost without it, and how to get it.
 *
 * A mechanism that is not in this table cannot be reported, and a test holds
 * the table against what the trials really print.
 */
import { join } from 'node:path';
import { preparedFolders } from './cgroup.js';
import type { Trial } from './diagnosis.js';
import type { HostFacts } from './facts.js';
import type { Settings } from './settings.js';

export type Situation = {
  readonly facts: HostFacts;
  readonly settings: Settings;
  /** Text of /proc/self/mountinfo. */
  readonly mountinfo: string;
  /** Absolute path of the folder with our programs. */
  readonly programs: string;
  readonly directories: { readonly data: string; readonly state: string; readonly runtime: string };
};

export type Remedy = {
  /** `strict`: profile strict does not run without it. `preferred`: it runs with less. */
  readonly need: 'strict' | 'preferred';
  readonly without: string;
  readonly fix: (situation: Situation, trial: Trial) => string;
};

const CONTAINER =
  'if this is a container, start it so that it may: for podman and Docker ' +
  '`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`, and `--security-opt unmask=ALL` with podman';
const REFUSED = 'strict refuses to run';
const newerKernel =
  (version: string): Remedy['fix'] =>
  ({ facts }, { error }) =>
    error === 'EPERM' || error === 'EACCES'
      ? CONTAINER
      : `boot a kernel from ${version} on (this is ${facts.kernelRelease})`;
const strict = (fix: Remedy['fix']): Remedy => ({ need: 'strict', without: REFUSED, fix });
const namespace = strict((situation, trial) => namespaceFix(situation, trial));

export const REMEDIES: Readonly<Record<string, Remedy>> = {
  'user-namespace': namespace,
  'subordinate-ids': {
    need: 'preferred',
    without:
      'a map of one id: the workload’s outer id is your own, all files of an image belong to one id, ' +
      'and images that change their user do not run',
    fix: ({ facts }, trial) => facts.idMapRemark ?? helperFix(facts, trial),
  },
  'mount-namespace': namespace,
  'pid-namespace': namespace,
  'network-namespace': namespace,
  'ipc-namespace': namespace,
  'uts-namespace': namespace,
  'cgroup-namespace': namespace,
  'root-switch': namespace,
  'device-files': strict(
    ({ directories }) =>
      `/dev or ${directories.data} is mounted so that devices cannot be opened (nodev); ${CONTAINER}`,
  ),
  overlay: strict(
    ({ directories }) =>
      `boot a kernel from 5.11 on, and keep ${directories.data} on a local file system ` +
      '(set XDG_DATA_HOME; NFS and eCryptfs cannot be below an overlay)',
  ),
  'writable-overlay': {
    need: 'preferred',
    without: 'images with a writable root (profiles default and compat) cannot replace folders of their own',
    fix: newerKernel('6.6'),
  },
  'process-view': strict(newerKernel('5.8')),
  'masked-process-view': {
    need: 'preferred',
    without: 'profiles that show the whole of /proc (default, compat) refuse to run',
    fix: () => CONTAINER,
  },
  'pseudo-terminal': { need: 'preferred', without: 'no -t: workloads get no terminal', fix: () => CONTAINER },
  'seccomp-notification': strict((situation, trial) =>
    trial.error === 'EBUSY'
      ? 'the program that started this one has a listener of its own, and the kernel allows one: start sandbox outside of it'
      : newerKernel('5.5')(situation, trial),
  ),
  'seccomp-sync-wake-up': {
    need: 'preferred',
    without: 'refused calls take about twice as long to be answered',
    fix: newerKernel('6.6'),
  },
  'seccomp-wait-killable': {
    need: 'preferred',
    without: 'a signal can interrupt a call that the supervisor has taken already; it is then recorded once more',
    fix: newerKernel('5.19'),
  },
  landlock: strict((situation, trial) =>
    trial.error === 'EOPNOTSUPP'
      ? 'Landlock is switched off: add landlock to the list after lsm= on the kernel’s command line and boot again'
      : newerKernel('5.13')(situation, trial),
  ),
  'confined-lookup': strict(newerKernel('5.6')),
  pidfd: strict(newerKernel('5.3')),
  'descriptor-transfer': strict(
    ({ settings }) =>
      `${(settings.tracing ?? 0) > 1 ? 'as root: sysctl -w kernel.yama.ptrace_scope=1' : 'boot a kernel from 5.6 on'}; ${CONTAINER}`,
  ),
  'argument-reading': {
    need: 'preferred',
    without: 'records of refused calls lack what the arguments pointed to, such as paths',
    fix: ({ settings }) => ((settings.tracing ?? 0) > 1 ? 'as root: sysctl -w kernel.yama.ptrace_scope=1' : CONTAINER),
  },
  'process-limit': {
    need: 'preferred',
    without: 'where there is no control group, the number of processes is not bounded',
    fix: newerKernel('5.14'),
  },
  'cgroup-memory': {
    need: 'preferred',
    without:
      'memory is bounded by RLIMIT_DATA: the private memory of each process, not their sum, nor tmpfs and page cache',
    fix: groupFix,
  },
  'cgroup-pids': {
    need: 'preferred',
    without: 'processes are bounded by RLIMIT_NPROC, which the kernel counts for the user namespace',
    fix: groupFix,
  },
  'cgroup-cpu': {
    need: 'preferred',
    without: 'processor time is not shared out; only the time limit of the run bounds it',
    fix: groupFix,
  },
  apparmor: {
    need: 'preferred',
    without: 'files are bounded by Landlock and mounts alone',
    fix: () =>
      'use a kernel with AppArmor (Debian’s and Ubuntu’s are) and boot it with apparmor=1, and apparmor among lsm= where that is given',
  },
  'apparmor-profile': {
    need: 'preferred',
    without: 'runs under strict have no AppArmor profile, and policies that require one are refused',
    fix: ({ facts, programs }) =>
      facts.apparmor
        ? `as root: ${installProfiles(programs)}`
        : `on a kernel that enforces AppArmor, as root: ${installProfiles(programs)}`,
  },
  'apparmor-parser': {
    need: 'preferred',
    without: 'AppArmor profiles that policies compile to cannot be checked or loaded',
    fix: () => 'as root: apt-get install apparmor',
  },
  libseccomp: strict(() => 'as root: apt-get install libseccomp2'),
  node: strict(() => 'install Node 20.19 or newer'),
  'store-directory': strict(({ directories }, trial) => directoryFix(directories.data, trial)),
  'state-directory': strict(({ directories }, trial) => directoryFix(directories.state, trial)),
  'runtime-directory': strict(({ directories }, trial) => directoryFix(directories.runtime, trial)),
  'disk-space': {
    need: 'preferred',
    without: 'images may not fit into the store',
    fix: ({ directories }) => `make room on the file system of ${directories.data}, or set XDG_DATA_HOME to another`,
  },
};

function namespaceFix({ settings, programs }: Situation, { error }: Trial): string {
  if (settings.unprivilegedNamespaces === 0) return setting('kernel.unprivileged_userns_clone=1');
  if (settings.mostNamespaces === 0) return setting('user.max_user_namespaces=15000');
  if (settings.apparmorNamespaces === 1) return `as root: ${installProfiles(programs)}`;
  if (error === 'ENOSPC')
    return `too many namespaces are in use or nested; ${setting('user.max_user_namespaces=15000')}`;
  return CONTAINER;
}

const setting = (assignment: string): string =>
  `as root: echo ${assignment} > /etc/sysctl.d/60-sandbox.conf && sysctl -p /etc/sysctl.d/60-sandbox.conf`;

/** It loads the profiles of the shipped policies, and, where the kernel asks for one, that of our own programs. */
const installProfiles = (programs: string): string => `${join(programs, '../../bin/sandbox')} apparmor install`;

function helperFix(facts: HostFacts, { found }: Trial): string {
  return (
    `${facts.newuidmap ?? 'newuidmap'} did not write the map (${found}): check that /etc/subuid and /etc/subgid give ` +
    `${facts.user.name} ranges that no other line has, and that no container or no_new_privs takes setuid away`
  );
}

function groupFix({ facts, mountinfo }: Situation): string {
  const folders = preparedFolders(mountinfo, facts.user.uid);
  if (folders.length > 0) return `as root: install -d -o ${facts.user.name} ${folders.join(' ')}`;
  return (
    'as root: mkdir -p /etc/systemd/system/user@.service.d && ' +
    "printf '[Service]\\nDelegate=cpu memory pids\\n' > /etc/systemd/system/user@.service.d/sandbox.conf && " +
    'systemctl daemon-reload; then log in again, or start with: systemd-run --user --scope -p Delegate=yes sandbox …'
  );
}

function directoryFix(path: string, { found }: Trial): string {
  if (/open to others/.test(found)) return `chmod 700 ${path}`;
  return `make ${path} a folder of your own with mode 700, or point XDG_DATA_HOME, XDG_STATE_HOME or XDG_RUNTIME_DIR elsewhere`;
}
