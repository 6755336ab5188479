/**
 * The profile of our own programs: the permission to make user namespaces,
 * which Ubuntu gives since 24.04 only to programs that have one.
 *
 * @see apparmor.d(5), "userns"; kernel.apparmor_restrict_unprivileged_userns
 */
import { PROGRAMS_PROFILE } from './profile.js';
import { escapePath } from './quote.js';

const PROGRAMS = ['launcher', 'unpack', 'doctor'];

/**
 * For the programs below `folder`. Where unconfined profiles are restricted as
 * well (Ubuntu 26.04), it is one that confines and allows everything.
 *
 * @throws {ApparmorError} APPARMOR_BAD_PATH
 */
export function programsProfile(folder: string, unconfinedIsRestricted: boolean): string {
  const attachment = `"${escapePath(folder)}/{${PROGRAMS.join(',')}}"`;
  const flags = unconfinedIsRestricted ? 'flags=(attach_disconnected)' : 'flags=(unconfined)';
  const rules = unconfinedIsRestricted ? ['allow all,', 'userns,'] : ['userns,'];
  const lines = rules.map((rule) => `  ${rule}\n`).join('');
  return `abi <abi/4.0>,\n\nprofile ${PROGRAMS_PROFILE} ${attachment} ${flags} {\n${lines}}\n`;
}
