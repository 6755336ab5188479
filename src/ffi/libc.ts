/** The few calls of the C library that Node does not offer. Nothing here waits. */
import { once } from '../base/once.js';
import { koffi } from './koffi.js';

const SYS_LANDLOCK_CREATE_RULESET = 444;
const LANDLOCK_CREATE_RULESET_VERSION = 1;
const LARGEST_ATTRIBUTE = 65_536;
const O_CLOEXEC = 0o2_000_000;

const libc = once(() => {
  const lib = koffi().load('libc.so.6');
  return {
    systemCall: lib.func('long syscall(long number, void *a, unsigned long b, unsigned int c)'),
    getAttribute: lib.func('long getxattr(const char *path, const char *name, _Out_ uint8_t *value, size_t size)'),
    pipe: lib.func('int pipe2(_Out_ int *descriptors, int flags)'),
    memfdCreate: lib.func('int memfd_create(const char *name, unsigned int flags)'),
  };
});

/** The Landlock ABI of the running kernel; 0 where it has none or it is switched off. @see landlock(7) */
export function landlockAbi(): number {
  const answer: unknown = libc().systemCall(SYS_LANDLOCK_CREATE_RULESET, null, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return Math.max(0, Number(answer));
}

/** Whether the file at `path` carries the extended attribute `name`. @see getxattr(2) */
export function hasAttribute(path: string, name: string): boolean {
  const size: unknown = libc().getAttribute(path, name, Buffer.alloc(LARGEST_ATTRIBUTE), LARGEST_ATTRIBUTE);
  return Number(size) >= 0;
}

/** The new descriptor, or a negative errno value. @see memfd_create(2) */
export function memfdCreate(name: string, flags: number): number {
  const descriptor: unknown = libc().memfdCreate(name, flags);
  return descriptor === -1 ? -koffi().errno() : Number(descriptor);
}

export type Pipe = { readonly read: number; readonly write: number };

/** Both ends of a new pipe, which the programs that this one starts do not get; or a negative errno value. @see pipe(2) */
export function pipe(): Pipe | number {
  const descriptors = new Int32Array(2);
  const answer: unknown = libc().pipe(descriptors, O_CLOEXEC);
  const [read = -1, write = -1] = descriptors;
  return answer === 0 ? { read, write } : -koffi().errno();
}
