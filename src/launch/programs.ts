/** Our own executables as they are now: the launcher refuses to be another than the plan names. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanProgram } from '../../generated/plan-layout.js';
import { digestOf } from '../base/digest.js';
import { LaunchError } from './errors.js';

const PROGRAMS = { sandbox: 'bin/sandbox', launcher: 'build/native/launcher' } as const;

/**
 * Digest and identity of front end and launcher (which is the supervisor too) below `root`.
 *
 * @throws {LaunchError} LAUNCH_NO_LAUNCHER
 */
export function identifyPrograms(root: string): readonly PlanProgram[] {
  return Object.entries(PROGRAMS).map(([name, file]) => {
    const path = join(root, file);
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
      return { name, path, digest: digestOf(readFileSync(path)), device: dev, inode: ino, size, mtimeNs, ctimeNs };
    } catch (cause) {
      throw new LaunchError('LAUNCH_NO_LAUNCHER', `${path} cannot be read`, {
        cause,
        hint: 'build or install sandbox again',
      });
    }
  });
}
