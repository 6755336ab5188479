/** Writes to the descriptors that a command answers on, however slow whoever reads them is. */
import { writeSync } from 'node:fs';
import { CliError } from './errors.js';

const PAUSE_MS = 2;
const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes all of `text` before it returns: the process may end right after. A
 * pipe that another process made non-blocking is waited for; where nobody
 * reads any more, the rest is for nobody.
 *
 * @throws {CliError} CLI_OUTPUT_FAILED
 */
export function writeAll(descriptor: number, text: string | Uint8Array): void {
  let bytes: Uint8Array = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    while (bytes.length > 0) bytes = bytes.subarray(writeSome(descriptor, bytes));
  } catch (cause) {
    if (codeOf(cause) === 'EPIPE') return;
    throw new CliError('CLI_OUTPUT_FAILED', 'the answer could not be written', {
      cause,
      why: cause instanceof Error ? cause.message : String(cause),
      hint: 'make room where the output goes; what was written is not complete',
    });
  }
}

function writeSome(descriptor: number, bytes: Uint8Array): number {
  try {
    return writeSync(descriptor, bytes);
  } catch (error) {
    if (codeOf(error) !== 'EAGAIN') throw error;
    Atomics.wait(clock, 0, 0, PAUSE_MS);
    return 0;
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
