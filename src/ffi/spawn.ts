/**
 * Starting a program by posix_spawn(3): without node:child_process, which takes longer to load than what it is
 * wanted for here, and without a copy of this process' page tables.
 */
import { once } from '../base/once.js';
import { koffi } from './koffi.js';

/** Room for what glibc keeps in posix_spawn_file_actions_t (80 bytes) and posix_spawnattr_t (336). */
const ACTIONS_BYTES = 256;
const ATTRIBUTES_BYTES = 1024;
const SIGNAL_SET_BYTES = 128;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;

const libc = once(() => {
  const lib = koffi().load('libc.so.6');
  return {
    actionsInit: lib.func('int posix_spawn_file_actions_init(uint8_t *actions)'),
    actionsDup: lib.func('int posix_spawn_file_actions_adddup2(uint8_t *actions, int from, int to)'),
    actionsDestroy: lib.func('int posix_spawn_file_actions_destroy(uint8_t *actions)'),
    attributesInit: lib.func('int posix_spawnattr_init(uint8_t *attributes)'),
    attributesFlags: lib.func('int posix_spawnattr_setflags(uint8_t *attributes, short flags)'),
    attributesDefault: lib.func('int posix_spawnattr_setsigdefault(uint8_t *attributes, const uint8_t *signals)'),
    attributesMask: lib.func('int posix_spawnattr_setsigmask(uint8_t *attributes, const uint8_t *signals)'),
    spawn: lib.func(
      'int posix_spawn(_Out_ int *pid, const char *path, const uint8_t *actions, const uint8_t *attributes, const char **words, const char **environment)',
    ),
    wait: lib.func('int waitpid(int pid, _Out_ int *status, int options)'),
  };
});

/**
 * Starts the program at `path` without arguments and without an environment, with `streams` as descriptors 0, 1
 * and 2 and with every signal as usual: Node ignores SIGPIPE.
 *
 * @returns the id of the process, which is to be given to awaitEnd(); or a negative errno value
 * @see posix_spawn(3)
 */
export function startProgram(path: string, streams: readonly [number, number, number]): number {
  const c = libc();
  const actions = Buffer.alloc(ACTIONS_BYTES);
  const failed: unknown = c.actionsInit(actions);
  if (failed !== 0) return -Number(failed);
  try {
    const pid = new Int32Array(1);
    const steps = [
      ...streams.map((from, to) => () => c.actionsDup(actions, from, to)),
      () => c.spawn(pid, path, actions, usualSignals(), [path, null], [null]),
    ];
    for (const step of steps) {
      const error: unknown = step();
      if (error !== 0) return -Number(error);
    }
    return pid[0] ?? 0;
  } finally {
    c.actionsDestroy(actions);
  }
}

/** Attributes that have nothing to be given back. */
const usualSignals = once(() => {
  const c = libc();
  const attributes = Buffer.alloc(ATTRIBUTES_BYTES);
  c.attributesInit(attributes);
  c.attributesDefault(attributes, Buffer.alloc(SIGNAL_SET_BYTES, 0xff));
  c.attributesMask(attributes, Buffer.alloc(SIGNAL_SET_BYTES));
  c.attributesFlags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  return attributes;
});

/** Waits for the end of a process that startProgram() started, and forgets it. @see waitpid(2) */
export function awaitEnd(pid: number): void {
  libc().wait(pid, new Int32Array(1), 0);
}
