/** Progress of a large unpack on a terminal, and giving up on Ctrl-C without leaving anything behind. */
import type { Progress, UnpackOptions } from '../image/unpack.js';
import type { CliContext } from './context.js';

/** Layers that are read faster than this are not worth a line. */
const QUIET_BYTES = 8 * 1024 * 1024;
const MEGABYTE = 1_000_000;

/**
 * Calls `unpack` with options that show progress on a terminal and that end it on
 * SIGINT, SIGTERM and SIGHUP (it then throws STORE_INTERRUPTED).
 */
export async function withProgress<T>(context: CliContext, unpack: (options: UnpackOptions) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, abort);
  let shown = false;
  const onProgress = (progress: Progress): void => {
    if (!context.isTerminal.error || progress.bytes < QUIET_BYTES) return;
    shown = true;
    context.stderr(`\r\x1b[K${progressLine(progress)}`);
  };
  try {
    return await unpack({ onProgress, signal: controller.signal });
  } finally {
    for (const signal of signals) process.off(signal, abort);
    if (shown) context.stderr('\r\x1b[K');
  }
}

/** `unpacking layer 2 of 5: 31 of 75 MB (41 %)`. */
export function progressLine({ layer, layers, bytesRead, bytes }: Progress): string {
  const percent = Math.floor((100 * bytesRead) / Math.max(1, bytes));
  const megabytes = `${Math.round(bytesRead / MEGABYTE)} of ${Math.round(bytes / MEGABYTE)} MB`;
  return `unpacking layer ${layer} of ${layers}: ${megabytes} (${percent} %)`;
}
