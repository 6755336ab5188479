/**
 * S05, S15: paths that the image or the user chooses lead through no magic link of /proc: before its exec the
 * workload's process has descriptors of ours open, and /proc/self/exe is the launcher.
 */
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import { userRequirement } from '../support/user.js';

const test = suite('attacks: magic links');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

/** The first descriptors, among which were the layers' folders of the host. */
const descriptors = Array.from({ length: 5 }, (_, index) => `/proc/self/fd/${index + 3}`);

for (const [profile, folders] of [
  ['strict', [...descriptors, '/proc/self/root', '/proc/self/cwd', '/proc/1/root']],
  ['default', ['/proc/self/fd/4', '/proc/self/fd/5']],
] as const) {
  test.needs(needs, `${profile}: the working directory is no descriptor of the launcher`, () => {
    for (const folder of folders) {
      const flags = ['--profile', profile, '-w', folder];
      const { status, stdout, stderr } = ground.run(['stat', '-c', '%n', '.', '..'], { flags });
      assert.is(stdout.toString(), '', `${folder} was entered`);
      assert.match(stderr, /^sandbox: LAUNCH_WORKING_DIRECTORY: /, folder);
      assert.is(status, 125, folder);
    }
  });
}

test.needs(needs, 'nor is one that the image reaches through a link of its own', () => {
  const layers = [[{ name: 'out', type: 'link' as const, target: 'proc/self/fd' }]];
  for (const number of [4, 5]) {
    const image = ground.withTools(`out-${number}`, { layers, config: { WorkingDir: `/out/${number}` } });
    const { status, stdout } = ground.run(['stat', '-c', '%n', '.', '..'], { image });
    assert.is(stdout.toString(), '', `/out/${number} was entered`);
    assert.is(status, 125);
  }
});

test.needs(needs, "the launcher's own program cannot be the command", () => {
  const layers = [[{ name: 'script', data: '#!/proc/self/exe\n', mode: 0o755 }]];
  const image = ground.withTools('own-program', { layers });
  for (const command of ['/proc/self/exe', '/proc/thread-self/exe', '/script']) {
    const { status, stderr } = ground.run([command], { image });
    assert.is(status, 126, stderr);
    assert.match(stderr, /^sandbox: COMMAND_NOT_EXECUTABLE: /);
  }
});

test.run();
