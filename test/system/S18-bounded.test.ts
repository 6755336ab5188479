/** S18: memory, processes and running time are bounded as the receipt says. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { settle } from '../support/belongings.js';
import { parseResults, type Result } from '../support/probe.js';
import { suite } from '../support/suite.js';
import { type SystemGround, type SystemRunOptions, systemGround } from '../support/system-ground.js';
import { controlsIn, latestRecords } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S18 bounded');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

/** How much the attempts take at most: beyond what strict gives, and little enough for a small machine. */
const WANTED = {
  PROBE_MAX_MB: '384',
  PROBE_MAX_FDS: '1500',
  PROBE_MAX_FILES: '4500',
  PROBE_MAX_PROCESSES: '96',
} as const;
const ASKING = Object.entries(WANTED).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
const FLAGS = ['--profile', 'strict', ...ASKING];

/** `N` of the probe's "N of M things". */
const amount = (result: Result | undefined): number =>
  Number(/^(\d+) of /.exec(result?.detail ?? '')?.[1] ?? Number.NaN);

/** What strict gives of each, and whether a user's session gives more. */
const BOUNDS: Readonly<Record<string, { readonly most: number; readonly least: number }>> = {
  'limits.memory': { most: 256, least: 100 },
  'limits.processes': { most: 64, least: 30 },
  'limits.descriptors': { most: 1024, least: 900 },
  'limits.files': { most: 4096, least: 4000 },
  'limits.scratch': { most: 64, least: 32 },
  'limits.dev-shm': { most: 16, least: 8 },
};

test.needs(needs, 'what strict gives is what can be taken, and outside there is more', () => {
  const probe = `probe --only ${Object.keys(BOUNDS).join(',')}`;
  const inside = parseResults(ground.inside(probe, { flags: FLAGS }));
  const outside = parseResults(
    ground.outside(`ulimit -n 4096; ${probe}`, { environment: { ...WANTED, TMPDIR: ground.user.home } }),
  );
  for (const [id, { most, least }] of Object.entries(BOUNDS)) {
    const got = amount(inside.get(id));
    assert.ok(got <= most && got >= least, `${id}: ${got}, between ${least} and ${most}`);
    assert.is(inside.get(id)?.verdict, 'denied', id);
    assert.is(outside.get(id)?.verdict, 'allowed', `${id} outside: ${outside.get(id)?.detail}`);
  }
});

test.needs(needs, 'no core file, no higher priority, and no limit can be raised', () => {
  assert.is(ground.inside('ulimit -Hc'), '0\n');
  const ids = ['process.prlimit-raise.nofile', 'process.prlimit-raise.nproc', 'process.setpriority'];
  for (const { id, verdict } of parseResults(ground.inside(`probe --only ${ids.join(',')}`)).values())
    assert.is(verdict, 'denied', id);
});

test.needs(needs, 'the receipt says which limits these are, and that no group stands behind them', () => {
  ground.inside('true');
  const controls = controlsIn(latestRecords(ground.user));
  const limits = controls.filter(({ control }) => control === 'resource-limits').map(({ effective }) => effective);
  for (const limit of ['core 0:0', 'nproc 64:64', 'nofile 1024:1024', `data ${1 << 28}:${1 << 28}`])
    assert.ok(limits.includes(limit), limit);
  const groups = controls.filter(({ control }) => control === 'cgroup');
  assert.ok(groups.length > 0);
  for (const { ok, effective } of groups) if (!ok) assert.match(effective, /resource limits stand for it/);
});

const timed = (time: string): SystemRunOptions => ({
  flags: [
    '--policy',
    ground.file(`time-${time}.json`, {
      apiVersion: 1,
      name: 'timed',
      version: '1.0.0',
      extends: { policy: 'strict' },
      resources: { time },
    }),
  ],
});

test.needs(needs, 'running time: ended at the limit, said so, and recorded', async () => {
  // Long enough for a shell to start on a busy machine.
  const { status, stdout, stderr } = ground.run(
    ['sh', '-c', "trap '' TERM INT HUP; echo up; while true; do sleep 1000.18; done"],
    timed('4s'),
  );
  assert.is(stdout.toString(), 'up\n');
  assert.is(status, 137, stderr);
  assert.match(stderr, /^sandbox: RUN_TIME_LIMIT: /m);
  assert.ok(latestRecords(ground.user).some(({ event }) => event === 'time_limit'));
  assert.equal(await settle(ground.user), []);
  assert.is(ground.inside('sleep 0.1; echo in time', timed('1m')), 'in time\n');
});

test.needs(needs, 'a size of 0 is next to nothing, and not no bound', () => {
  const policy = ground.file('no-memory.json', {
    apiVersion: 1,
    name: 'no-memory',
    version: '1.0.0',
    extends: { policy: 'strict' },
    filesystem: { shmSize: '0' },
  });
  const write = 'head -c 65536 /dev/zero >/dev/shm/file; echo $?; head -c 65536 /dev/zero >/tmp/file; echo $?';
  assert.is(ground.inside(`{ ${write}; } 2>/dev/null`, { flags: ['--policy', policy] }), '1\n0\n');
});

const hierarchies = ['memory', 'pids'].map((name) => `/sys/fs/cgroup/${name}`);
const isWritable = hierarchies.every((folder) => spawnSync('test', ['-w', `${folder}/cgroup.procs`]).status === 0);
const needsGroups = process.getuid?.() === 0 && isWritable ? needs : 'root and version 1 control groups';

test.needs(needsGroups, 'with a group, shared memory and processes are bounded for the run as a whole', async () => {
  const { user } = ground;
  const groups = hierarchies.map((folder) => `${folder}/sandbox-${user.uid}`);
  for (const group of groups) {
    assert.is(spawnSync('mkdir', [group]).status, 0);
    spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, group]);
  }
  try {
    const probe = 'probe --only limits.memory-shared; echo after';
    const bounded = ground.run(['sh', '-c', probe], { flags: FLAGS });
    const cgroup = controlsIn(latestRecords(user)).filter(({ control }) => control === 'cgroup');
    assert.ok(cgroup.length > 0 && cgroup.every(({ ok }) => ok), JSON.stringify(cgroup));
    const got = amount(parseResults(bounded.stdout.toString().replace('after\n', '')).get('limits.memory-shared'));
    assert.ok(!(got > 256), `${got} MB of shared memory`);
    const outside = parseResults(ground.outside('probe --only limits.memory-shared', { environment: WANTED }));
    assert.is(outside.get('limits.memory-shared')?.verdict, 'allowed');
    assert.equal(await settle(user), []);
    for (const group of groups)
      assert.equal(
        readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
        [],
        group,
      );
  } finally {
    for (const group of groups) spawnSync('rmdir', [group]);
  }
});

test.run();
