/**
 * Writes the unpacker's fuzzing corpus: one file an idea.
 *
 *   node build/test/support/fuzz-seeds.js FOLDER
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LAYER, REFUSED } from './hostile-layers.js';
import { makeTar, type TarEntry } from './tar.js';

const folder = process.argv[2] ?? 'build/fuzz/unpack';
mkdirSync(folder, { recursive: true });
let written = 0;

/** The size's last bits choose the options, so that each seed comes in eight lengths. */
function add(bytes: Buffer, lengths = 1): void {
  for (let more = 0; more < lengths; more += 1) {
    written += 1;
    writeFileSync(join(folder, `seed-${String(written).padStart(3, '0')}`), Buffer.concat([bytes, Buffer.alloc(more)]));
  }
}

const many = (count: number): readonly TarEntry[] =>
  Array.from({ length: count }, (_, at) => ({ name: `d${at % 7}/f${at}`, uid: at % 2 }));
const owned = LAYER.map((entry) => ({ ...entry, uid: 0, gid: 0 }));
const link = (target: string): TarEntry => ({ name: 'l', type: 'link', target });

for (const [, entries] of REFUSED) add(makeTar(entries));
for (const entry of owned) add(makeTar([entry]), 2);
add(makeTar(LAYER), 8);
add(makeTar(owned), 16);
for (const [at] of owned.entries()) add(makeTar([...owned.slice(at), ...owned.slice(0, at)]), 9);
add(gzipSync(makeTar(owned)));
add(gzipSync(gzipSync(makeTar(owned))));
add(Buffer.concat([makeTar(owned), makeTar(owned)]));
add(makeTar(owned).subarray(0, 3000));
add(gzipSync(makeTar(owned)).subarray(0, 300));
add(gzipSync(Buffer.alloc(5 << 20)));
add(makeTar(many(60)));
add(gzipSync(makeTar(many(1100))));
add(makeTar([{ name: 'etc', type: 'link', target: 'usr' }, { name: 'usr/passwd' }]));
add(makeTar([{ name: '.wh.etc' }]));
add(makeTar([{ name: 'etc/passwd', type: 'folder' }, { name: 'etc/.wh.group' }]));
add(makeTar([{ name: 'etc/.wh..wh..opq' }]));
add(makeTar([{ name: '.wh..wh..opq' }]));
add(makeTar([{ name: 'etc/passwd', data: 'r'.repeat(1_100_000) }]));
add(
  makeTar([
    { name: 'etc/passwd', data: 'root:x:0:0' },
    { name: 'etc/group', data: 'r' },
  ]),
);
add(makeTar([link('a/b/..'), { name: 'a/b', type: 'folder' }, { name: 'l/x' }, { name: 'l/../y' }]));
add(makeTar([link(`${'n'.repeat(255)}`), { name: 'l/x' }]));
add(makeTar([link(`${'x/../'.repeat(150)}x`), { name: 'x', type: 'folder' }, { name: 'l/y' }]));
add(
  makeTar([
    link('/a'),
    { name: 'a', type: 'folder' },
    { name: 'l/b/c' },
    { name: 'h', type: 'hardlink', target: 'l/b/c' },
  ]),
);
add(makeTar([{ name: 'a' }, { name: 'a', type: 'hardlink', target: 'a' }]));
add(makeTar([{ name: 'a' }, { name: 'b', type: 'folder' }, { name: 'b', type: 'hardlink', target: 'a' }]));
add(
  makeTar([
    { name: 'w/x' },
    { name: 'w/.wh.x' },
    { name: '.wh.w' },
    { name: '.wh.v' },
    { name: 'v/x' },
    { name: '.wh.w' },
  ]),
);
add(
  makeTar([
    { name: 'p', type: 'pipe' },
    { name: 'p', type: 'pipe' },
    { name: 'p', type: 'folder' },
  ]),
);
add(makeTar([{ name: `${'d/'.repeat(250)}f` }, link(`${'d/'.repeat(250)}`), { name: 'l/e/f/g/h/i/j/k/m' }]));
add(makeTar([{ name: 'm', pax: { mtime: '-1.5', size: '0', uid: '99999999999' } }]));
add(makeTar([{ name: 'm', mtime: 8_000_000_000 }]));
add(makeTar([{ name: 'g', gid: 5 }]));
add(
  makeTar([{ name: 'acl', pax: { 'SCHILY.acl.access': 'user::rw-,user:lisa:r--,group::r--,mask::r--,other::r--' } }]),
);
add(makeTar([link('')]));
add(makeTar([link('t'.repeat(5000))]));
add(makeTar([{ name: 'h', type: 'hardlink', target: './' }]));
add(makeTar([{ name: 'a' }, { name: 'h', type: 'hardlink', target: 'a', data: 'more' }]));
add(makeTar([{ name: 'huge', pax: { size: String(2 ** 45) } }]));
add(makeTar([{ name: 'big', data: Buffer.alloc(2_200_000) }]));
add(
  makeTar([
    { name: 'dev/a', type: 'character' },
    { name: 'dev/b', type: 'block' },
  ]),
);
add(makeTar([link(`${'n'.repeat(300)}/x`), { name: 'l/x' }]));
add(makeTar([link('f'), { name: 'f' }, { name: 'l/x' }]));
add(Buffer.concat([makeTar([{ name: 'a' }]), makeTar([{ name: 'b' }])]));
add(gzipSync(makeTar(owned)).map((byte, at) => (at > 200 ? byte ^ 0x55 : byte)) as Buffer);
add(Buffer.alloc(1024));
add(Buffer.alloc(0));

/** What only GNU tar and zstd write. */
const scratch = mkdtempSync(join(tmpdir(), 'fuzz-seeds-'));
writeFileSync(join(scratch, 'sparse'), 'start');
truncateSync(join(scratch, 'sparse'), 1 << 15);
writeFileSync(join(scratch, 'n'.repeat(150)), 'long');
for (const format of [
  ['gnu'],
  ['gnu', '-S'],
  ['pax', '-S'],
  ['pax', '-S', '--sparse-version=0.1'],
  ['oldgnu', '-S'],
  ['v7'],
]) {
  const [name = '', ...options] = format;
  const names = name === 'v7' ? ['sparse'] : ['.'];
  const tar = spawnSync('tar', [
    `--format=${name}`,
    ...options,
    '--owner=0',
    '--group=0',
    '-C',
    scratch,
    '-c',
    ...names,
  ]);
  if (tar.status === 0) add(tar.stdout);
}
const zstd = spawnSync('zstd', ['-q', '-c'], { input: makeTar(owned) });
if (zstd.status === 0) add(zstd.stdout);
rmSync(scratch, { recursive: true, force: true });
process.stdout.write(`${written} seeds in ${folder}\n`);
