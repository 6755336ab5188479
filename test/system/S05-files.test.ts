/** S05: under strict the root is read-only, and nothing of the host's files is there but what the policy mounts. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../support/suite.js';
import { type SystemGround, systemGround } from '../support/system-ground.js';
import type { TarEntry } from '../support/tar.js';
import { userRequirement } from '../support/user.js';

const test = suite('S05 files');
const needs = userRequirement({ subordinateIds: true });
let ground: SystemGround;

test.before(() => {
  if (needs === undefined) ground = systemGround();
});
test.after(() => ground?.remove());

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
/** Prints `PATH STATUS` for an attempt to make a file in each folder. */
const makeFiles = (folders: readonly string[]): string =>
  folders.map((folder) => `echo x 2>/dev/null >${folder}/made; echo ${folder} $?`).join('; ');

test.needs(needs, 'nothing of the image can be written, and scratch memory can', () => {
  const closed = ['/', '/bin', '/etc', '/dev', '/proc', '/proc/self'];
  const told = lines(ground.inside(makeFiles([...closed, '/tmp', '/dev/shm'])));
  assert.equal(told, [...closed.map((folder) => `${folder} 1`), '/tmp 0', '/dev/shm 0']);
  assert.is(ground.outside(makeFiles([ground.user.home])), `${ground.user.home} 0\n`);
  const flags = ground.inside('cat /proc/self/mountinfo 2>/dev/null | cut -d" " -f5,6').trim();
  for (const line of lines(flags)) assert.ok(line.includes('nosuid') || line.startsWith('/dev/'), line);
});

test.needs(needs, 'what was written in a run is gone after it', () => {
  ground.inside('echo x >/tmp/left; echo x >/dev/shm/left');
  assert.is(ground.inside('ls -A /tmp /dev/shm | grep left || echo none'), 'none\n');
});

test.needs(needs, 'a file that everybody can read outside is not there inside', () => {
  const secret = ground.file('secret', 'of the host\n');
  assert.is(ground.outside(`cat ${secret} /etc/hostname >/dev/null && echo read`), 'read\n');
  const look = `cat ${secret} 2>&1; cat /etc/hostname 2>&1; true`;
  assert.not.match(ground.inside(look), /of the host/);
  for (const away of ['../../../../../../../../..', '/proc/self/root/..', '/proc/self/cwd/../..'])
    assert.not.match(ground.inside(`cat ${away}${secret} 2>&1; true`), /of the host/);
});

test.needs(needs, '/proc shows processes of the run alone, and of the system nothing', () => {
  const names = lines(ground.inside('ls /proc'));
  const other = names.filter((name) => !/^\d+$/.test(name));
  assert.equal(other, ['self', 'thread-self']);
  assert.ok(names.length - other.length <= 4, names.join(' '));
  const outside = lines(ground.outside('ls /proc'));
  assert.ok(outside.includes('meminfo') && outside.length > names.length);
});

test.needs(needs, 'there is no /sys, and /dev has the harmless devices', () => {
  assert.is(ground.inside('ls /sys 2>/dev/null; echo $?'), '1\n');
  assert.ok(lines(ground.outside('ls /sys')).includes('kernel'));
  assert.equal(lines(ground.inside('ls /dev')), [
    ...['fd', 'full', 'null', 'ptmx', 'pts', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'],
  ]);
  const use =
    'head -c 4 /dev/zero | wc -c; echo x >/dev/null; head -c 4 /dev/urandom | wc -c; echo x >/dev/full || echo full';
  assert.equal(lines(ground.inside(`{ ${use}; } 2>/dev/null`)), ['4', '4', 'full']);
});

test.needs(needs, 'a mounted folder is there as the policy says, and not its neighbours', () => {
  const folder = join(ground.folder, 'shared');
  mkdirSync(join(folder, 'given'), { recursive: true });
  writeFileSync(join(folder, 'given/file'), 'given\n');
  writeFileSync(join(folder, 'kept'), 'kept\n');
  chmodSync(join(folder, 'given'), 0o777);
  const policy = (name: string, access: string): string[] => [
    '--policy',
    ground.file(`${name}.json`, {
      apiVersion: 1,
      name,
      version: '1.0.0',
      extends: { policy: 'strict' },
      filesystem: {
        mounts: [{ from: join(folder, 'given'), to: '/given', access, why: 'this test' }],
        allow: [{ paths: ['/given'], access: ['create', 'write', 'truncate', 'remove'], why: 'this test' }],
      },
    }),
  ];
  const look = 'cat /given/file; cat /given/../kept 2>/dev/null; echo inside 2>/dev/null >/given/new; echo $?';
  assert.is(ground.inside(look, { flags: policy('looks', 'read-only') }), 'given\n1\n');
  assert.is(ground.inside(look, { flags: policy('writes', 'read-write') }), 'given\n0\n');
  assert.is(readFileSync(join(folder, 'given/new'), 'utf8'), 'inside\n');
});

/** Images that put a link where the launcher mounts. Each leads to a folder of the user's, if it is followed outside. */
const HOSTILE: Readonly<Record<string, string>> = { tmp: '/tmp', proc: '/proc', dev: '/dev', 'dev/shm': '/dev/shm' };

for (const [name, place] of Object.entries(HOSTILE)) {
  test.needs(needs, `an image whose ${place} is a link reaches nothing of the host`, () => {
    const target = ground.user.home;
    const folder: TarEntry[] = name.includes('/') ? [{ name: 'dev', type: 'folder' }] : [];
    const layers: TarEntry[][] = [[...folder, { name, type: 'link', target: `${'../'.repeat(12)}${target}` }]];
    const image = ground.withTools(`link-${name.replace('/', '-')}`, { layers });
    const { status, stdout, stderr } = ground.run(['sh', '-c', `echo ran; echo x >${place}/escaped`], { image });
    assert.equal(lines(ground.outside(`ls ${target}`)).includes('escaped'), false);
    if (name === 'dev/shm') return;
    assert.is(status, 125, stderr);
    assert.is(stdout.toString(), '', 'nothing was run');
    assert.match(stderr, new RegExp(`^sandbox: LAUNCH_MOUNTS: .*${place}`, 'm'));
  });
}

test.needs(needs, 'a working directory that the image lacks is made, owned by nobody that the workload is', () => {
  const image = ground.withTools('workdir', { layers: [], config: { WorkingDir: '/made/for/it' } });
  const look = 'pwd; echo x 2>/dev/null >file; echo $?';
  assert.is(ground.inside(look, { image }), '/made/for/it\n1\n');
  const scratch = ['--profile', 'strict', '--workdir', '/tmp/made/there'];
  assert.is(ground.inside('pwd', { flags: scratch }), '/tmp/made/there\n');
  const links: TarEntry[][] = [[{ name: 'made', type: 'link', target: `${'../'.repeat(12)}${ground.user.home}` }]];
  const hostile = ground.withTools('workdir-link', { layers: links, config: { WorkingDir: '/made/outside' } });
  ground.run(['true'], { image: hostile });
  assert.equal(lines(ground.outside(`ls ${ground.user.home}`)).includes('outside'), false);
});

test.run();
