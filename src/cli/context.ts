/** What a command may touch of the world: handed in at the top, so that commands stay testable. */
import type { Directories } from '../base/directories.js';

export type CliContext = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
  readonly workingDirectory: string;
  /** The command line after `sandbox`, as it was typed. */
  readonly words: readonly string[];
  readonly directories: Directories;
  readonly isTerminal: { readonly input: boolean; readonly output: boolean; readonly error: boolean };
  readonly stdout: (text: string | Uint8Array) => void;
  readonly stderr: (text: string) => void;
  /** The status that the process ends with; 0 unless a command sets it. */
  exitCode: number;
};
