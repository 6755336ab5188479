/** What users see when something is not as it should be: a clear line or two, a stable code, the status, no debris. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ownEverything, settle } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { runsOf } from '../support/trail-records.js';
import { type Outcome, userRequirement } from '../support/user.js';

const test = suite('what users see');
const needs = userRequirement({ subordinateIds: true });
const needsRoot = process.getuid?.() === 0 ? needs : 'root, to mount a small disk';
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

type Expected = {
  readonly status: number;
  readonly code: string;
  /** Words that must be in it. */
  readonly says?: readonly RegExp[];
  readonly hint?: RegExp;
};

/** At most these lines: what, why, what to do. */
const MOST_LINES = 3;
const STACK_TRACE = /\bat (async |new |Object|file:|node:|[\w.<>]+ \()/;

function assertTold({ status, stdout, stderr }: Outcome, expected: Expected): void {
  assert.is(status, expected.status, stderr);
  assert.is(stdout.toString(), '');
  const lines = stderr
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('sandbox: warning: '));
  assert.match(lines[0] ?? '', new RegExp(`^sandbox: ${expected.code}: \\S`), stderr);
  assert.ok(lines.length <= MOST_LINES, stderr);
  for (const line of lines.slice(1)) assert.match(line, /^ {2}(why: |to do: |\S+:\d+: \/)/, stderr);
  for (const words of expected.says ?? []) assert.match(stderr, words);
  if (expected.hint !== undefined)
    assert.match(lines.find((line) => line.startsWith('  to do: ')) ?? '', expected.hint);
  assert.not.match(stderr, STACK_TRACE);
  assert.is(stderr.replace(/(?!\n)\p{Cc}/gu, ''), stderr, 'nothing in it acts on a terminal');
}

type Case = Expected & { readonly words: () => readonly string[] };
const strict = (...words: string[]): readonly string[] => ['run', '--profile', 'strict', ...words];

const CASES: Readonly<Record<string, Case>> = {
  'no image': { words: () => ['run'], status: 125, code: 'USAGE_INVALID', says: [/image/], hint: /--help/ },
  'an unknown profile': {
    words: () => ['run', '--profile', 'strct', ground.image],
    status: 125,
    code: 'POLICY_PROFILE_UNKNOWN',
    hint: /did you mean "strict"\?/,
  },
  'a policy file as a profile': {
    words: () => ['run', '--profile', './mine.json', ground.image],
    status: 125,
    code: 'POLICY_PROFILE_UNKNOWN',
    hint: /given with --policy/,
  },
  'a policy with a misspelt key': {
    words: () => {
      const file = { apiVersion: 1, name: 'mine', version: '1.0.0', extends: { policy: 'strict' }, filesytem: {} };
      return ['run', '--policy', ground.file('misspelt.json', file), ground.image];
    },
    status: 125,
    code: 'POLICY_INVALID',
    says: [/misspelt\.json:8: \/filesytem: unknown key "filesytem" \(did you mean "filesystem"\?\)/],
  },
  'a policy that is not there': {
    words: () => ['run', '--policy', '/nowhere.json', ground.image],
    status: 125,
    code: 'POLICY_NOT_FOUND',
    says: [/\/nowhere\.json/],
  },
  'profile and policy': {
    words: () => ['run', '--profile', 'strict', '--policy', 'x.json', ground.image],
    status: 125,
    code: 'RUN_OPTION_INVALID',
  },
  'an image that is not there': {
    words: () => strict('oci:/nowhere'),
    status: 125,
    code: 'IMAGE_NOT_FOUND',
    says: [/\/nowhere/],
  },
  'a tag that is not there': {
    words: () => strict(ground.image.replace(/:tools$/, ':tolls')),
    status: 125,
    code: 'IMAGE_NOT_FOUND',
    says: [/"tolls"/],
    hint: /:tools/,
  },
  'an image that the user may not read': {
    words: () => {
      const image = ground.withTools('closed', { layers: [] });
      chmodSync(join(image.slice(4), 'index.json'), 0o000);
      return strict(image);
    },
    status: 125,
    code: 'IMAGE_NOT_FOUND',
    says: [/cannot be read/, /index\.json/],
  },
  'an image of a registry': {
    words: () => strict('registry.example/team/nginx'),
    status: 125,
    code: 'IMAGE_TRANSPORT_UNSUPPORTED',
    hint: /skopeo copy/,
  },
  'a command that the image does not have': {
    words: () => strict(ground.image, 'nothing-like-it'),
    status: 127,
    code: 'COMMAND_NOT_FOUND',
    says: [/nothing-like-it/],
  },
  'a path that the image does not have': {
    words: () => strict(ground.image, '/opt/app/start'),
    status: 127,
    code: 'COMMAND_NOT_FOUND',
  },
  'a command that cannot be executed': {
    words: () => strict(ground.image, '/etc/passwd'),
    status: 126,
    code: 'COMMAND_NOT_EXECUTABLE',
    says: [/\/etc\/passwd/],
  },
  'a folder as the command': { words: () => strict(ground.image, '/etc'), status: 126, code: 'COMMAND_NOT_EXECUTABLE' },
  'an option that there is not': {
    words: () => ['run', '--privileged', ground.image],
    status: 125,
    code: 'USAGE_INVALID',
    says: [/--privileged/],
    hint: /--help/,
  },
  'an option without its value': { words: () => ['run', '--profile'], status: 125, code: 'USAGE_INVALID' },
  'a command of ours that there is not': { words: () => ['rum'], status: 125, code: 'USAGE_INVALID', says: [/'rum'/] },
  'a network mode of a later release': {
    words: () => strict('--network', 'bridge', ground.image),
    status: 125,
    code: 'RUN_OPTION_LATER',
    says: [/bridge/],
    hint: /--network none/,
  },
  'a policy with such a network mode': {
    words: () => {
      const file = { apiVersion: 1, name: 'net', version: '1.0.0', extends: { policy: 'strict' } };
      return ['run', '--policy', ground.file('net.json', { ...file, network: { mode: 'outbound' } }), ground.image];
    },
    status: 125,
    code: 'POLICY_\\w+',
    says: [/network/],
  },
  'a variable that is none': {
    words: () => strict('-e', '1=2', ground.image),
    status: 125,
    code: 'RUN_OPTION_INVALID',
  },
  'a user that is none': { words: () => strict('-u', 'me', ground.image), status: 125, code: 'RUN_OPTION_INVALID' },
  'a user outside of the ids': {
    words: () => strict('-u', '4000000', ground.image),
    status: 125,
    code: 'LAUNCH_ID_UNMAPPED',
  },
};

for (const [what, { words, ...expected }] of Object.entries(CASES)) {
  test.needs(needs, `${what}: ${expected.code}, ${expected.status}`, async () => {
    assertTold(ground.sandbox(words()), expected);
    assert.equal(await settle(ground.user), []);
  });
}

test.needs(needs, '--json tells the same as data, wherever the failure is met', () => {
  for (const what of ['no image', 'an unknown profile', 'a command that the image does not have'] as const) {
    const { words, status, code } = CASES[what] ?? { words: () => [], status: 0, code: '' };
    const [run = '', ...rest] = words();
    const ended = ground.sandbox([run, '--json', ...rest]);
    assert.is(ended.status, status);
    const objects = ended.stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { error?: { code: string } });
    assert.is(objects.at(-1)?.error?.code, code, what);
  }
});

test.needs(needs, 'every command has help, with examples where it does much', () => {
  for (const words of [['--help'], ['run', '--help'], ['image', '--help'], ['audit', '--help'], ['policy', '--help']]) {
    const { status, stdout, stderr } = ground.sandbox(words);
    assert.is(status, 0);
    assert.is(stderr, '');
    assert.match(stdout.toString(), /^Usage: sandbox/);
    assert.not.match(stdout.toString(), /\(default: \[\]\)/);
  }
  assert.match(ground.sandbox(['run', '--help']).stdout.toString(), /Examples:\n {2}sandbox run .*oci:/);
});

test.needs(needs, 'names that an image chose are told so that they harm no terminal', () => {
  const evil = '\u001b]0;owned\u0007\u001b[2Jname\nsandbox: OK: trust me\u202e';
  const images = [
    { config: { Entrypoint: [evil] }, status: 127, code: 'COMMAND_NOT_FOUND' },
    { config: { User: evil }, status: 125, code: 'IMAGE_USER_UNKNOWN' },
    { config: { WorkingDir: `/bin/busybox/${evil}` }, status: 125, code: 'LAUNCH_WORKING_DIRECTORY' },
  ];
  for (const [index, { config, status, code }] of images.entries()) {
    const image = ground.withTools(`evil-${index}`, { layers: [], config });
    const ended = ground.run([], { image });
    assert.is(ended.status, status, ended.stderr);
    assert.match(ended.stderr, new RegExp(`^sandbox: ${code}: `));
    assert.is(ended.stderr.replace(/(?!\n)\p{Cc}|\u202e/gu, ''), ended.stderr);
    assert.not.match(ended.stderr, /^sandbox: OK/m, 'no line of ours is forged');
  }
});

test.needs(needs, 'the second run of an image unpacks nothing and says nothing', () => {
  const image = ground.withTools('twice', { layers: [[{ name: 'marker', data: 'twice\n' }]] });
  const store = join(ground.user.home, '.local/share/sandbox/layers');
  const layers = () => ground.outside(`cd ${store}; for l in */*/fs; do stat -c '%n %i %Z' $l; done`);
  const first = ground.run(['cat', '/marker'], { image });
  const unpacked = layers();
  const second = ground.run(['cat', '/marker'], { image });
  for (const { status, stdout, stderr } of [first, second]) {
    assert.is(status, 0, stderr);
    assert.is(stdout.toString(), 'twice\n');
  }
  assert.is(layers(), unpacked);
});

const BIG = 96 * 1024 * 1024;

/** A disk of the user's of so many MB, mounted while `work` runs. */
function withDisk(name: string, megabytes: number, work: (folder: string) => void): void {
  const folder = join(ground.user.home, name);
  mkdirSync(folder);
  const options = `size=${megabytes}m,mode=0700,uid=${ground.user.uid},gid=${ground.user.gid}`;
  assert.is(spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status, 0);
  try {
    work(folder);
  } finally {
    assert.is(spawnSync('umount', [folder]).status, 0, 'nothing holds the disk');
  }
}

test.needs(needsRoot, 'a disk that is full while unpacking: a line or two, 125, and the space is free again', () => {
  withDisk('disk', 32, (folder) => {
    const image = ground.withTools('large', { layers: [[{ name: 'large', data: Buffer.alloc(BIG, 'y') }]] });
    const ended = ground.run(['echo', 'ran'], { image, environment: { XDG_DATA_HOME: folder } });
    assertTold(ended, { status: 125, code: 'STORE_FULL', says: [new RegExp(folder)] });
    const all = readdirSync(join(folder, 'sandbox'), { recursive: true, encoding: 'utf8' });
    const halfMade = all.filter((path) => /tmp-|\.new$|\.lock$/.test(path));
    assert.equal(halfMade, []);
    const other = ground.run(['echo', 'ran'], { environment: { XDG_DATA_HOME: folder } });
    assert.is(other.stdout.toString(), 'ran\n', 'a smaller image fits');
  });
});

test.needs(needsRoot, 'no room for the trail: 125, and nothing runs', () => {
  withDisk('state', 1, (folder) => {
    const environment = { XDG_STATE_HOME: folder };
    mkdirSync(join(folder, 'sandbox'), { mode: 0o700 });
    ownEverything(ground.user, join(folder, 'sandbox'));
    spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'full')}`, 'bs=64k']);
    spawnSync('sh', ['-c', `while echo x >>${join(folder, 'full')}; do :; done 2>/dev/null`]);
    const ended = ground.run(['echo', 'ran'], { environment });
    assertTold(ended, { status: 125, code: '(RUN_STATE_UNUSABLE|LAUNCH_TRAIL)', says: [/space/] });
  });
});

test.needs(needs, 'a state folder that cannot be written: 125, and nothing runs', () => {
  const ended = ground.run(['echo', 'ran'], { environment: { XDG_STATE_HOME: '/usr' } });
  assertTold(ended, { status: 125, code: 'RUN_STATE_UNUSABLE', hint: /XDG_STATE_HOME/ });
});

test.needs(needs, 'no run that was refused is in the trail as one that ran', () => {
  for (const run of runsOf(ground.user)) {
    const trail = readFileSync(join(ground.user.home, '.local/state/sandbox/runs', run, 'trail.jsonl'), 'utf8');
    assert.match(trail.trimEnd().split('\n').at(-1) ?? '', /"kind":"closed"/, run);
  }
});

test.run();
