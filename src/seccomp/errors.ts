import { SandboxError } from '../base/errors.js';

export type FilterErrorCode =
  /** No call of x86-64 has this name. */
  | 'FILTER_UNKNOWN_SYSCALL'
  /** A rule whose conditions exclude each other, or ask for what its type cannot hold. */
  | 'FILTER_NEVER_MATCHES'
  /** libseccomp refused a rule; `message` names it. */
  | 'FILTER_REFUSED'
  /** More instructions than the kernel takes. */
  | 'FILTER_TOO_LARGE'
  /** The compiled program does something else than the filter says. */
  | 'FILTER_DISAGREES'
  /** libseccomp did not end. */
  | 'FILTER_TIMEOUT'
  /** libseccomp is not installed. */
  | 'FILTER_COMPILER_MISSING';

export class FilterError extends SandboxError<FilterErrorCode> {}
