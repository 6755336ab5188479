/**
 * What every deliberate failure of this program looks like.
 *
 * `code` is the contract: tests and callers match on it, never on `message`.
 * Each room declares its own closed union of codes beside its own subclass.
 */
export type ErrorDetail = {
  /** What the reader can do about it, in one sentence. */
  readonly hint?: string | undefined;
  /** Why it is so, in one sentence, where `message` does not say it. */
  readonly why?: string | undefined;
  /** Further faults of the same input, each with its own place. */
  readonly faults?: readonly Fault[] | undefined;
  readonly cause?: unknown;
};

/** One fault of a file: where it stands, what is wrong there, what to do. */
export type Fault = {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly pointer: string;
  readonly message: string;
  readonly hint?: string | undefined;
};

export abstract class SandboxError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint: string | undefined;
  readonly why: string | undefined;
  readonly faults: readonly Fault[];

  constructor(code: Code, message: string, detail: ErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = detail.hint;
    this.why = detail.why;
    this.faults = detail.faults ?? [];
  }

  /** This error, whose reason says first of which of several inputs it is. */
  about(input: string): this {
    return Object.assign(this, { why: this.why === undefined ? input : `${input}; ${this.why}` });
  }
}
