/** What every shipped policy must keep, whoever edits it. */
import * as assert from 'uvu/assert';
import { allBits, bits, both } from '../../src/policy/conjunction.js';
import { EDITIONS, editionOf } from '../../src/policy/editions.js';
import { allowedCalls, permittedCalls, permittedNames } from '../../src/policy/effective.js';
import { allSyscalls } from '../../src/seccomp/syscalls.js';
import { suite } from '../support/suite.js';
import { shipped, shippedPolicy } from './shipped.js';

const test = suite('policy lint');

/** No workload of ours has a use for these that is worth what they open. */
const NEVER = [
  'mount umount2 pivot_root fsopen fsconfig fsmount fspick move_mount open_tree open_tree_attr mount_setattr',
  'ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise',
  'bpf perf_event_open userfaultfd add_key request_key keyctl',
  'init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl syslog',
  'unshare setns chroot open_by_handle_at name_to_handle_at fanotify_init',
  'io_uring_setup io_uring_enter io_uring_register clone3 openat2',
  'iopl ioperm modify_ldt settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname',
  'move_pages migrate_pages mbind remap_file_pages memfd_secret uselib ustat sysfs _sysctl nfsservctl',
].flatMap((line) => line.split(' '));
/** Calls with so many meanings that some are always too many. */
const ALWAYS_CONDITIONAL = ['ioctl', 'prctl', 'socket', 'setsockopt', 'clone', 'personality', 'prlimit64', 'seccomp'];
const MOST_CALLS: Readonly<Record<string, number>> = { strict: 200, default: 280 };

test('there are profiles and policies to hold', () => {
  assert.equal(shipped.map(({ name }) => name).slice(0, 3), ['compat', 'default', 'strict']);
  assert.ok(shipped.length >= 5);
});

for (const { name, ...policy } of shipped) {
  const { syscalls } = policy;
  test(`${name} never permits what no workload needs`, () => {
    assert.equal(
      NEVER.filter((call) => permittedCalls(syscalls, call).length > 0),
      [],
    );
  });
  test(`${name} permits calls of many meanings only with conditions`, () => {
    const unconditional = ALWAYS_CONDITIONAL.filter((call) =>
      permittedCalls(syscalls, call).some((w) => w.length === 0),
    );
    assert.equal(unconditional, []);
  });
  test(`${name} has a reason of its own for everything it grants`, () => {
    const { capabilities, pass } = policy.process;
    const { scratch, mounts, allow } = policy.filesystem;
    const { quiet, observe, forbid, answers } = syscalls;
    const grants = [capabilities, pass, scratch, mounts, allow, syscalls.allow, quiet, observe, forbid, answers].flat();
    assert.ok(grants.length > 20);
    for (const { why, rule } of grants) assert.ok(why.length >= 8, rule);
  });
  test(`${name} kills nobody: a probe of a well-behaved program gets an errno`, () => {
    assert.equal(
      syscalls.forbid.filter(({ action }) => action === 'kill-process'),
      [],
    );
  });
  test(`${name} permits no more calls than it may`, () => {
    assert.ok(permittedNames(syscalls).length <= (MOST_CALLS[name] ?? 400), String(permittedNames(syscalls).length));
  });
  test(`${name} asks for no network and requires what every sandbox has`, () => {
    assert.is(policy.network.mode, 'none');
    for (const control of ['seccomp', 'landlock', 'no-new-privileges', 'user-namespace', 'root'] as const)
      assert.is(policy.requires[control], 'required');
  });
}

for (const name of EDITIONS) {
  const edition = editionOf(name);
  test(`edition ${name} has 36 groups, and every call of x86-64 once`, () => {
    assert.ok(edition);
    if (edition === undefined) return;
    const grouped = [...edition.groups.values()].flat();
    assert.is(edition.groups.size, 36);
    assert.is(new Set(grouped).size, grouped.length, 'no call is in two groups');
    const calls = allSyscalls.map((call) => call.name);
    assert.equal(
      calls.filter((call) => !edition.known.has(call)),
      [],
      'every call is known',
    );
    assert.equal(
      [...edition.known].filter((call) => !calls.includes(call)),
      [],
      'and nothing else',
    );
  });
}

test('strict has no capability, and compat no more than its servers need', () => {
  const caps = (name: string): string[] =>
    (shipped.find((policy) => policy.name === name)?.process.capabilities ?? []).map(({ cap }) => cap);
  assert.equal(caps('strict'), []);
  assert.equal(caps('default'), []);
  assert.equal(caps('compat'), [
    'CAP_CHOWN',
    'CAP_DAC_OVERRIDE',
    'CAP_FOWNER',
    'CAP_SETGID',
    'CAP_SETUID',
    'CAP_KILL',
    'CAP_NET_BIND_SERVICE',
  ]);
});

test('strict lets no memory be writable and executable, and none become executable', () => {
  const { syscalls } = shippedPolicy('strict');
  const isAllowed = (call: string, protection: bigint): boolean =>
    allowedCalls(syscalls, call).some((when) => both(when, [bits(2, allBits(64), protection)]) !== undefined);
  assert.equal(
    [5n, 6n, 7n].map((protection) => isAllowed('mmap', protection)),
    [true, false, false],
  );
  for (const call of ['mprotect', 'pkey_mprotect'])
    assert.equal(
      [3n, 4n, 5n, 6n, 7n].map((protection) => isAllowed(call, protection)),
      [true, false, false, false, false],
    );
});

test.run();
