/** One line on a terminal that says how far a long step is; nothing elsewhere. */
import type { CliContext } from './context.js';

export type Progress = { readonly doneBytes: number; readonly totalBytes: number; readonly what: string };
export type ProgressLine = { readonly show: (progress: Progress) => void; readonly clear: () => void };

const MEGABYTE = 1_000_000;
const INTERVAL_MS = 100;

/** Shows at most ten times a second, and only on a terminal. */
export function progressLine(context: CliContext): ProgressLine {
  let shownAt = 0;
  if (!context.isTerminal.error) return { show: () => undefined, clear: () => undefined };
  return {
    show({ doneBytes, totalBytes, what }) {
      const now = Date.now();
      if (now - shownAt < INTERVAL_MS) return;
      shownAt = now;
      const percent = totalBytes > 0 ? Math.min(100, Math.floor((100 * doneBytes) / totalBytes)) : 0;
      context.stderr(`\r\x1b[Ksandbox: ${what}: ${Math.floor(doneBytes / MEGABYTE)} MB, ${percent} %`);
    },
    clear() {
      if (shownAt !== 0) context.stderr('\r\x1b[K');
    },
  };
}
