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
  /** Bytes that the kernel would not load as a filter. */
  | 'FILTER_PROGRAM_INVALID'
  /** A program does what cannot be told exactly for every call. */
  | 'FILTER_UNSUPPORTED'
  /** A filter that makes more distinctions than can be held. */
  | 'FILTER_TOO_COMPLEX'
  /** libseccomp did not end. */
  | 'FILTER_TIMEOUT'
  /** libseccomp is not installed. */
  | 'FILTER_COMPILER_MISSING';

export class FilterError extends SandboxError<FilterErrorCode> {}
