/** Files of configuration, read whole. */
import { readFileSync } from 'node:fs';

/** The bytes of a file, undefined where there is none. @throws where it cannot be read */
export function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
}
