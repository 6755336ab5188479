/**
 * apparmor_parser: text → the kernel's form of a profile.
 *
 * It is run without privilege and loads nothing.
 *
 * @see apparmor_parser(8)
 */
import { spawnSync } from 'node:child_process';
import { ApparmorError } from './quote.js';

const LIMIT_MS = 120_000;
const MOST_BYTES = 512 * 1024;
const QUIETLY = ['--skip-kernel-load', '--skip-cache', '--skip-read-cache', '--stdout'];

/**
 * The kernel's form of `text`, for the features of the running kernel. `profileName`
 * stands in it once, so that another of the same length can be put in its place.
 *
 * @throws {ApparmorError} APPARMOR_PARSER_FAILED
 */
export function compileProfile(text: string, profileName: string, parser: string): Uint8Array {
  const { status, stdout, stderr, error } = spawnSync(parser, QUIETLY, {
    input: text,
    timeout: LIMIT_MS,
  });
  const program: Buffer = stdout ?? Buffer.alloc(0);
  const places = program.toString('latin1').split(`${profileName}\0`).length - 1;
  if (status === 0 && places === 1 && program.length <= MOST_BYTES) return new Uint8Array(program);
  const said = stderr?.toString().trim().split('\n').at(-1);
  throw new ApparmorError('APPARMOR_PARSER_FAILED', `${parser} did not compile profile ${profileName}`, {
    why: error?.message ?? (said || `it gave ${program.length} bytes in which the name stands ${places} times`),
    hint: 'try it by hand: sandbox policy compile POLICY --out DIR; apparmor_parser -QK DIR/apparmor.profile',
    cause: error,
  });
}
