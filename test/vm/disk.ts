/** The disk that machines start with: the product as users install it, and the checkout's tests. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../../src/base/installation.js';

/** Where the two are in a machine. */
export const PRODUCT = '/opt/product';
export const CHECKOUT = '/opt/checkout';

const SIZE = '3G';
/** Of the checkout, what its tests read at run time. */
const PARTS = ['package.json', 'bin', 'build', 'generated', 'profiles', 'policies', 'audit', 'scripts'];
/** Compilers of a few hundred megabytes. */
const NOT_NEEDED = /^(typescript|@typescript|@biomejs|\.)/;
const PUBLISHED = '../shared/attempts';

/** Makes the disk below `folder` and gives its path. Machines work on copies that end with them. */
export function makeDisk(folder: string): string {
  const disk = join(folder, 'disk');
  const tree = mkdtempSync(join(tmpdir(), 'sandbox-disk-'));
  try {
    const checkout = join(tree, CHECKOUT);
    mkdirSync(checkout, { recursive: true });
    must(join(installationRoot, 'scripts/stage'), [join(tree, PRODUCT)]);
    for (const part of PARTS) copy(join(installationRoot, part), join(checkout, part));
    const packages = readdirSync(join(installationRoot, 'node_modules')).filter((name) => !NOT_NEEDED.test(name));
    for (const name of packages)
      copy(join(installationRoot, 'node_modules', name), join(checkout, 'node_modules', name));
    const published = join(installationRoot, PUBLISHED);
    if (existsSync(published)) {
      copy(published, join(checkout, PUBLISHED));
      // Folders that are read-only where they come from could be emptied again by root alone.
      must('chmod', ['-R', 'u+w', join(checkout, PUBLISHED)]);
    }
    must('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-E', 'root_owner=0:0', '-d', tree, disk, SIZE]);
    return disk;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const copy = (from: string, to: string): void => cpSync(from, to, { recursive: true, verbatimSymlinks: true });

function must(file: string, words: readonly string[]): void {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const { status, stderr } = spawnSync(file, words, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${file}: ${stderr}`);
}
