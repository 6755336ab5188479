import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installationRoot } from '../src/base/installation.js';
import { suite } from './support/suite.js';

const test = suite('demo');

test('shows a misbehaving image, its trail and a refusal, and leaves one folder that it names', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'sandbox-demo-test-'));
  chmodSync(temporary, 0o755);
  const accounts = readFileSync('/etc/passwd', 'utf8');
  try {
    const { status, stdout, stderr } = spawnSync(join(installationRoot, 'scripts/demo'), [], {
      encoding: 'utf8',
      env: { ...process.env, TMPDIR: temporary },
    });
    assert.is(status, 0, `${stdout}${stderr}`);
    assert.match(stdout, /^ {2}stopped {3}mount a file system +EPERM$/m);
    assert.not.match(stdout, /POSSIBLE/);
    assert.match(stderr, /attempts refused; most severe: /);
    assert.match(stdout, /denied +finit_module\(/);
    assert.match(stdout, /^intact +yes\ncomplete +yes$/m);
    assert.match(stderr, /^sandbox: TRUST_UNSIGNED: /m);
    const named = /Everything of this is in (\S+); rm -rf removes it\n$/.exec(stdout)?.[1];
    assert.equal(
      readdirSync(temporary).map((name) => join(temporary, name)),
      [named],
    );
    assert.equal(sandboxAccounts(readFileSync('/etc/passwd', 'utf8')), sandboxAccounts(accounts));
  } finally {
    rmSync(temporary, { recursive: true });
  }
});

/** The accounts that a demo of this process could have made, whatever other users come and go meanwhile. */
const sandboxAccounts = (text: string): string[] => text.match(/^sandbox-demo-\d+:/gm) ?? [];

test.run();
