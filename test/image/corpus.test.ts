/** Archives that others collected, and the hostile ones, unpacked by the helper as an unprivileged user. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../../src/base/installation.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';
import { type TestUser, testUser, userRequirement } from '../support/user.js';

const test = suite('corpus');
const shared = join(installationRoot, '../shared');
const corpora = ['go-archive-tar', 'node-tar', 'tar-fs'].map((name) => join(shared, 'corpus/tar', name));
const requirement =
  userRequirement({ subordinateIds: false }) ??
  (existsSync(corpora[0] ?? '') ? undefined : 'the corpora in ../shared/corpus/tar');
const hostileScript = join(shared, 'attempts/hostile-tars.py');
const hostileRequirement =
  requirement ?? (existsSync(hostileScript) ? undefined : '../shared/attempts/hostile-tars.py');

type Report = { readonly ok: boolean; readonly code?: string; readonly message?: string };

let user: TestUser | undefined;
let program = '';
const scratch = mkdtempSync(join(tmpdir(), 'sandbox-corpus-'));
test.before(() => {
  if (requirement !== undefined) return;
  user = testUser({ subordinateIds: false });
  chmodSync(scratch, 0o755);
  program = join(scratch, 'unpack');
  copyFileSync(join(installationRoot, 'build/native/unpack'), program);
  chmodSync(program, 0o755);
});
test.after(() => {
  user?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

/** What the helper says, and the names that it left, read as the user. */
function unpack(archive: string): { readonly report: Report; readonly outside: readonly string[] } {
  if (user === undefined) throw new Error('no user');
  const parent = join(user.home, 'parent');
  user.run(['mkdir', '-m', '0777', parent, join(parent, 'layer')]);
  user.run(['sh', '-c', `echo secret >${parent}/secret`]);
  const map = ['--method', 'single', '--uid', `0:${user.uid}:1`, '--gid', `0:${user.gid}:1`];
  const folder = ['--folder', join(parent, 'layer'), ...map];
  const ended = user.run([program, 'unpack', ...folder], { input: readFileSync(archive), timeoutMs: patient(120_000) });
  assert.is(ended.signal, null);
  const outside = readdirSync(parent).sort();
  assert.is(readFileSync(join(parent, 'secret'), 'utf8'), 'secret\n');
  assert.is(user.run([program, 'remove', ...folder]).status, 0);
  user.run(['rm', '-rf', parent]);
  return { report: JSON.parse(ended.stdout.toString().trim().split('\n').at(-1) ?? '') as Report, outside };
}

for (const folder of corpora) {
  for (const name of existsSync(folder) ? readdirSync(folder).filter((file) => /\.(tar|tgz)/.test(file)) : []) {
    test.needs(requirement, `${name} is unpacked or refused, and harms nothing`, () => {
      const { report, outside } = unpack(join(folder, name));
      assert.equal(outside, ['layer', 'secret']);
      if (!report.ok)
        assert.ok(['refused', 'limit', 'corrupt'].includes(report.code ?? ''), `${report.code} ${report.message}`);
    });
  }
}

const HOSTILE: Readonly<Record<string, boolean>> = {
  '01-dotdot': false,
  '02-abs': false,
  '03-symdir': false,
  '04-symfile': true,
  '05-hardlink-out': false,
  '06-hardlink-via-sym': false,
  '07-symchain': false,
  '08-dev': false,
  '09-suid': true,
  '10-paxpath': false,
  '11-abs-symlink-write': false,
  '12-dir-over-sym': false,
  '13-whiteout': true,
  '14-newline': true,
};
for (const [name, accepted] of Object.entries(HOSTILE)) {
  test.needs(hostileRequirement, `hostile archive ${name} is ${accepted ? 'made harmless' : 'refused'}`, () => {
    const folder = join(scratch, 'hostile');
    if (!existsSync(folder)) {
      mkdirSync(folder);
      const made = spawnSync('python3', [hostileScript], { cwd: folder });
      if (made.status !== 0) writeFileSync(join(folder, 'failed'), made.stderr);
    }
    const { report, outside } = unpack(join(folder, `${name}.tar`));
    assert.is(report.ok, accepted, report.message);
    if (!accepted) assert.is(report.code, 'refused');
    assert.equal(outside, ['layer', 'secret']);
  });
}

test.run();
