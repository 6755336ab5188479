/** One line on a terminal that says how far a long step is; nothing elsewhere. */
import type { Progress } from '../image/unpack.js';
import type { CliContext } from './context.js';

export type ProgressLine = { readonly show: (progress: Progress) => void; readonly clear: () => void };

const MEGABYTE = 1_000_000;
const INTERVAL_MS = 100;

/** Shows at most ten times a second, and only on a terminal. */
export function progressLine(context: CliContext): ProgressLine {
  let shownAt = 0;
  if (!context.isTerminal.error) return { show: () => undefined, clear: () => undefined };
  return {
    show({ layer, layers, bytesRead, bytes }) {
      const now = Date.now();
      if (now - shownAt < INTERVAL_MS) return;
      shownAt = now;
      const percent = bytes > 0 ? Math.min(100, Math.floor((100 * bytesRead) / bytes)) : 0;
      const megabytes = Math.floor(bytesRead / MEGABYTE);
      context.stderr(`\r\x1b[Ksandbox: unpacking layer ${layer} of ${layers}: ${megabytes} MB, ${percent} %`);
    },
    clear() {
      if (shownAt !== 0) context.stderr('\r\x1b[K');
    },
  };
}
