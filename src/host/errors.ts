/** What can go wrong while the host is measured or tried. */
import { SandboxError } from '../base/errors.js';

export type HostErrorCode =
  /** The own user id has no entry in the user database, or /proc is not as the kernel documents it. */
  | 'HOST_UNREADABLE'
  /** The program that tries the mechanisms is not built, or did not end as it should. */
  | 'HOST_DOCTOR_FAILED';

export class HostError extends SandboxError<HostErrorCode> {}
