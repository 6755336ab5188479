/** Reads a small file whole: what people and administrators write, never what an image holds. */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/** No file of configuration or key is larger. */
export const SMALL_FILE_BYTES = 1 << 20;

/**
 * The bytes of a regular file, undefined where there is none.
 * @throws {Error} where it exists but is no regular file, is too large or cannot be read
 */
export function readSmallFile(path: string, limitBytes: number = SMALL_FILE_BYTES): Uint8Array | undefined {
  let descriptor: number;
  try {
    // Without blocking: opening a pipe for reading would wait for a writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new Error(`${path} is not a regular file`);
    if (status.size > limitBytes) throw new Error(`${path} is larger than ${limitBytes} bytes`);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const PAUSE_MS = 2;
const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * All of standard input, a pipe that was made non-blocking included.
 * @throws {Error} where it is too large or cannot be read
 */
export function readSmallInput(limitBytes: number = SMALL_FILE_BYTES): Uint8Array {
  const bytes = new Uint8Array(limitBytes + 1);
  let size = 0;
  for (let read: number | undefined; read !== 0 && size < bytes.length; size += read ?? 0) {
    read = readSome(bytes.subarray(size));
    if (read === undefined) Atomics.wait(clock, 0, 0, PAUSE_MS);
  }
  if (size > limitBytes) throw new Error(`standard input has more than ${limitBytes} bytes`);
  return bytes.subarray(0, size);
}

/** Undefined where nothing is there yet. */
function readSome(into: Uint8Array): number | undefined {
  try {
    return readSync(0, into);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
