/** What work took of a processor, which a busy machine hardly changes. */
import { readFileSync } from 'node:fs';

/** A clock that has just been started: milliseconds of processor time of this process since then. */
export function startCpuClock(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}

/** The same of children that have ended and been waited for, and of theirs. */
export function startChildrenCpuClock(): () => number {
  const start = childrenMs();
  return () => childrenMs() - start;
}

/** USER_HZ, which is 100 on x86-64. */
const TICK_MS = 10;

/** The fields cutime and cstime. @see proc_pid_stat(5) */
function childrenMs(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}

/**
 * Whether work stays below `limitMs`: `tookMs`, or what it takes on one of two more tries. What shares the memory or
 * the core with it adds to its time, and nothing ever takes away from it.
 */
export async function isQuick(limitMs: number, tookMs: number, work: () => unknown): Promise<boolean> {
  let ms = tookMs;
  for (let tries = 0; ms >= limitMs && tries < 2; tries += 1) {
    const elapsedMs = startCpuClock();
    try {
      await work();
    } catch {
      // How it ends was looked at the first time.
    }
    ms = elapsedMs();
  }
  return ms < limitMs;
}
