import { type ErrorDetail, type Fault, SandboxError } from '../base/errors.js';

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
  | 'FILTER_COMPILER_MISSING'
  /** There is no such file of an OCI seccomp block. */
  | 'FILTER_FILE_NOT_FOUND'
  /** It is no regular file, too large, or cannot be read. */
  | 'FILTER_FILE_UNREADABLE'
  /** It is not JSON text. */
  | 'FILTER_FILE_SYNTAX'
  /** It is JSON, and no OCI seccomp block; `faults` say where. */
  | 'FILTER_FILE_INVALID';

export class FilterError extends SandboxError<FilterErrorCode> {
  /** The system call whose rules are at fault, where that is known. */
  readonly call: string | undefined;

  constructor(
    code: FilterErrorCode,
    message: string,
    detail: ErrorDetail & { readonly call?: string | undefined } = {},
  ) {
    super(code, message, detail);
    this.call = detail.call;
  }
}

/** @throws {FilterError} `code`, with all of `faults` */
export function refuseFile(code: FilterErrorCode, file: string, faults: readonly Fault[]): never {
  const what = code === 'FILTER_FILE_SYNTAX' ? 'is not JSON' : 'is not an OCI seccomp block that can be compiled';
  throw new FilterError(code, `${file} ${what}: ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}`, {
    faults,
  });
}
