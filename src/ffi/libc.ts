/** The few calls of the C library that Node does not offer. Nothing here waits or changes anything. */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const systemCall = libc.func('long syscall(long number, void *a, unsigned long b, unsigned int c)');
const getAttribute = libc.func('long getxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)');

const SYS_LANDLOCK_CREATE_RULESET = 444;
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const LARGEST_ATTRIBUTE = 65_536;

/** The Landlock ABI of the running kernel; 0 where it has none or it is switched off. @see landlock(7) */
export function landlockAbi(): number {
  const answer: unknown = systemCall(SYS_LANDLOCK_CREATE_RULESET, null, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return Math.max(0, Number(answer));
}

/** Whether the file at `path` carries the extended attribute `name`. @see getxattr(2) */
export function hasAttribute(path: string, name: string): boolean {
  const size: unknown = getAttribute(path, name, Buffer.alloc(LARGEST_ATTRIBUTE), LARGEST_ATTRIBUTE);
  return Number(size) >= 0;
}
