/**
 * Fetches Debian's kernels for the test machines: `node build/test/vm/prepare.js`.
 *
 * As root it installs what is missing on this machine (qemu, kmod, decompressors). Each kernel is taken apart
 * once and kept below the user's cache folder; a second call only looks for a newer package.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Cpio } from './cpio.js';
import { cacheFolder, FORM, KERNEL_NAMES, KERNELS, type KernelName, kernelFiles, preparedFrom } from './kernels.js';

/** Program → the package that has it. */
const TOOLS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  mke2fs: 'e2fsprogs',
  modprobe: 'kmod',
  busybox: 'busybox-static',
  xz: 'xz-utils',
  zstd: 'zstd',
} as const;
/** Insmod'ed by the first root, in this order, after what they depend on. */
const FIRST_MODULES = 'virtio_pci virtio_blk virtio_console virtio-rng ext4 9pnet_virtio 9p'.split(' ');
/** Of a full kernel, what a sandbox or an attempt to leave one could have loaded. */
const MODULE_FOLDERS = 'fs net lib crypto security arch/x86/crypto mm drivers/block drivers/virtio drivers/char'.split(
  ' ',
);
const MODULE_NAMES = /^(tun|veth|dummy|bridge|vsock|loop|fuse)\.ko/;
const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const BIGGEST = 512 * 1024 * 1024;
const PAUSES_MS = [5_000, 20_000];

/** Packages of this machine that the machines need and that are missing. */
export const missingPackages = (): string[] =>
  Object.entries(TOOLS)
    .filter(([program]) => !FOLDERS.some((folder) => existsSync(join(folder, program))))
    .map(([, packageName]) => packageName);

/** Makes ready what can be made ready; why a kernel cannot be booted here, by kernel. */
export function prepareKernels(): ReadonlyMap<KernelName, string> {
  const lacks = new Map<KernelName, string>();
  installTools();
  const missing = missingPackages();
  for (const name of KERNEL_NAMES) {
    const lack = missing.length > 0 ? `the Debian packages ${missing.join(' ')}` : prepareKernel(name);
    if (lack !== undefined) lacks.set(name, lack);
  }
  return lacks;
}

function installTools(): void {
  const missing = missingPackages();
  if (missing.length === 0 || process.getuid?.() !== 0) return;
  say(`installing ${missing.join(' ')}`);
  updateLists();
  again('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
}

function prepareKernel(name: KernelName): string | undefined {
  const had = preparedFrom(name);
  const candidate = imagePackage(name) ?? (had === undefined && updateLists() ? imagePackage(name) : undefined);
  if (candidate === undefined) return had === undefined ? `${KERNELS[name]}, which no source of apt has` : undefined;
  if (had === stampOf(candidate)) return undefined;
  const fetched = fetchKernel(name, candidate) ?? (updateLists() ? retryKernel(name) : undefined);
  if (fetched === undefined && had === undefined) return `${candidate.package}, which could not be fetched`;
  return undefined;
}

type Candidate = { readonly package: string; readonly version: string };

const stampOf = (candidate: Candidate): string => `${candidate.package} ${candidate.version} ${FORM}`;

/** The image that the package of the version stands for now. */
function imagePackage(name: KernelName): Candidate | undefined {
  const depends = output('apt-cache', ['depends', '--important', KERNELS[name]]);
  const image = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (image === undefined) return undefined;
  const version = /Candidate: (\S+)/.exec(output('apt-cache', ['policy', image]))?.[1];
  return version === undefined || version === '(none)' ? undefined : { package: image, version };
}

const updateLists = (): boolean => process.getuid?.() === 0 && again('apt-get', ['update', '-qq']);

/** Lists that were too old named a package that the archive has no more. */
function retryKernel(name: KernelName): true | undefined {
  const candidate = imagePackage(name);
  return candidate === undefined ? undefined : fetchKernel(name, candidate);
}

function fetchKernel(name: KernelName, candidate: Candidate): true | undefined {
  say(`kernel ${name}: ${candidate.package} ${candidate.version}`);
  const files = kernelFiles(name);
  mkdirSync(cacheFolder(), { recursive: true });
  const work = mkdtempSync(join(cacheFolder(), `.${name}-`));
  try {
    const words = ['-q', '-o', 'APT::Sandbox::User=root', 'download', `${candidate.package}=${candidate.version}`];
    if (!again('apt-get', words, work)) return undefined;
    const archive = readdirSync(work).find((file) => file.endsWith('.deb')) ?? '';
    must('dpkg-deb', ['-x', join(work, archive), join(work, 'tree')]);
    const boot = join(work, 'tree/boot');
    const image = readdirSync(boot).find((file) => file.startsWith('vmlinuz-')) ?? '';
    const release = image.slice('vmlinuz-'.length);
    rmSync(dirname(files.image), { recursive: true, force: true });
    mkdirSync(dirname(files.image));
    writeFileSync(files.image, uncompressed(readFileSync(join(boot, image))));
    takeModules(join(work, 'tree'), files.modules, release);
    writeFileSync(files.initrd, firstRoot(files.modules, release));
    writeFileSync(files.stamp, stampOf(candidate));
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The ELF file inside a bzImage. @see kernel Documentation/arch/x86/boot.rst, payload_offset */
function uncompressed(image: Buffer): Buffer {
  const sectors = (image[0x1f1] || 4) + 1;
  const start = sectors * 512 + image.readUInt32LE(0x248);
  // The last four bytes are the size, not of the compressed stream.
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
  const tool = payload[0] === 0xfd ? 'xz' : 'zstd';
  const { stdout } = spawnSync(tool, ['-dc'], { input: payload, maxBuffer: BIGGEST });
  if (stdout.subarray(1, 4).toString() !== 'ELF')
    throw new Error('the kernel is compressed in a way that is not known');
  return stdout;
}

/** Copies modules uncompressed, for the same reason. */
function takeModules(tree: string, target: string, release: string): void {
  const from = [join(tree, 'lib/modules', release), join(tree, 'usr/lib/modules', release)].find((path) =>
    existsSync(path),
  );
  if (from === undefined) throw new Error(`no modules of ${release}`);
  const to = join(target, 'lib/modules', release);
  mkdirSync(to, { recursive: true });
  for (const list of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    copyFileSync(join(from, list), join(to, list));
  const wanted = readdirSync(join(from, 'kernel'), { recursive: true, encoding: 'utf8' }).filter(
    (path) =>
      /\.ko(\.xz)?$/.test(path) &&
      (MODULE_FOLDERS.some((folder) => path.startsWith(`${folder}/`)) || MODULE_NAMES.test(basename(path))),
  );
  for (const path of wanted) {
    mkdirSync(join(to, 'kernel', dirname(path)), { recursive: true });
    copyFileSync(join(from, 'kernel', path), join(to, 'kernel', path));
  }
  const compressed = wanted.filter((path) => path.endsWith('.xz')).map((path) => join(to, 'kernel', path));
  if (compressed.length > 0) must('xz', ['-d', '-T0', ...compressed]);
  must('depmod', ['-b', target, release]);
}

/** Busybox and, in the order of their loading, the modules without which there is no root. */
function firstRoot(modules: string, release: string): Buffer {
  const order = FIRST_MODULES.flatMap((module) =>
    output('modprobe', ['-d', modules, '-S', release, '--show-depends', module])
      .split('\n')
      .flatMap((line) => (line.startsWith('insmod ') ? [line.split(' ')[1] ?? ''] : [])),
  );
  const cpio = new Cpio();
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'modules', 'new']) cpio.folder(folder);
  cpio.file('bin/busybox', readFileSync('/bin/busybox'), 0o755);
  const names = [...new Set(order)].map((path) => {
    cpio.file(`modules/${basename(path)}`, readFileSync(path));
    return basename(path);
  });
  return cpio.file('modules/order', `${names.join('\n')}\n`).bytes();
}

const environment = {
  ...process.env,
  PATH: `${FOLDERS.join(':')}:${process.env['PATH'] ?? ''}`,
  DEBIAN_FRONTEND: 'noninteractive',
};

const output = (file: string, words: readonly string[]): string =>
  spawnSync(file, words, { encoding: 'utf8', env: environment }).stdout ?? '';

/** Whether it succeeds at last: a mirror, or the lock of another apt, can fail for a moment. */
function again(file: string, words: readonly string[], cwd?: string): boolean {
  const patient = ['-o', 'Acquire::Retries=5', '-o', 'DPkg::Lock::Timeout=600'];
  for (const pauseMs of [...PAUSES_MS, 0]) {
    if (spawnSync(file, [...patient, ...words], { env: environment, cwd }).status === 0) return true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }
  return false;
}

function must(file: string, words: readonly string[]): void {
  const { status, stderr } = spawnSync(file, words, { encoding: 'utf8', env: environment });
  if (status !== 0) throw new Error(`${file}: ${stderr}`);
}

const say = (text: string): boolean => process.stderr.write(`vm: ${text}\n`);

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, lack] of prepareKernels()) say(`kernel ${name} needs ${lack}`);
