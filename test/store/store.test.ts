/** The store when things go wrong: processes killed, disks full, many at once. All as an unprivileged user. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { hexOf } from '../../src/base/digest.js';
import { type ImageUser, imageUser, type UnpackResult } from '../support/image-user.js';
import { patient } from '../support/patience.js';
import { suite } from '../support/suite.js';
import { blobFile, type WrittenImage, writeLayout } from '../support/tiny-image.js';
import { userRequirement } from '../support/user.js';

const test = suite('store');
const requirement = userRequirement({ subordinateIds: true });
const asRoot = process.getuid?.() === 0 ? requirement : 'root, to mount a small file system';
const scratch = mkdtempSync(join(tmpdir(), 'sandbox-store-'));
const MEGABYTE = 1024 * 1024;
/** Takes long enough to be killed in the middle. */
const BIG = Array.from({ length: 48 }, (_, at) => ({ name: `file${at}`, data: randomBytes(MEGABYTE), uid: 33 }));

let host: ImageUser | undefined;
let written: WrittenImage | undefined;
let big = '';
const user = (): ImageUser => {
  if (host === undefined) {
    host = imageUser({ subordinateIds: true });
    const layout = join(scratch, 'big');
    [written] = writeLayout(layout, [{ layers: [BIG, [{ name: 'small' }]], compress: 'none' }]);
    big = `oci:${host.give(layout, 'big')}`;
  }
  return host;
};
test.after(() => {
  host?.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const start = (): ChildProcess => {
  const { command, user: account } = user();
  return account.start(command(big));
};
const ended = (child: ChildProcess): Promise<UnpackResult> =>
  new Promise((resolve) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('close', () => resolve(text === '' ? {} : (JSON.parse(text) as UnpackResult)));
  });

/** Names in the map's folder that are neither finished layers nor the map. */
function debris(): readonly string[] {
  const layers = join(user().store, 'layers');
  if (!existsSync(layers)) return [];
  return readdirSync(layers).flatMap((map) =>
    readdirSync(join(layers, map)).filter((name) => !/^([0-9a-f]{64}|map\.json)$/.test(name)),
  );
}

async function until(what: string, holds: () => boolean, limitMs = patient(60_000)): Promise<void> {
  for (const started = Date.now(); !holds(); await new Promise((resolve) => setTimeout(resolve, 2)))
    if (Date.now() - started > limitMs) throw new Error(`waited in vain until ${what}`);
}

/** Living processes of the helper that work for the user. */
function helpers(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0${user().store}`) && isRunning(pid) && isHelper(pid)
        );
      } catch {
        return false;
      }
    });
}
const isHelper = (pid: number): boolean => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'unpack';
const isRunning = (pid: number): boolean => !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

const unpacking = (): boolean => debris().some((name) => name.startsWith('tmp-')) && helpers().length === 2;

test.needs(requirement, 'twenty at once unpack once and all get the image', async () => {
  user().reset();
  const results = await Promise.all(Array.from({ length: 20 }, () => ended(start())));
  for (const { error } of results) assert.is(error, undefined);
  assert.is(new Set(results.map(({ root }) => root?.layers.join())).size, 1);
  assert.equal(debris(), []);
});

test.needs(requirement, 'a second time nothing is unpacked', () => {
  const first = user().unpack(big).root?.layers;
  const { user: account, command } = user();
  const trace = account.run([
    'strace',
    '-f',
    '-qq',
    '-s',
    '999',
    '-e',
    'trace=execve',
    '-e',
    'signal=none',
    ...command(big),
  ]);
  assert.match(trace.stderr, /execve\(.*driver/);
  assert.not.match(trace.stderr, /native\/unpack/);
  assert.equal((JSON.parse(trace.stdout.toString()) as UnpackResult).root?.layers, first);
});

test.needs(requirement, 'a copy of a known image that was altered is noticed', () => {
  user().unpack(big);
  const altered = user().give(join(scratch, 'big'), 'altered');
  const blob = blobFile(altered, written?.layers[1]?.digest ?? 'sha256:');
  const bytes = readFileSync(blob);
  rmSync(blob);
  appendFileSync(blob, Buffer.concat([bytes.subarray(0, -1), Buffer.from('x')]), { mode: 0o644 });
  const { error } = user().unpack(`oci:${altered}`);
  assert.is(error?.code, 'IMAGE_DIGEST_MISMATCH');
  assert.match(error?.message ?? '', /layer 2/);
  user().reset();
  assert.is(user().unpack(`oci:${altered}`).error?.code, 'IMAGE_DIGEST_MISMATCH');
  assert.equal(debris(), []);
});

for (const [name, victim] of [
  ['the caller', () => undefined],
  ['the helper', () => Math.min(...helpers())],
  ['the process inside', () => Math.max(...helpers())],
] as const) {
  test.needs(requirement, `${name} killed in the middle leaves nothing that the next use does not remove`, async () => {
    let killed = 0;
    for (const delayMs of [0, 5, 20, 60, 0, 0, 0, 0, 0, 0]) {
      if (killed > 0 && delayMs === 0) break;
      const { child, end } = await startUnpacking();
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      if (endBy(() => victim() ?? (child.exitCode === null ? child.pid : undefined))) killed += 1;
      const { root, error } = await end;
      if (name !== 'the caller' && root === undefined)
        assert.ok(['IMAGE_UNPACK_FAILED', 'STORE_UNUSABLE'].includes(error?.code ?? ''));
      await until('no helper is left', () => helpers().length === 0);
      if (name !== 'the caller') assert.equal(debris(), []);
      assert.is(user().unpack(big).error, undefined);
      assert.equal(debris(), []);
    }
    assert.ok(killed > 0, 'it was met in the middle');
  });
}

/** Kills whom `find` names, if it is still there. */
function endBy(find: () => number | undefined): boolean {
  const pid = find();
  try {
    return pid !== undefined && Number.isFinite(pid) && process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** One that is unpacking as far as anybody can tell: on a busy machine it can be over before anybody looks. */
async function startUnpacking(): Promise<{ readonly child: ChildProcess; readonly end: Promise<UnpackResult> }> {
  for (let tries = 0; tries < 20; tries += 1) {
    user().reset();
    const child = start();
    const end = ended(child);
    await until('it unpacks', () => unpacking() || child.exitCode !== null);
    if (child.exitCode === null) return { child, end };
    await end;
  }
  throw new Error('it was never seen at work');
}

test.needs(requirement, 'Ctrl-C ends it without debris', async () => {
  let result: UnpackResult = {};
  for (let tries = 0; tries < 10 && result.error === undefined; tries += 1) {
    const { child, end } = await startUnpacking();
    child.kill('SIGINT');
    result = await end;
    assert.equal(debris(), []);
  }
  assert.is(result.error?.code, 'STORE_INTERRUPTED');
  await until('no helper is left', () => helpers().length === 0);
});

test.needs(asRoot, 'a full disk is one clear error, and leaves nothing', () => {
  const disk = join(user().user.home, 'disk');
  mkdirSync(disk);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=20m,mode=0700', 'none', disk]);
  assert.is(mounted.status, 0, mounted.stderr.toString());
  try {
    chownSync(disk, user().user.uid, user().user.gid);
    const store = join(disk, 'store');
    const { error } = user().unpack(big, { store });
    assert.is(error?.code, 'STORE_FULL');
    assert.match(error?.hint ?? '', /free some space/);
    const map = join(store, 'layers', readdirSync(join(store, 'layers'))[0] ?? '');
    assert.equal(readdirSync(map), ['map.json']);
    assert.equal(readdirSync(join(store, 'images')), []);
  } finally {
    spawnSync('umount', [disk]);
  }
});

test.needs(requirement, 'reset removes files of subordinate ids, which the user cannot', () => {
  const { root } = user().unpack(big);
  const { user: account, store } = user();
  assert.is.not(account.run(['rm', '-rf', root?.layers[0] ?? '']).status, 0);
  assert.ok(existsSync(join(store, 'images', `${hexOf(written?.manifest.digest ?? 'sha256:')}.json`)));
  assert.is(user().reset().error, undefined);
  assert.not.ok(existsSync(store));
});

test.run();
