/** What doctor found, mechanism by mechanism. */
import type { HostFacts } from './facts.js';
import type { Settings } from './settings.js';

/** What one trial saw, before anything is concluded from it. */
export type Trial = {
  readonly name: string;
  readonly available: boolean;
  /** Completes "tried by". */
  readonly how: string;
  /** What was found, in a few words: a version, or the step that failed and its error. */
  readonly found: string;
  /** The name of the error, such as EPERM, where a call failed. */
  readonly error?: string | undefined;
  /** Nothing of the mechanism itself was tried, for there was no user namespace to try it in. */
  readonly withoutNamespace?: boolean;
};

/** `missing`: strict refuses to run. `relaxed`: it runs, with `without` as the price. */
export type Status = 'ok' | 'relaxed' | 'missing';

export type Mechanism = Omit<Trial, 'error' | 'withoutNamespace'> & {
  readonly status: Status;
  /** What is lost where it is not available. */
  readonly without: string | undefined;
  /** The exact way to get it. */
  readonly fix: string | undefined;
};

export type Diagnosis = {
  /** Whether profile strict runs here: with all it prefers, with less, or not. */
  readonly strict: 'full' | 'relaxed' | 'refused';
  readonly mechanisms: readonly Mechanism[];
  readonly facts: HostFacts;
  readonly settings: Settings;
};
