/** What calls are known to be used for against their host: the classes of audit/techniques.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../base/installation.js';
import type { Risk } from './answer.js';

type Techniques = {
  readonly classes: readonly {
    readonly class: string;
    readonly severity: string;
    readonly technique: string | null;
    readonly calls: readonly string[];
  }[];
};

/** Words for calls that open more than their class says. */
const WORDS: Readonly<Record<string, string>> = {
  bpf: 'loads programs into the kernel, whose verifier has been outwitted often',
  ptrace: 'reads and changes other processes of the same user',
  mount: 'changes what paths lead to, and brings parsers of file systems into reach',
  keyctl: 'the keys of the kernel are not all apart for each namespace',
  io_uring_setup: 'its operations are calls that no filter sees',
  userfaultfd: 'stops the kernel in the middle of a copy, which makes races easy to win',
  perf_event_open: 'measures the kernel, and has been a way into it',
  unshare: 'in a user namespace of its own a process has every capability over it',
  clone: 'with CLONE_NEW… flags: in a user namespace of its own a process has every capability over it',
  clone3: 'its flags lie in memory, where no filter can look',
  openat2: 'its flags and mode lie in memory, where no filter can look',
  setns: 'enters namespaces of others',
  ioctl: 'thousands of requests, each with code of its own in some driver',
  prctl: 'a hundred options, some of which take protections away',
  socket: 'each family of sockets has code of its own in the kernel, much of it seldom looked at',
  execveat: 'runs files that have no name',
  memfd_create: 'makes files without a name, which can be run where execveat or /proc is',
  kexec_load: 'puts another kernel in the place of this one',
  init_module: 'puts code into the kernel',
  finit_module: 'puts code into the kernel',
  process_vm_writev: 'changes the memory of other processes',
  pidfd_getfd: 'takes descriptors of other processes',
  open_by_handle_at: 'opens files of a file system by number, whatever is mounted where',
  chroot: 'makes another root, which is a way out of this one',
  modify_ldt: 'an old interface in which faults have stayed long',
};

let read: Techniques | undefined;

/** The file is the product's own and checked by its tests: it is read as it is. */
function techniques(): Techniques {
  read ??= JSON.parse(readFileSync(join(installationRoot, 'audit/techniques.json'), 'utf8')) as Techniques;
  return read;
}

/** What is known of `calls`; those that are in no class and no list of ours are left out. */
export function risksOf(calls: readonly string[]): Risk[] {
  const classes = techniques().classes.flatMap(({ class: what, severity, technique, calls: members }) => {
    const found = calls.filter((call) => members.includes(call));
    if (found.length === 0) return [];
    const words = found.flatMap((call) => (WORDS[call] === undefined ? [] : [`${call}: ${WORDS[call]}`]));
    return [{ calls: found, what: [what, ...words].join('; '), severity, technique }];
  });
  const classed = new Set(classes.flatMap((one) => one.calls));
  const others = calls.filter((call) => !classed.has(call) && WORDS[call] !== undefined);
  return [
    ...classes,
    ...others.map((call) => ({ calls: [call], what: WORDS[call] ?? '', severity: 'medium', technique: null })),
  ];
}
