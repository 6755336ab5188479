/** Debian's kernels that the machines boot, and where what they need is kept. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Version → the Debian package that depends on its newest image. */
export const KERNELS = { '6.1': 'linux-image-amd64', '6.12': 'linux-image-6.12-amd64' } as const;
export type KernelName = keyof typeof KERNELS;
export const KERNEL_NAMES = Object.keys(KERNELS) as KernelName[];

/** Raised where prepared files of an older form cannot be used any more. */
export const FORM = 1;

export type Kernel = {
  /** ELF, uncompressed: an emulated processor takes seconds to unpack it. */
  readonly image: string;
  /** A cpio archive: busybox and the modules that the start needs. */
  readonly initrd: string;
  /** Folder with lib/modules/RELEASE. */
  readonly modules: string;
  readonly stamp: string;
};

/** Outside of the checkout, so that a fresh one finds it. */
export const cacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'sandbox-vm');

export function kernelFiles(name: KernelName): Kernel {
  const folder = join(cacheFolder(), `kernel-${name}`);
  return {
    image: join(folder, 'vmlinux'),
    initrd: join(folder, 'initrd'),
    modules: join(folder, 'modules'),
    stamp: join(folder, 'stamp'),
  };
}

/** What the kernel was prepared from, `PACKAGE VERSION FORM`; undefined where it was not. */
export function preparedFrom(name: KernelName): string | undefined {
  const { stamp } = kernelFiles(name);
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : undefined;
}
