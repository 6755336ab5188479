/** What this room refuses to do. A damaged trail is no error but a verdict. */
import { SandboxError } from '../base/errors.js';

export type AuditCode =
  /** No run, or none of that name. */
  | 'AUDIT_NO_RUN'
  /** More than one run begins like that. */
  | 'AUDIT_AMBIGUOUS_RUN'
  /** A file of the state folder cannot be read. */
  | 'AUDIT_UNREADABLE'
  /** What was to be shown cannot be trusted from some line on. */
  | 'AUDIT_DAMAGED';

export class AuditError extends SandboxError<AuditCode> {}
