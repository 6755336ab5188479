/** A kept plan saves the control plane, and is used only while nothing that it came from has changed. */
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, type SystemRunOptions, systemGround } from '../support/system-ground.js';
import { runsOf, stateOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('kept plans');
const needs = userRequirement({ subordinateIds: true });
const needsRoot = process.getuid?.() === 0 ? needs : 'root, to give files away';
/** Without Node the control plane cannot be started: what runs then came from a kept plan. */
const NO_NODE = { PATH: '/nowhere' };
let ground: SystemGround;
let policy: string;
let OPTIONS: SystemRunOptions;

test.before(() => {
  if (needs !== undefined) return;
  ground = systemGround();
  policy = ground.file('mine.json', { apiVersion: 1, name: 'mine', version: '1.0.0', extends: { policy: 'strict' } });
  OPTIONS = { flags: ['--policy', policy] };
});
test.after(() => ground?.remove());

const plans = (): string => join(stateOf(ground.user), 'plans');
const keptFiles = (ending: string): readonly string[] =>
  readdirSync(plans())
    .filter((name) => name.endsWith(ending))
    .map((name) => join(plans(), name));

/** Whether the command ran without the control plane. */
function runsWarm(options: SystemRunOptions = OPTIONS): boolean {
  const { status, stdout, stderr } = ground.run(['echo', 'ran'], {
    ...options,
    environment: { ...options.environment, ...NO_NODE },
  });
  if (status === 0) assert.is(stdout.toString(), 'ran\n');
  else assert.match(stderr, /^sandbox: NODE_MISSING: /);
  return status === 0;
}

/** Runs until the plan is kept: what changed a moment ago is looked at once more. */
function warmUp(options: SystemRunOptions = OPTIONS): void {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const { status, stdout, stderr } = ground.run(['echo', 'ran'], options);
    assert.is(status, 0, stderr);
    assert.is(stdout.toString(), 'ran\n');
    if (runsWarm(options)) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
  }
  throw new Error('no plan was kept');
}

test.needs(needs, 'the second run needs no Node, whatever the command', () => {
  warmUp();
  const run = (command: readonly string[]) => ground.run(command, { ...OPTIONS, environment: NO_NODE });
  assert.is(run(['sh', '-c', 'echo other; exit 4']).status, 4);
  assert.is(run(['--', 'echo', '--help']).stdout.toString(), '--help\n', '-- right after the image is dropped');
  assert.is(run(['nothing-like-it']).status, 127);
  assert.is(run([]).status, 0, "the image's own command");
});

const hierarchies = ['memory', 'pids', 'cpu'].map((name) => `/sys/fs/cgroup/${name}`);
const hasGroups = hierarchies.every((folder) => existsSync(join(folder, 'cgroup.procs')));
const needsGroups = hasGroups ? needsRoot : 'control groups of version 1';

test.needs(needsGroups, 'control groups that an administrator prepares, gives away or removes', () => {
  const groups = hierarchies.map((folder) => join(folder, `sandbox-${ground.user.uid}`));
  warmUp();
  for (const group of groups) mkdirSync(group);
  try {
    assert.is(runsWarm(), false, 'made');
    warmUp();
    for (const group of groups) {
      chownSync(group, ground.user.uid, ground.user.gid);
      chownSync(join(group, 'cgroup.procs'), ground.user.uid, ground.user.gid);
    }
    assert.is(runsWarm(), false, 'given away');
    warmUp();
    assert.ok(runsWarm(), 'the groups of runs do not count');
  } finally {
    for (const group of groups) rmdirSync(group);
  }
  assert.is(runsWarm(), false, 'removed');
  warmUp();
});

test.needs(needs, 'each run from a kept plan is a run of its own in the trail', () => {
  const before = runsOf(ground.user).length;
  assert.ok(runsWarm() && runsWarm());
  assert.is(runsOf(ground.user).length, before + 2);
  assert.is(ground.sandbox(['audit', 'verify']).status, 0);
});

const touch = (path: string): void => utimesSync(path, new Date(), new Date());
const layoutOf = (): string => ground.image.replace(/^oci:/, '').replace(/:tools$/, '');
const config = (): string => join(ground.user.home, '.config/sandbox');

/** What a plan comes from, and a change of it. */
const CHANGES: Readonly<Record<string, () => void>> = {
  'the policy, only touched': () => touch(policy),
  'the policy, rewritten': () => writeFileSync(policy, `${readFileSync(policy, 'utf8')}\n`),
  'the policy that it extends': () => touch(join(ground.product.folder, 'profiles/strict.json')),
  'the trust policy': () => appendFileSync(join(config(), 'trust.json'), '\n'),
  'a key that it names': () => appendFileSync(join(config(), 'release.pub'), '\n'),
  "the image's index": () => touch(join(layoutOf(), 'index.json')),
  'a layer of the image': () => {
    const layers = readdirSync(join(layoutOf(), 'blobs/sha256')).map((name) => join(layoutOf(), 'blobs/sha256', name));
    for (const layer of layers) touch(layer);
  },
  'the product': () => touch(join(ground.product.folder, 'build/native/launcher')),
  'the control plane': () => touch(join(ground.product.folder, 'build/src/cli/main.js')),
  'the unpacked layers': () => assert.is(ground.sandbox(['reset']).status, 0),
};

for (const [what, change] of Object.entries(CHANGES)) {
  test.needs(needs, `${what} changed: looked at again, and kept again`, () => {
    warmUp();
    change();
    assert.not.ok(runsWarm());
    warmUp();
  });
}

test.needs(needs, 'a policy that was made tighter holds from the next run on', () => {
  warmUp();
  const look = ['sh', '-c', 'ulimit -n'];
  assert.is(ground.run(look, OPTIONS).stdout.toString(), '1024\n');
  const file = JSON.parse(readFileSync(policy, 'utf8')) as object;
  writeFileSync(policy, JSON.stringify({ ...file, process: { rlimits: { nofile: 64 } } }));
  assert.is(ground.run(look, OPTIONS).stdout.toString(), '64\n');
});

test.needs(needs, 'another working directory, store or configuration is another matter', () => {
  warmUp();
  assert.not.ok(runsWarm({ ...OPTIONS, workingDirectory: '/' }));
  for (const name of ['XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'HOME'])
    assert.not.ok(runsWarm({ ...OPTIONS, environment: { [name]: join(ground.user.home, 'tmp') } }), name);
  assert.ok(runsWarm());
});

test.needs(needs, 'words in another order, or more of them, are other words', () => {
  warmUp();
  assert.not.ok(runsWarm({ flags: ['--policy', policy, '--hostname', 'other'] }));
  assert.not.ok(runsWarm({ flags: ['--policy', policy, '--env', 'A=1'] }));
  assert.not.ok(runsWarm({ flags: ['--profile', 'strict'] }));
});

test.needs(needs, 'what has to be looked at each time is never kept', () => {
  const unsigned = ground.layout('unsigned', [{ layers: [[]] }]);
  const trials: readonly SystemRunOptions[] = [
    { flags: ['--policy', policy, '-e', 'NAME'], environment: { NAME: 'value' } },
    { flags: ['--profile', 'strict', '--allow-unsigned'], image: unsigned },
  ];
  for (const options of trials) {
    for (let time = 0; time < 2; time += 1) ground.run(['echo', 'ran'], options);
    assert.not.ok(runsWarm(options), options.flags?.join(' '));
  }
});

test.needs(needs, 'a plan is not kept for longer than an hour, nor used after its time', () => {
  warmUp();
  for (const file of keptFiles('.inputs')) {
    const [head = '', ...rest] = readFileSync(file, 'utf8').split('\n');
    const until = Number(head.split(' ')[2]);
    assert.ok(until * 1000 <= Date.now() + 3_600_000, head);
    writeFileSync(file, [head.replace(String(until), String(Math.floor(Date.now() / 1000) - 1)), ...rest].join('\n'));
  }
  assert.not.ok(runsWarm());
});

function each(ending: string, change: (file: string) => void): void {
  for (const file of keptFiles(ending)) change(file);
}
const garbage = (length: number): Buffer => Buffer.alloc(length, 'garbage');
/** What may befall the files that hold kept plans. */
const SPOILT: Readonly<Record<string, () => void>> = {
  'plans cut off': () => each('.plan', (file) => truncateSync(file, 100)),
  'plans emptied': () => each('.plan', (file) => truncateSync(file, 0)),
  'plans overwritten': () => each('.plan', (file) => writeFileSync(file, garbage(readFileSync(file).length))),
  'one byte of the plans changed': () =>
    each('.plan', (file) => {
      const bytes = readFileSync(file);
      bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1;
      writeFileSync(file, bytes);
    }),
  'lists of inputs overwritten': () => each('.inputs', (file) => writeFileSync(file, garbage(5000))),
  'lists of inputs emptied': () => each('.inputs', (file) => truncateSync(file, 0)),
  'plans replaced by links': () =>
    each('.plan', (file) => {
      renameSync(file, `${file}.away`);
      symlinkSync(`${file}.away`, file);
    }),
  'plans readable by others': () => each('.plan', (file) => chmodSync(file, 0o644)),
  'folders in the place of plans': () =>
    each('.plan', (file) => {
      rmSync(file);
      mkdirSync(file);
    }),
};

for (const [what, spoil] of Object.entries(SPOILT)) {
  test.needs(needs, `${what}: ignored`, () => {
    warmUp();
    spoil();
    assert.not.ok(runsWarm());
    assert.is(ground.run(['echo', 'ran'], OPTIONS).stdout.toString(), 'ran\n', 'with Node it runs all the same');
    rmSync(plans(), { recursive: true });
  });
}

test.needs(needsRoot, 'plans of somebody else: ignored', () => {
  for (const path of [() => keptFiles('.plan'), () => keptFiles('.inputs'), () => [plans()]]) {
    warmUp();
    for (const file of path()) chownSync(file, 65534, 65534);
    assert.not.ok(runsWarm());
    rmSync(plans(), { recursive: true });
  }
});

test.needs(needs, 'a plan in the place of another: ignored', () => {
  warmUp();
  const looser = { flags: ['--profile', 'strict'] };
  warmUp(looser);
  const [one = '', other = ''] = keptFiles('.plan');
  renameSync(one, `${one}.x`);
  renameSync(other, one);
  renameSync(`${one}.x`, other);
  assert.not.ok(runsWarm() || runsWarm(looser));
});

test.run();
