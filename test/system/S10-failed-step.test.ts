/** S10: if any step of the launch fails, the workload never runs: 125, and the step is named. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { settle } from '../support/belongings.js';
import { suite } from '../support/suite.js';
import { type SystemGround, type SystemRunOptions, systemGround } from '../support/system-ground.js';
import { latestRecords, runsOf } from '../support/trail-records.js';
import { userRequirement } from '../support/user.js';

// Every call of every step fails once in test/faults; here steps fail for reasons that users meet.
const test = suite('S10 a failed step');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => {
  if (ground === undefined) return;
  if (existsSync(closed())) chmodSync(closed(), 0o700);
  ground.remove();
});

const closed = (): string => join(ground.folder, 'closed');

const mounting = (from: string): string[] => {
  const mounts = [{ from, to: '/given', access: 'read-only', why: 'this test' }];
  const policy = { apiVersion: 1, name: 'mounting', version: '1.0.0', extends: { policy: 'strict' } };
  return ['--policy', ground.file('mounting.json', { ...policy, filesystem: { mounts } })];
};

type Way = { readonly step: string; readonly detail?: RegExp; readonly options?: () => SystemRunOptions };

/** `before` is what a shell does before it becomes sandbox. */
const WAYS: Readonly<Record<string, Way & { readonly before?: string }>> = {
  'a folder to mount that is not there': {
    step: 'open-sources',
    detail: /\/nowhere/,
    options: () => ({ flags: mounting('/nowhere') }),
  },
  'a folder to mount that the user may not enter': {
    step: 'open-sources',
    options() {
      mkdirSync(join(closed(), 'inner'), { recursive: true });
      chmodSync(closed(), 0o000); // closed also to an owner who runs the tests without root
      return { flags: mounting(join(closed(), 'inner')) };
    },
  },
  'a working directory that is a file': {
    step: 'working-directory',
    options: () => ({ flags: ['--profile', 'strict', '--workdir', '/bin/busybox'] }),
  },
  "a hard limit of the session below the policy's": { step: 'resource-limits', before: 'ulimit -n 512' },
};

for (const [what, { step, detail, options, before }] of Object.entries(WAYS)) {
  test.needs(needs, `${what}: ${step} is named, and nothing ran`, async () => {
    const words = [ground.product.program, ...ground.runWords(['echo', 'ran'], options?.())];
    const runs = runsOf(ground.user).length;
    const { status, stdout, stderr } = ground.user.run(['sh', '-c', `${before ?? ':'}; exec "$@"`, 'sh', ...words]);
    assert.is(status, 125, stderr);
    assert.is(stdout.toString(), '');
    const code = `LAUNCH_${step.toUpperCase().replace('-', '_')}`;
    assert.match(stderr, new RegExp(`^sandbox: ${code}: step ${step} failed`));
    assert.match(stderr, / {2}to do: ./);
    assert.not.match(stderr, /\bat (file:|Object|async)/);
    if (detail !== undefined) assert.match(stderr, detail);
    if (runsOf(ground.user).length > runs) {
      const records = latestRecords(ground.user);
      const failed = records.find(({ event }) => event === 'step_failed');
      assert.match(failed?.detail ?? '', new RegExp(`^${step}: `));
      assert.is(records.at(-1)?.status, 125, 'the trail is closed');
    }
    assert.equal(await settle(ground.user), []);
  });
}

test.needs(needs, 'the same command runs where nothing fails', () => {
  assert.is(ground.inside('echo ran'), 'ran\n');
  const folder = join(ground.folder, 'open');
  mkdirSync(folder);
  writeFileSync(join(folder, 'file'), 'given\n');
  assert.is(ground.inside('cat /given/file', { flags: mounting(folder) }), 'given\n');
});

test.run();
