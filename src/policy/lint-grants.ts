/** Capabilities, mounts of the host and variables that give a workload more than it needs. */

import { permittedCalls } from './effective.js';
import { find, type Lint, ownPointer } from './lint-find.js';
import type { BindMount } from './policy.js';
import { isAtOrBelow } from './reach.js';

export function lintGrants(lint: Lint): void {
  lintCapabilities(lint);
  for (const mount of lint.policy.filesystem.mounts) lintMount(lint, mount);
  lintVariables(lint);
}

/** With one of these a process has, or soon gets, all the others. */
const NEAR_ROOT: readonly string[] = [
  'CAP_SYS_ADMIN',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
  'CAP_SYS_PTRACE',
  'CAP_SYS_BOOT',
  'CAP_SYS_TIME',
  'CAP_DAC_READ_SEARCH',
  'CAP_BPF',
  'CAP_PERFMON',
  'CAP_NET_ADMIN',
  'CAP_NET_RAW',
  'CAP_MKNOD',
  'CAP_SYS_CHROOT',
  'CAP_SETFCAP',
  'CAP_MAC_ADMIN',
  'CAP_MAC_OVERRIDE',
  'CAP_SYSLOG',
  'CAP_LINUX_IMMUTABLE',
  'CAP_CHECKPOINT_RESTORE',
];

/** Capabilities that are of use with certain calls alone. @see capabilities(7) */
const USED_BY: Readonly<Record<string, readonly string[]>> = {
  CAP_AUDIT_CONTROL: ['socket'],
  CAP_AUDIT_READ: ['socket'],
  CAP_AUDIT_WRITE: ['socket'],
  CAP_BPF: ['bpf'],
  CAP_CHOWN: ['chown', 'fchown', 'lchown', 'fchownat'],
  CAP_IPC_LOCK: ['mlock', 'mlock2', 'mlockall', 'mmap', 'memfd_create', 'shmctl'],
  CAP_IPC_OWNER: ['shmget', 'shmat', 'shmctl', 'msgget', 'msgsnd', 'msgrcv', 'msgctl', 'semget', 'semop', 'semctl'],
  CAP_KILL: ['kill', 'tkill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'pidfd_send_signal'],
  CAP_LEASE: ['fcntl'],
  CAP_LINUX_IMMUTABLE: ['ioctl', 'file_setattr'],
  CAP_MKNOD: ['mknod', 'mknodat'],
  CAP_NET_BIND_SERVICE: ['bind'],
  CAP_NET_RAW: ['socket'],
  CAP_PERFMON: ['perf_event_open'],
  CAP_SETFCAP: ['setxattr', 'fsetxattr', 'lsetxattr', 'setxattrat'],
  CAP_SETGID: ['setgid', 'setregid', 'setresgid', 'setgroups', 'setfsgid'],
  CAP_SETPCAP: ['capset', 'prctl'],
  CAP_SETUID: ['setuid', 'setreuid', 'setresuid', 'setfsuid'],
  CAP_SYSLOG: ['syslog'],
  CAP_SYS_BOOT: ['reboot', 'kexec_load', 'kexec_file_load'],
  CAP_SYS_CHROOT: ['chroot', 'setns'],
  CAP_SYS_MODULE: ['init_module', 'finit_module', 'delete_module'],
  CAP_SYS_NICE: [
    'setpriority',
    'sched_setscheduler',
    'sched_setparam',
    'sched_setattr',
    'sched_setaffinity',
    'ioprio_set',
    'migrate_pages',
    'move_pages',
  ],
  CAP_SYS_PACCT: ['acct'],
  CAP_SYS_PTRACE: [
    'ptrace',
    'process_vm_readv',
    'process_vm_writev',
    'kcmp',
    'pidfd_getfd',
    'get_robust_list',
    'process_madvise',
  ],
  CAP_SYS_RAWIO: ['iopl', 'ioperm', 'ioctl'],
  CAP_SYS_TIME: ['settimeofday', 'clock_settime', 'adjtimex', 'clock_adjtime'],
  CAP_SYS_TTY_CONFIG: ['vhangup', 'ioctl'],
  CAP_WAKE_ALARM: ['timer_create', 'timerfd_create', 'clock_nanosleep'],
};

function lintCapabilities(lint: Lint): void {
  const seen = new Set<string>();
  for (const grant of lint.policy.process.capabilities) {
    const pointer = ownPointer(lint, grant);
    const { cap, why } = grant;
    const isAgain = seen.has(cap);
    seen.add(cap);
    if (pointer === undefined) continue;
    if (isAgain) find(lint, 'LINT_DEAD_RULE', pointer, `${cap} is granted already`, { why });
    if (NEAR_ROOT.includes(cap)) find(lint, 'LINT_BROAD_CAPABILITY', pointer, `${cap} is near to being root`, { why });
    const users = USED_BY[cap];
    if (users === undefined || users.some((call) => permittedCalls(lint.policy.syscalls, call).length > 0)) continue;
    find(lint, 'LINT_UNUSED_CAPABILITY', pointer, `no call that could use ${cap} is allowed: ${users.join(', ')}`, {
      why,
    });
  }
}

/** Of the host: whoever can read or write below these can read or become others. */
const DELICATE = [
  '/boot',
  '/dev',
  '/etc',
  '/proc',
  '/root',
  '/run',
  '/sys',
  '/usr',
  '/var/lib',
  '/var/log',
  '/var/run',
];
/** These themselves, and what is above them. */
const WHOLE = [...DELICATE, '/home', '/var', '/srv', '/opt', '/tmp', '/lib', '/bin', '/sbin'];
const HOME = /^\/home\/[^/]+$/;
const SOCKET = /\.sock(et)?$|^\/(var\/)?run\/(docker|containerd|crio|podman|dbus|systemd)(\/|$)/;
const SECRETS = /\/\.(ssh|gnupg|aws|kube|docker|netrc|config)(\/|$)/;

function lintMount(lint: Lint, mount: BindMount): void {
  const pointer = ownPointer(lint, mount);
  if (pointer === undefined) return;
  const { from, to, access, flags, why } = mount;
  const at = `${pointer}/from`;
  const isWhole = from === '/' || WHOLE.includes(from) || HOME.test(from);
  const isDelicate = DELICATE.some((above) => isAtOrBelow(from, above)) && access === 'read-write';
  if (SOCKET.test(from)) find(lint, 'LINT_HOST_SOCKET', at, `${from} is the socket of a service of the host`, { why });
  else if (isWhole || SECRETS.test(from))
    find(lint, 'LINT_HOST_PATH', at, `${from} of the host holds more than a workload needs`, { why });
  else if (isDelicate) find(lint, 'LINT_HOST_PATH', at, `${from} of the host can be changed from inside`, { why });
  const missing = (['nosuid', 'nodev'] as const).filter((flag) => !flags[flag]);
  if (missing.length > 0)
    find(lint, 'LINT_MOUNT_FLAGS', `${pointer}/flags`, `${to} is mounted without ${missing.join(' and ')}`, {
      fix: `add ${missing.map((flag) => `"${flag}"`).join(' and ')} to "flags"`,
      why,
    });
}

const SECRET_NAME =
  /(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PRIVATE|CREDENTIAL|COOKIE|API_?KEY|ACCESS_?KEY|SIGNING_?KEY)|(^|_)(PASS|PWD|AUTH|KEY)$/i;
const SERVICE_NAME =
  /^(SSH_AUTH_SOCK|DBUS_SESSION_BUS_ADDRESS|DOCKER_HOST|KUBECONFIG|GPG_AGENT_INFO|XAUTHORITY|AWS_.*|LD_PRELOAD|LD_LIBRARY_PATH)$/;
const isSecret = (name: string): boolean => name !== 'PWD' && (SECRET_NAME.test(name) || SERVICE_NAME.test(name));

function lintVariables(lint: Lint): void {
  const seen = new Set<string>();
  for (const grant of lint.policy.process.pass) {
    const pointer = ownPointer(lint, grant);
    for (const [index, name] of grant.names.entries()) {
      if (pointer !== undefined && isSecret(name))
        find(lint, 'LINT_SECRET_VARIABLE', `${pointer}/names/${index}`, `${name} of the caller is passed`, {
          why: grant.why,
        });
      if (pointer !== undefined && Object.hasOwn(lint.policy.process.set, name))
        find(lint, 'LINT_NO_EFFECT', `${pointer}/names/${index}`, `${name} is set, and so never passed`, {
          fix: 'remove the name, or the entry of "set"',
          why: grant.why,
        });
      if (pointer !== undefined && seen.has(name))
        find(lint, 'LINT_DEAD_RULE', `${pointer}/names/${index}`, `${name} is passed already`, {
          fix: 'remove the name',
          why: grant.why,
        });
      seen.add(name);
    }
  }
  for (const name of Object.keys(lint.layer.file.process?.env?.set ?? {}))
    if (isSecret(name))
      find(
        lint,
        'LINT_SECRET_VARIABLE',
        `/process/env/set/${name}`,
        `${name} is set here, for everyone who reads the policy`,
      );
}
