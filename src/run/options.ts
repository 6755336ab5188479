/**
 * Options of the command line that are more than a switch, read and checked.
 *
 * @see docker-run(1), whose spelling they follow
 */
import { RunError } from './errors.js';

const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const HOSTNAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/;
const LARGEST_ID = 0xffff_fffe;

/** `NAME=value` as it is; `NAME` with the caller's value, or not at all where the caller has none. */
export function readVariables(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return words.flatMap((word) => {
    const [name = ''] = word.split('=', 1);
    if (!ENVIRONMENT_NAME.test(name)) throw invalid('--env', word, 'NAME=value, or NAME to pass the caller’s value');
    if (word.includes('=')) return [word];
    const value = environment[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
}

/** `UID[:GID]`, numbers; the group is the user's number where it is not named. */
export function readUser(text: string): { readonly uid: number; readonly gid: number } {
  const [, user = '', group = user] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  const uid = Number(user);
  const gid = Number(group);
  if (user === '' || uid > LARGEST_ID || gid > LARGEST_ID) throw invalid('--user', text, 'UID or UID:GID, as numbers');
  return { uid, gid };
}

export function readHostname(text: string): string {
  if (!HOSTNAME.test(text)) throw invalid('--hostname', text, 'letters, digits, dots and hyphens, at most 63');
  return text;
}

export function readWorkingDirectory(text: string): string {
  if (!text.startsWith('/')) throw invalid('--workdir', text, 'an absolute path inside the image');
  return text;
}

function invalid(option: string, value: string, wanted: string): RunError {
  return new RunError('RUN_OPTION_INVALID', `${option} ${value}: not understood`, { hint: `write it as ${wanted}` });
}
