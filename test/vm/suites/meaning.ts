/**
 * The same rules, enforced by AppArmor alone and by Landlock alone: each does to every operation what the
 * evaluation of test/apparmor says, which is held against the other there.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { profileText } from '../../../src/apparmor/profile.js';
import { ACCESS_WORDS, type AccessWord, type PathRule } from '../../../src/base/path-rules.js';
import { rulesetFor } from '../../../src/landlock/ruleset.js';
import type { CompiledPolicy } from '../../../src/policy/compiled.js';
import { allowedByProfile, allowedByRuleset, OPERATIONS } from '../../apparmor/file-rights.js';
import {
  GRANTED_PORT,
  SOCKET_OPERATIONS,
  type SocketOperation,
  socketAllowedByProfile,
  socketAllowedByRuleset,
} from '../../apparmor/socket-rights.js';
import { handPolicy } from '../../support/hand-policy.js';
import { launchGround } from '../../support/launch.js';
import { patient } from '../../support/patience.js';
import { suite } from '../../support/suite.js';

const test = suite('meaning');
const ground = launchGround({ subordinateIds: true });
const PROFILE = 'sandbox.meaning';

const SETS: readonly (readonly AccessWord[])[] = [
  ...ACCESS_WORDS.map((word) => [word]),
  ['create', 'write'],
  ['write', 'truncate'],
  ['create', 'remove'],
  ['read', 'create', 'remove'],
  ['read', 'create', 'remove', 'refer'],
  ACCESS_WORDS,
];
const nameOf = (words: readonly AccessWord[]): string => words.join('+');

/** What a shell does, in the folder `$d`, and of which operations on which of its paths that is made. */
const DEEDS: readonly { readonly script: string; readonly made: readonly (readonly [string, string])[] }[] = [
  { script: 'cat $d/file', made: [['read', 'file']] },
  { script: 'ls $d', made: [['list', '']] },
  { script: '$d/true', made: [['execute', 'true']] },
  { script: ': >>$d/file', made: [['write', 'file']] },
  {
    script: ': >$d/file',
    made: [
      ['write', 'file'],
      ['truncate', 'file'],
    ],
  },
  { script: 'ln -s x $d/link', made: [['symlink', 'link']] },
  { script: 'ln $d/file $d/hard', made: [['link within a folder', 'hard']] },
  { script: 'ln $d/file $d/sub/hard', made: [['link to another folder', 'sub/hard']] },
  { script: '$t name $d/socket', made: [['socket', 'socket']] },
  { script: 'mkdir $d/new', made: [['mkdir', 'new']] },
  { script: 'rmdir $d/empty', made: [['rmdir', 'empty']] },
  { script: 'mknod $d/fifo p', made: [['fifo', 'fifo']] },
  { script: 'rm $d/gone', made: [['unlink', 'gone']] },
  {
    script: 'mv $d/here $d/there',
    made: [
      ['move within a folder', 'here'],
      ['create', 'there'],
    ],
  },
  {
    script: 'mv $d/far $d/sub/far',
    made: [
      ['move to another folder', 'far'],
      ['create', 'sub/far'],
    ],
  },
];

const rules: readonly PathRule[] = [
  { path: '/shared/busybox', access: ['read', 'execute'] },
  { path: '/bin/tiny_workload', access: ['read', 'execute'] },
  { path: '/dev', access: ['read', 'write'] },
  ...SETS.map((words): PathRule => ({ path: `/shared/${nameOf(words)}`, access: words })),
];
const ports = { bind: [GRANTED_PORT], connect: [GRANTED_PORT] };
const { ruleset } = rulesetFor({ paths: rules, ports }, ground.host.landlockAbi);
const profile = profileText({ profileName: PROFILE, paths: rules, capabilities: [], sockets: ['unix', 'inet'] });

test('AppArmor alone does what its text says', () => {
  const file = join(ground.shared, '../profile');
  writeFileSync(file, profile.text);
  const loaded = spawnSync('/usr/sbin/apparmor_parser', ['--replace', '--skip-cache', file], { encoding: 'utf8' });
  assert.is(loaded.status, 0, loaded.stderr);
  const none = { handledFs: 0n, handledNet: 0n, scoped: 0n, rules: [] };
  compare(
    'apparmor',
    { landlock: none, apparmor: use({ kind: 'loaded' }), required: ['apparmor'] },
    (operation, path) => allowedByProfile(profile.text, operation, path),
    (operation) => socketAllowedByProfile(profile.text, operation),
  );
});

test('Landlock alone does what its bits say', () =>
  compare(
    'landlock',
    { landlock: ruleset, required: ['landlock'] },
    (operation, path) => allowedByRuleset(ruleset, operation, path),
    (operation) => socketAllowedByRuleset(ruleset, operation),
  ));

test.after(() => ground.remove());
test.run();

function use(how: CompiledPolicy['apparmor']['use']): CompiledPolicy['apparmor'] {
  return { profileName: PROFILE, text: profile.text, gaps: [], use: how };
}

function compare(
  mechanism: string,
  policy: Partial<CompiledPolicy>,
  isAllowed: (operation: (typeof OPERATIONS)[number], path: string) => boolean,
  isSocketAllowed: (operation: SocketOperation) => boolean,
): void {
  prepare();
  const words = ['/shared/busybox', 'sh', '-c', scriptOfAll()];
  const hand = handPolicy(ground.shared, ['execve']);
  const mounts = hand.mounts.map((mount) =>
    mount.kind === 'bind' ? { ...mount, flags: { ...mount.flags, noexec: false } } : mount,
  );
  const { command } = ground.plan([], { policy: { ...hand, ...policy, mounts }, overrides: { command: words } });
  const { status, stdout, stderr } = ground.user.run(command, { timeoutMs: patient(200_000) });
  assert.is(status, 0, stderr);
  const seen = stdout.toString().trimEnd().split('\n');
  const sockets = SOCKET_OPERATIONS.map((one) => `${one.name}: ${isSocketAllowed(one) ? 'allowed' : 'denied'}`);
  const files = SETS.flatMap((set) =>
    DEEDS.map(({ script, made }) => {
      const allowed = made.every(([name, below]) => {
        const operation = OPERATIONS.find((one) => one.name === name);
        const path = join('/shared', nameOf(set), below);
        return operation !== undefined && isAllowed(operation, path);
      });
      return `${nameOf(set)}: ${script}: ${allowed ? 'allowed' : 'denied'}`;
    }),
  );
  const wanted = [...files, ...sockets];
  assert.ok(wanted.some((line) => line.endsWith('allowed')) && wanted.some((line) => line.endsWith('denied')));
  assert.equal(seen, wanted, mechanism);
}

/** Everything as it was, belonging to the workload's user. */
function prepare(): void {
  const range = /^[^:]+:(\d+):/.exec(
    readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`${ground.user.name}:`)) ?? '',
  );
  const uid = Number(range?.[1]) + 65_534;
  spawnSync('rm', ['-rf', ...readdirSync(ground.shared).map((name) => join(ground.shared, name))]);
  copyFileSync('/bin/busybox', join(ground.shared, 'busybox'));
  for (const set of SETS) {
    const folder = join(ground.shared, nameOf(set));
    for (const name of ['', 'sub', 'empty']) mkdirSync(join(folder, name));
    for (const name of ['file', 'gone', 'here', 'far']) writeFileSync(join(folder, name), 'text\n');
    copyFileSync('/bin/busybox', join(folder, 'true'));
    for (const name of ['', ...readdirSync(folder)]) {
      chmodSync(join(folder, name), 0o777);
      chownSync(join(folder, name), uid, uid);
    }
  }
}

/** Without a fork where the shell can do without, and without a word of what failed. */
function scriptOfAll(): string {
  const files = DEEDS.map(({ script }) => trial(busybox(script), `$s: ${script.replaceAll('$', '\\$')}`));
  const sockets = SOCKET_OPERATIONS.map(({ name }) => trial(`$t ${name}`, name));
  const everySet = `for s in ${SETS.map(nameOf).join(' ')}; do d=/shared/$s; ${files.join('; ')}; done`;
  return `b=/shared/busybox; t=/bin/tiny_workload; ${everySet}; ${sockets.join('; ')}`;
}

const trial = (script: string, title: string): string =>
  `if (${script}) >/dev/null 2>&1; then echo "${title}: allowed"; else echo "${title}: denied"; fi`;

const busybox = (script: string): string => script.replace(/^(cat|ls|ln|mkdir|rmdir|mknod|rm|mv)\b/, '$b $1');
