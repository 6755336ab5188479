/** S15: no descriptor, no environment and no way to the launcher's own program comes in. */
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { digestOf } from '../../src/base/digest.js';
import { parseResults } from '../support/probe.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import type { TarEntry } from '../support/tar.js';
import { userRequirement } from '../support/user.js';

const test = suite('S15 nothing inherited');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
/** Starts a command with a file of the host at descriptors 5 and 9, and a folder at 7. */
const withDescriptors = (secret: string, command: readonly string[]): readonly string[] => [
  ...['sh', '-c', `exec 5<${secret} 7</ 9>>${secret}; exec "$@"`, 'sh'],
  ...command,
];

test.needs(needs, 'descriptors that were open are not, on the first run and on one from a kept plan', () => {
  const secret = join(ground.user.home, 'secret');
  ground.outside(`echo "of the caller" >${secret}`);
  const look = 'cd /proc/self/fd; for n in *; do readlink $n || echo gone; done; cat <&5; cat /proc/self/fd/9';
  const outside = ground.user.run(withDescriptors(secret, ['sh', '-c', look]));
  assert.match(outside.stdout.toString(), /of the caller/);
  for (const _ of ['first', 'kept']) {
    const words = [ground.product.program, ...ground.runWords(['sh', '-c', `(${look}) 2>/dev/null`])];
    const { stdout } = ground.user.run(withDescriptors(secret, words));
    assert.not.match(stdout.toString(), /of the caller/);
    for (const line of lines(stdout.toString()))
      assert.match(line, /^(pipe:\[\d+\]|\/dev\/null|\/proc\/\d+\/fd|gone)$/);
    const probe = [
      ground.product.program,
      ...ground.runWords(['probe', '--only', 'desc.inherited,desc.streams,desc.cwd']),
    ];
    const results = parseResults(ground.user.run(withDescriptors(secret, probe)).stdout.toString());
    assert.equal(
      [...results.values()].map(({ verdict }) => verdict),
      ['denied', 'denied', 'denied'],
    );
  }
});

test.needs(needs, 'standard input is not there without -i, and is with it', () => {
  assert.is(ground.run(['cat'], { input: 'typed\n' }).stdout.toString(), '');
  const flags = ['--profile', 'strict', '-i'];
  assert.is(ground.run(['cat'], { input: 'typed\n', flags }).stdout.toString(), 'typed\n');
});

const SECRETS = { API_TOKEN: 'hunter2-token', LD_PRELOAD: '/nowhere.so', DOCKER_HOST: 'tcp://x', NODE_OPTIONS: '' };

test.needs(needs, 'of the environment only what policy, image and options say comes in', () => {
  const environment = { ...SECRETS, LANG: 'C.UTF-8', TERM: 'vt100' };
  const look = 'cat /proc/self/environ | tr "\\0" "\\n" | sort';
  const outside = lines(ground.outside(look, { environment }));
  assert.ok(outside.includes('API_TOKEN=hunter2-token'));
  const inside = lines(ground.inside(look, { environment }));
  const expected = ['HOME=/', 'HOSTNAME=sandbox', 'LANG=C.UTF-8', 'PATH=/bin', 'TERM=vt100'];
  assert.equal(
    inside.filter((line) => !/^(SHLVL|PWD|OLDPWD|_)=/.test(line)),
    expected,
  );
  const again = lines(ground.inside(look, { environment: { ...environment, LANG: 'de_DE.UTF-8', TERM: 'xterm' } }));
  assert.ok(again.includes('LANG=de_DE.UTF-8') && again.includes('TERM=xterm'), 'also from a kept plan');
});

const SAY = 'echo "$API_TOKEN $GIVEN $ABSENT."';

test.needs(needs, '-e passes what it names and nothing else', () => {
  const flags = ['--profile', 'strict', '-e', 'API_TOKEN', '-e', 'GIVEN=here', '-e', 'ABSENT'];
  const first = ground.inside(SAY, { flags, environment: SECRETS });
  assert.is(first, 'hunter2-token here .\n');
  const other = { ...SECRETS, API_TOKEN: 'another', ABSENT: 'now here' };
  const second = ground.inside(SAY, { flags, environment: other });
  assert.is(second, 'another here now here.\n', "the caller's value of now, not of an earlier run");
});

const OF_INIT = ['environ', 'maps', 'mem', 'stack', 'syscall', 'auxv', 'io'];

test.needs(needs, 'pid 1, which is ours, can be neither read nor traced', () => {
  const reads = OF_INIT.map((name) => `head -c 1 /proc/1/${name} >/dev/null 2>&1 && echo read ${name}`);
  const links = ['exe', 'cwd', 'root', 'fd/0'].map(
    (name) => `readlink /proc/1/${name} >/dev/null && echo link ${name}`,
  );
  assert.is(ground.inside([...reads, ...links, 'ls /proc/1/fd 2>/dev/null', 'echo end'].join('; ')), 'end\n');
  const ids = ['process.ptrace.init', 'kernel.process_vm_readv.init', 'kernel.pidfd_getfd.init', 'process.kill-init'];
  for (const { id, verdict } of parseResults(ground.inside(`probe --only ${ids.join(',')}`)).values())
    assert.is(verdict, 'denied', id);
  assert.is(
    ground.outside(
      'sleep 9 & head -c 1 /proc/$!/environ >/dev/null && readlink /proc/$!/exe >/dev/null && echo own; kill $!',
    ),
    'own\n',
  );
});

/** Programs of an image that want to be the launcher's own file (CVE-2019-5736 and its kind). */
const REACHES: Readonly<
  Record<string, { readonly entries: readonly TarEntry[]; readonly config: Readonly<Record<string, unknown>> }>
> = {
  'an entrypoint that is /proc/self/exe': { entries: [], config: { Entrypoint: ['/proc/self/exe'] } },
  'a script whose interpreter is /proc/self/exe': {
    entries: [{ name: 'start', data: '#!/proc/self/exe\n', mode: 0o755 }],
    config: { Entrypoint: ['/start'] },
  },
  'a link to /proc/self/exe': {
    entries: [{ name: 'start', type: 'link', target: '/proc/self/exe' }],
    config: { Entrypoint: ['/start'] },
  },
  'a script whose interpreter is an open descriptor': {
    entries: [{ name: 'start', data: '#!/proc/self/fd/3\n', mode: 0o755 }],
    config: { Entrypoint: ['/start'] },
  },
};

for (const [what, { entries, config }] of Object.entries(REACHES)) {
  test.needs(needs, `${what}: does not run, and the launcher is as it was`, () => {
    const launcher = join(ground.product.folder, 'build/native/launcher');
    const before = digestOf(readFileSync(launcher));
    // As where the user who runs owns the installation: nothing but the sandbox keeps it from being written.
    chmodSync(launcher, 0o777);
    const image = ground.withTools(`reach-${Object.keys(REACHES).indexOf(what)}`, { layers: [entries], config });
    const { status, stdout, stderr } = ground.run([], { image });
    chmodSync(launcher, 0o755);
    assert.ok(status === 126 || status === 127, `${status} ${stderr}`);
    assert.is(stdout.toString(), '');
    assert.match(stderr, /^sandbox: COMMAND_NOT_(EXECUTABLE|FOUND): /m);
    assert.is(digestOf(readFileSync(launcher)), before);
  });
}

test.needs(needs, '/proc/self/exe of the workload is its own program, and no process has the launcher', () => {
  const look = 'readlink /proc/self/exe; for p in /proc/[0-9]*; do readlink $p/exe; done 2>/dev/null | sort -u';
  assert.equal(lines(ground.inside(look)), ['/bin/busybox', '/bin/busybox']);
});

test.run();
