/** What the kernel makes of the number that a program returns. */

const ACTION = 0xffff_0000;
const DATA = 0x0000_ffff;
const KILL_PROCESS = 0x8000_0000;
const ERRNO = 0x0005_0000;
/** Largest error number of the kernel: MAX_ERRNO. */
const MOST_ERRNO = 4095;
/** kill-thread, kill-process, notify, log, allow. */
const WITHOUT_DATA = new Set([0, KILL_PROCESS, 0x7fc0_0000, 0x7ffc_0000, 0x7fff_0000]);
/** trap and trace. */
const WITH_DATA = new Set([0x0003_0000, 0x7ff0_0000]);

/**
 * `returned` as the kernel takes it: without data that it ignores, an errno
 * cut to the largest, and what is no action at all as the kill that it is.
 *
 * @see __seccomp_filter() in kernel/seccomp.c
 */
export function effectOf(returned: number): number {
  const action = (returned & ACTION) >>> 0;
  if (WITHOUT_DATA.has(action)) return action;
  if (WITH_DATA.has(action)) return returned >>> 0;
  if (action === ERRNO) return ERRNO + Math.min(returned & DATA, MOST_ERRNO);
  return KILL_PROCESS;
}
