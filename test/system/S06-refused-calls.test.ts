/** S06: a call that the policy does not allow is refused, whichever way it is made. */
import * as assert from 'uvu/assert';
import { parseResults } from '../support/probe.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { attemptsIn, latestRecords, type TrailRecord } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S06 refused calls');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

/** Attempts that anyone may make outside, and how the filter must have seen them. */
const WAYS: Readonly<Record<string, readonly Way[]>> = {
  'by its number': [
    { id: 'ns.unshare.user', call: 'unshare', architecture: 'x86_64' },
    { id: 'ns.unshare.nothing', call: 'unshare', architecture: 'x86_64' },
    { id: 'process.ptrace.attach', call: 'ptrace', architecture: 'x86_64' },
    { id: 'kernel.keyctl.session', call: 'keyctl', architecture: 'x86_64' },
    { id: 'kernel.personality.no-randomize', call: 'personality', architecture: 'x86_64' },
  ],
  'with garbage in the upper half of an argument': [
    { id: 'ns.unshare.high-bits', call: 'unshare', architecture: 'x86_64' },
    { id: 'tty.tiocsti-garbage', call: 'ioctl', architecture: 'x86_64' },
  ],
  'with a number of more than 32 bits': [
    { id: 'abi.high-bits.unshare', call: 'unshare', architecture: 'x86_64' },
    { id: 'abi.high-bits.setns', call: 'setns', architecture: 'x86_64' },
  ],
  'through the 32-bit interface': [
    { id: 'abi.int80.getpid', call: 'getpid', architecture: 'i386' },
    { id: 'abi.int80.unshare', call: 'unshare', architecture: 'i386' },
    { id: 'abi.int80.socketcall', call: 'socketcall', architecture: 'i386' },
  ],
};
type Way = { readonly id: string; readonly call: string; readonly architecture: string };

for (const [way, attempts] of Object.entries(WAYS)) {
  test.needs(needs, `${way}: refused inside, and answered by the kernel outside`, () => {
    const probe = `probe --only ${attempts.map(({ id }) => id).join(',')}`;
    const outside = parseResults(ground.outside(probe));
    const inside = parseResults(ground.inside(probe));
    const records = attemptsIn(latestRecords(ground.user));
    for (const { id, call, architecture } of attempts) {
      assert.is(outside.get(id)?.verdict, 'allowed', `${id} outside`);
      assert.is(inside.get(id)?.verdict, 'denied', `${id} inside`);
      const found = records.find((one) => one.call === call && one.architecture === architecture);
      assert.ok(found, `${id}: a record of ${call} as ${architecture}`);
      assert.is(found.verdict, 'denied');
    }
  });
}

test.needs(needs, 'through the x32 interface: told apart from the 64-bit call of the same number', () => {
  const ids = ['abi.x32.getpid', 'abi.x32.unshare', 'abi.x32.execve'];
  const inside = parseResults(ground.inside(`probe --only ${ids.join(',')}`));
  const records = attemptsIn(latestRecords(ground.user)).filter(({ architecture }) => architecture === 'x32');
  // Most kernels have no x32: outside this proves nothing, and the record is what shows that the filter saw it.
  for (const id of ids) assert.ok(['denied', 'unsupported'].includes(inside.get(id)?.verdict ?? ''), id);
  assert.equal(records.map(({ call }) => call).sort(), ['execve', 'getpid', 'unshare']);
  for (const { number, errno } of records) {
    assert.ok(((number ?? 0) & 0x4000_0000) !== 0, 'with its bit');
    assert.is(errno, 'ENOSYS');
  }
});

test.needs(needs, 'a call that nobody knows is answered ENOSYS, and recorded by its number', () => {
  const inside = parseResults(ground.inside('probe --only kernel.unknown'));
  assert.is(inside.get('kernel.unknown')?.errno, 'ENOSYS');
  const found = attemptsIn(latestRecords(ground.user)).find(({ number }) => number === 600);
  assert.is(found?.call, null);
  assert.is(found?.rule, 'strict.json#/syscalls/onUnknown');
});

test.needs(needs, 'a further filter of its own takes nothing from ours', () => {
  const inside = parseResults(
    ground.inside('probe --only seccomp.filter,seccomp.relax,seccomp.listener,seccomp.disable'),
  );
  const verdicts = [...inside.values()].map(({ id, verdict }) => `${id} ${verdict}`).sort();
  assert.equal(verdicts, [
    'seccomp.disable denied',
    'seccomp.filter allowed',
    'seccomp.listener denied',
    'seccomp.relax denied',
  ]);
  const tightened = attemptsIn(latestRecords(ground.user)).filter(({ verdict }) => verdict === 'continued');
  assert.ok(
    tightened.some(({ call }) => call === 'seccomp'),
    'its own filter is recorded',
  );
});

test.needs(needs, 'a call is refused in children, in threads of the shell, and after exec alike', () => {
  const script = "tiny_workload refuse 1; sh -c 'tiny_workload refuse 1 & wait'; (exec tiny_workload refuse 1)";
  assert.is(ground.inside(script), '1\n1\n1\n');
  const mounts = attemptsIn(latestRecords(ground.user)).filter((one: TrailRecord) => one.call === 'mount');
  assert.is(mounts.length, 3);
  assert.is(new Set(mounts.map(({ inner_pid: pid }) => pid)).size, 3, 'each with its process');
});

test.run();
