/** Tries what is not the kernel's: libraries, versions, folders, space. */
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Directories } from '../base/directories.js';
import { version as libseccompVersion } from '../ffi/libseccomp.js';
import type { Trial } from './diagnosis.js';

/** 2.5.0 is the first libseccomp that knows user notification. */
const OLDEST_LIBSECCOMP = [2, 5, 0] as const;
const OLDEST_NODE = [20, 19, 0] as const;
/** A small image and its trail. */
const LEAST_BYTES = 256 * 1024 * 1024;

/** Everything but the kernel's mechanisms, for the user `uid`. Nothing is left behind. */
export function tryUserSpace(directories: Directories, uid: number): readonly Trial[] {
  return [
    tryLibseccomp(),
    versionTrial('node', process.versions.node.split('.').map(Number), OLDEST_NODE),
    tryDirectory('store-directory', directories.data, uid),
    tryDirectory('state-directory', directories.state, uid),
    tryDirectory('runtime-directory', directories.runtime, uid),
    trySpace(directories.data),
  ];
}

/** The nearest folder above `path`, or `path` itself, that exists. */
export function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

function tryLibseccomp(): Trial {
  try {
    const { major, minor, micro } = libseccompVersion();
    return versionTrial('libseccomp', [major, minor, micro], OLDEST_LIBSECCOMP);
  } catch (cause) {
    const found = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    return { name: 'libseccomp', available: false, how: 'loading it and asking for its version', found };
  }
}

function versionTrial(name: string, has: readonly number[], oldest: readonly [number, number, number]): Trial {
  const first = has.findIndex((part, index) => part !== oldest[index]);
  const available = first === -1 || (has[first] ?? 0) > (oldest[first] ?? 0);
  return {
    name,
    available,
    how: `asking for its version, at least ${oldest.join('.')}`,
    found: `version ${has.join('.')}`,
  };
}

function tryDirectory(name: string, path: string, uid: number): Trial {
  const how = 'making a folder in it, or where it will be made, and looking at owner and mode';
  const existing = nearestExisting(path);
  const fault = faultOf(existing, existing === path, uid) ?? writingFault(existing);
  return { name, available: fault === undefined, how, found: fault ?? `${path} is usable` };
}

function faultOf(path: string, ours: boolean, uid: number): string | undefined {
  const status = statSync(path);
  if (!status.isDirectory()) return `${path} is not a folder`;
  if (!ours) return undefined;
  if (status.uid !== uid) return `${path} belongs to user ${status.uid}`;
  return (status.mode & 0o077) === 0
    ? undefined
    : `${path} is open to others (mode ${(status.mode & 0o777).toString(8)})`;
}

function writingFault(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    rmdirSync(mkdtempSync(join(path, '.sandbox-doctor-')));
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

function trySpace(path: string): Trial {
  const { bavail, bsize } = statfsSync(nearestExisting(path));
  const bytes = bavail * bsize;
  return {
    name: 'disk-space',
    available: bytes >= LEAST_BYTES,
    how: 'asking the file system of the store',
    found: `${Math.floor(bytes / 1024 / 1024)} MiB free`,
  };
}
