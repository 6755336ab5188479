/** S02: no process of a sandbox has the host's user 0, nor, with subordinate ids, the invoking user's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseSubordinateIds } from '../../src/host/id-map.js';
import { outcomeOf, waitFor } from '../support/processes.js';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { controlsIn, latestRecords } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

const test = suite('S02 outer ids');
const needs = userRequirement({ subordinateIds: true });
const needsRoot = process.getuid?.() === 0 ? undefined : 'root';
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

type Ids = { readonly name: string; readonly ids: readonly number[]; readonly innerPid: number };
type Process = Ids & { readonly commandLine: string; readonly namespace: string };

const numbers = (text: string, field: string): number[] =>
  (new RegExp(`^${field}:(.*)$`, 'm').exec(text)?.[1] ?? '').trim().split(/\s+/).filter(Boolean).map(Number);

/** The processes in the pid namespace of the one whose command line has `mark`, as the host sees them. */
async function processesBeside(mark: string): Promise<readonly Ids[]> {
  const isInside = ({ innerPid, commandLine }: Process): boolean => innerPid > 0 && commandLine.startsWith(mark);
  const found = await waitFor(() => allProcesses().filter(isInside));
  const namespaces = new Set(found.map(({ namespace }) => namespace));
  return allProcesses().filter(({ namespace }) => namespaces.has(namespace));
}

function allProcesses(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/status`, 'utf8');
        const inner = numbers(text, 'NSpid').slice(1);
        return [
          {
            name: /^Name:\s+(.*)$/m.exec(text)?.[1] ?? '',
            ids: [...numbers(text, 'Uid'), ...numbers(text, 'Gid'), ...numbers(text, 'Groups')],
            innerPid: inner.at(-1) ?? 0,
            commandLine: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '),
            namespace: inner.length === 0 ? 'host' : readlinkSync(`/proc/${pid}/ns/pid`),
          },
        ];
      } catch {
        return [];
      }
    });
}

test.needs(needsRoot ?? needs, 'with subordinate ids every process inside has one of them', async () => {
  const child = ground.user.start([ground.product.program, ...ground.runWords(['sleep', '1000.02'])]);
  const inside = await processesBeside('sleep 1000.02');
  child.kill('SIGTERM');
  await outcomeOf(child);
  assert.equal(inside.map(({ innerPid }) => innerPid).sort(), [1, 2], 'init and the workload');
  const ranges = parseSubordinateIds(readFileSync('/etc/subuid', 'utf8'), ground.user);
  for (const { name, ids } of inside) {
    for (const id of ids) {
      assert.is.not(id, 0, name);
      assert.is.not(id, ground.user.uid, name);
      assert.ok(
        ranges.some(({ start, count }) => id >= start && id < start + count),
        `${name} has ${id}`,
      );
    }
  }
  const [init, workload] = inside.map(({ ids }) => ids[0]);
  assert.is.not(init, workload, 'init is nobody that the workload could trace');
});

test.needs(needsRoot, "root gets ids that are nobody else's", async () => {
  const home = mkdtempSync(join(tmpdir(), 'sandbox-root-'));
  const words = ['run', '--profile', 'strict', '--allow-unsigned', ground.image];
  const environment = { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home };
  const options = { env: environment, cwd: home, encoding: 'utf8' } as const;
  try {
    const { status, stdout, stderr } = spawnSync(
      ground.product.program,
      [...words, 'sh', '-c', 'cat /proc/self/uid_map /proc/self/gid_map; id -u; sleep 1.02'],
      options,
    );
    assert.is(status, 0, stderr);
    const [uids = '', gids = '', id] = stdout.trimEnd().split('\n');
    for (const map of [uids, gids]) {
      const [inner = 0, outer = 0, count = 0] = map.trim().split(/\s+/).map(Number);
      assert.is(inner, 0);
      assert.ok(outer >= 65_536, `${outer} is no id of the host`);
      assert.ok(count > 1);
    }
    assert.is(id, '65534');
  } finally {
    spawnSync(ground.product.program, ['reset'], options);
    rmSync(home, { recursive: true, force: true });
  }
});

test.needs(needsRoot ?? needs, "none of the invoking user's groups is taken inside", () => {
  const { user } = ground;
  const groups = ['--reuid', String(user.uid), '--regid', String(user.gid), '--groups', '4,24'];
  const start = (command: readonly string[]): string[] => {
    const { status, stdout, stderr } = spawnSync('setpriv', [...groups, ...command], {
      env: { ...user.environment },
      cwd: user.home,
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
    return stdout.trim().split(/\s+/);
  };
  const look = 'grep Groups: /proc/self/status';
  assert.equal(start(['sh', '-c', look]), ['Groups:', '4', '24'], 'outside they are there');
  assert.equal(start([ground.product.program, ...ground.runWords(['sh', '-c', look])]), ['Groups:']);
});

test.needs(userRequirement({ subordinateIds: false }), 'a map of one id works, and says that it is one', () => {
  const single = systemGround({ subordinateIds: false });
  try {
    const map = single.inside('cat /proc/self/uid_map; id -u').split(/\s+/).filter(Boolean);
    assert.equal(map, ['65534', String(single.user.uid), '1', '65534']);
    const records = latestRecords(single.user);
    assert.match(records[0]?.remarks?.texts.join('\n') ?? '', /one id/);
    const told = controlsIn(records).filter(({ control }) => control === 'id-map');
    const maps = told.filter(({ how }) => how.endsWith('_map')).map(({ effective, ok }) => `${effective} ${ok}`);
    assert.equal(maps, [`65534 ${single.user.uid} 1 true`, `65534 ${single.user.gid} 1 true`]);
    assert.equal(
      controlsIn(records)
        .filter(({ control }) => control === 'subordinate-ids')
        .map(({ ok }) => ok),
      [false],
      'the receipt says that they are not there',
    );
  } finally {
    single.remove();
  }
});

test.run();
