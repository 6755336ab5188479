/**
 * Where the user's data lies: the XDG base directories, each with our name.
 *
 * @see XDG Base Directory Specification 0.8
 */
import { join } from 'node:path';

export type Directories = {
  /** Image store: blobs, unpacked layers. */
  readonly data: string;
  /** Trails and the chain of runs. */
  readonly state: string;
  /** What does not outlive a login: locks. */
  readonly runtime: string;
  /** The user's trust policy, keys and own policies. */
  readonly config: string;
};

/**
 * The four directories for this environment; none is created.
 * Relative values are ignored, as the specification demands.
 */
export function directoriesOf(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
  uid: number,
): Directories {
  const base = (name: string, otherwise: string): string => {
    const value = environment[name];
    return join(value?.startsWith('/') ? value : otherwise, 'sandbox');
  };
  return {
    data: base('XDG_DATA_HOME', join(home, '.local/share')),
    state: base('XDG_STATE_HOME', join(home, '.local/state')),
    config: base('XDG_CONFIG_HOME', join(home, '.config')),
    runtime: environment['XDG_RUNTIME_DIR']?.startsWith('/')
      ? join(environment['XDG_RUNTIME_DIR'], 'sandbox')
      : join('/tmp', `sandbox-runtime-${uid}`),
  };
}
