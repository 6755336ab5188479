/** Paths as AppArmor patterns that match themselves alone. */
import { SandboxError } from '../base/errors.js';
import { faultOfPath } from '../base/path-rules.js';

export class ApparmorError extends SandboxError<
  | 'APPARMOR_BAD_PATH'
  | 'APPARMOR_BAD_NAME'
  | 'APPARMOR_BAD_CAPABILITY'
  | 'APPARMOR_PARSER_FAILED'
  | 'APPARMOR_NOT_ROOT' // only root changes what the kernel enforces
  | 'APPARMOR_NOT_ACTIVE'
  | 'APPARMOR_NO_PARSER'
  | 'APPARMOR_UNKNOWN_USER'
  | 'APPARMOR_IN_USE' // a process runs under a profile that is to be removed
  | 'APPARMOR_ACTION_FAILED'
> {}

/** What has a meaning in patterns, in variables or in quoted text. @see apparmor.d(5), "Globbing" */
const SPECIAL = /["\\*?[\]{}^,@$#()<>|!~]/g;

/**
 * `path` with everything special escaped, without the quotes around it.
 *
 * An image or a policy may have chosen the path: nothing in it may end the
 * quotes, the rule or the line.
 *
 * @throws {ApparmorError} APPARMOR_BAD_PATH
 */
export function escapePath(path: string): string {
  const fault = faultOfPath(path);
  if (fault !== undefined)
    throw new ApparmorError('APPARMOR_BAD_PATH', `no rule can name ${JSON.stringify(path)}: ${fault}`, {
      hint: 'write the absolute path as it is inside the sandbox',
    });
  return path.replace(SPECIAL, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
